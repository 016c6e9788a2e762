// The outbox of a page: takes records and has them delivered, by the keel until the engine is there and by the engine from
// then on. Starts engines, and goes on without them.

import type { Consent } from "./consent.js";
import { DrainLock } from "./drain-lock.js";
import { Engine, type Wreck } from "./engine.js";
import { Keel } from "./keel.js";
import { isHopeless, loadModule } from "./load.js";
import * as mirror from "./mirror.js";
import { ALL_REASONS, type NoticeCode, type Notices } from "./notices.js";
import type { CheckedOptions } from "./options.js";
import type { PageEvent } from "./page-events.js";
import { Quarantine } from "./quarantine.js";
import { type NewRecord, nounKey, recordPrefix } from "./record.js";
import { erase, keys, remove } from "./storage.js";
import type { TeamGate } from "./team-gate.js";
import type { OutboxStats } from "./types.js";
import { wasmUrl } from "./wasm-url.js";

/** How often a module that does not arrive is asked for before `ready` stops waiting for it. */
const LOAD_TRIES = 5;

// A page gets one fresh engine after a trap: what traps twice would trap for ever.
let revived = false;

/** The outbox of one tracker. No method throws. */
export class Outbox {
  readonly #options: CheckedOptions;
  readonly #notices: Notices;
  readonly #consent: Consent;
  readonly #gate: TeamGate;
  readonly #keel: Keel;
  readonly #lock: DrainLock;
  readonly #quarantine: Quarantine;
  #engine: Engine | undefined;
  #becomeReady: () => void = () => {};
  readonly #ready: Promise<void>;
  #isOpen = false;
  /** Whether there is something for an engine to do. */
  #isWanted = false;
  #isShutDown = false;
  #loadTries = 0;
  #hopeless = false;
  #left = false;
  #loading = false;
  /** Whether the engine may take over: not before it is known who the records are about. */
  #isSealed = true;

  constructor(options: CheckedOptions, consent: Consent, gate: TeamGate, notices: Notices) {
    this.#options = options;
    this.#consent = consent;
    this.#notices = notices;
    this.#gate = gate;
    this.#keel = new Keel(options, consent, gate, notices);
    this.#quarantine = new Quarantine(options.project);
    this.#lock = new DrainLock(nounKey("drain", options.project));
    this.#ready = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
  }

  /** Is fulfilled when the engine runs, or when it is known that the page has to do without. Never rejects. */
  get ready(): Promise<void> {
    this.#want();
    return this.#ready;
  }

  /**
   * Opens the stores; `isSealed`, unless the engine has to wait for {@link allSealed}. The engine is loaded as soon as there
   * may be something for it to do, so never by a page that nobody tracks.
   */
  open(isSealed: boolean): void {
    this.#isSealed = isSealed;
    this.#isOpen = true;
    this.#lock.live();
    if (this.#gate.state(this.#gate.team) || this.#options.ungated === "track") {
      // Made early, so that the first record need not wait for it.
      void mirror.open();
      this.#isWanted = true;
    }
    this.#isWanted ||= this.#hasRecords();
    this.#proceed();
    if (!this.#isWanted) void this.#mirrored().then((records) => records.length > 0 && this.#want());
  }

  /** Nothing is delivered on this page: whoever waits for the engine waits for nothing. */
  stayClosed(): void {
    this.#becomeReady();
  }

  /** Stores an event before it returns; as a raw one, where the page may still change who it is about. */
  capture(record: NewRecord, stage: "sealed" | "raw" = "sealed"): void {
    if (this.#engine) return this.#engine.capture(record);
    this.#keel.capture(record, stage);
    // While the first answer about its team is on its way, an engine may turn out to be of no use.
    if (record.team === undefined || record.open || !this.#gate.isAsking(record.team)) this.#want();
  }

  /** Seals a raw record. */
  seal(record: NewRecord): void {
    this.#keel.seal(record);
  }

  /** There are no raw records any more. */
  allSealed(): void {
    this.#isSealed = true;
    this.#proceed();
  }

  /** Counts an event that is captured and given up at once. */
  refuse(reason: NoticeCode, event: string): void {
    this.#keel.captured++;
    this.#keel.drop(reason, event);
  }

  /** Sends everything now. Is fulfilled when that has succeeded or failed; what failed stays stored. */
  async flush(): Promise<void> {
    const [hasAsked] = await Promise.all([this.#gate.askUnknown(), this.#send()]);
    if (hasAsked) await this.#send();
  }

  /** Sends everything for the last time. */
  async shutDown(): Promise<void> {
    await this.flush();
    if (this.#isWanted) await this.#ready;
    this.#isShutDown = true;
    await this.#engine?.shutDown();
    this.#keel.rest();
    this.#lock.leave();
  }

  /** Gives up what this page has waiting. */
  giveUp(): void {
    this.#engine?.purge();
    this.#keel.purge();
  }

  /** The same, and removes what any page has stored: with `everything` all but the consent. */
  purge(everything: boolean): void {
    this.giveUp();
    void erase(this.#options.project, everything);
  }

  /** Something is known of a team, or nobody could say. */
  gateAnswered(team: string, open: boolean | undefined): void {
    if (this.#engine) this.#engine.gateAnswered(team, open);
    else this.#keel.gateAnswered(open);
    if (open || (open === undefined && this.#keel.waiting > 0)) this.#want();
  }

  /** With the last record of a team that is not tracked goes what else was stored for its sake; whether that was so. */
  removeTraces(): boolean {
    const { waiting, confirmed } = this.stats();
    // Another tab may have something waiting for a team that is tracked.
    if (waiting + confirmed > 0 || this.#hasRecords()) return false;
    for (const noun of ["sentinel", "reach"]) remove(nounKey(noun, this.#options.project));
    void mirror.erase(() => false, false);
    return true;
  }

  /** Something happened to the page. */
  happened(event: PageEvent): void {
    this.#left = event === "leaving" || (this.#left && event !== "returned");
    (this.#engine ?? this.#keel).happened(event);
    if (event === "leaving") {
      this.#lock.leave();
      mirror.close();
    } else if (event !== "hidden") {
      this.#lock.live();
      this.#isWanted ||= this.#hasRecords();
      void this.#load();
    }
  }

  /** What became of the events that have come here. */
  stats(): OutboxStats {
    const keel = this.#keel;
    const zero = Object.fromEntries(ALL_REASONS.map((code) => [code, 0])) as OutboxStats["dropped"];
    const { dropped: counts = {}, ...stats } = this.#engine?.stats() ?? {
      engine: "keel" as const,
      captured: 0,
      adopted: 0,
      confirmed: 0,
      waiting: keel.waiting,
      held: keel.delivery.held,
      settledElsewhere: 0,
    };
    const dropped: Record<string, number> = { ...zero, ...counts };
    for (const [reason, count = 0] of Object.entries(keel.dropped)) dropped[reason] = (dropped[reason] ?? 0) + count;
    return {
      ...stats,
      // The engine counts what the keel has handed over as captured.
      captured: stats.captured + keel.captured - keel.handed,
      adopted: stats.adopted + keel.adopted,
      confirmed: stats.confirmed + keel.delivery.confirmed,
      settledElsewhere: stats.settledElsewhere + keel.delivery.settledElsewhere,
      dropped: dropped as OutboxStats["dropped"],
    };
  }

  async #send(): Promise<void> {
    if (this.#isWanted) await this.#ready;
    await (this.#engine ?? this.#keel).flush();
  }

  /** There is something for an engine to do. */
  #want(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#proceed();
  }

  /** Whether this page or another one has left something in storage. */
  #hasRecords(): boolean {
    return keys().some((key) => key.startsWith(recordPrefix(this.#options.project)));
  }

  /** Whether this page delivers now. */
  #mayStart(): boolean {
    return this.#isWanted && this.#consent.isGranted && !this.#isShutDown;
  }

  #proceed(): void {
    if (!this.#isOpen || !this.#isWanted) return;
    if (this.#isSealed && (this.#hopeless || this.#isShutDown)) this.#goAlone();
    else void this.#load();
  }

  async #load(): Promise<void> {
    if (this.#engine || this.#hopeless || this.#loading || !this.#mayStart()) return;
    this.#loading = true;
    try {
      this.#startEngine(await loadModule(wasmUrl()));
    } catch (error) {
      this.#notices.debug(`the engine did not load: ${error}`);
      this.#loadTries++;
      this.#hopeless = isHopeless(error) || this.#loadTries >= LOAD_TRIES;
      if (!this.#hopeless) setTimeout(() => this.#load(), 500 * 2 ** this.#loadTries);
      else if (this.#isSealed) this.#goAlone();
    } finally {
      this.#loading = false;
    }
  }

  #startEngine(module: WebAssembly.Module): void {
    // A page that is being left has sent everything by its keel; an engine would send it once more.
    if (this.#engine || this.#left || !this.#isSealed || !this.#mayStart()) return;
    const quarantined = this.#quarantine.list();
    let trapped = false;
    const handover = { ...this.#keel.handOver(), quarantined: quarantined.join("\n") };
    const engine = new Engine(
      module,
      this.#options,
      this.#consent,
      this.#gate,
      this.#lock,
      this.#notices,
      handover,
      (wreck) => {
        trapped = true;
        this.#engine = undefined;
        this.#recover(module, wreck);
      },
    );
    if (trapped) return;
    this.#engine = engine;
    this.#becomeReady();
    void this.#mirrored().then((records) => this.#engine?.mirrored(records));
    if (quarantined.length > 0) void this.#keel.sendQuarantined(quarantined).then(() => this.#quarantine.tidy());
  }

  /** The engine has trapped: back to the keel, and on with a fresh engine if this page has not had one yet. */
  #recover(module: WebAssembly.Module, { poisoned, unsaved }: Wreck): void {
    this.#notices.debug("the engine has stopped");
    this.#quarantine.add(poisoned);
    for (const record of unsaved) this.#keel.capture(record);
    // A fresh instance is started from a task of its own: this may run deep inside a call of the page.
    setTimeout(() => {
      this.#hopeless = revived;
      if (revived) return this.#goAlone();
      revived = true;
      this.#startEngine(module);
    });
  }

  #goAlone(): void {
    this.#becomeReady();
    if (!this.#mayStart()) return;
    this.#keel.goAlone();
    void this.#mirrored().then((records) => this.#keel.unite(records));
  }

  async #mirrored(): Promise<[key: string, value: string][]> {
    // Reading would make it.
    if (!(await mirror.exists())) return [];
    return mirror.read();
  }
}
