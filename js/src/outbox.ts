// The outbox of a page: gives records to the engine, which stores and delivers them. Where the engine's module traps, a fresh instance
// goes on; until it is there, and after a second trap, records are kept in memory and in the journal.

import type { Consent } from "./consent.js";
import { DrainLock } from "./drain-lock.js";
import { type DropReason, noDrops } from "./drop-reasons.js";
import { Instance, type Instances, type Wreck } from "./instance.js";
import { ENTRIES_MAX, type Entry, storeEntry } from "./journal.js";
import { erase } from "./local-storage.js";
import * as mirror from "./mirror.js";
import type { Notices } from "./notices.js";
import type { CheckedOptions } from "./options.js";
import type { PageEvent } from "./page-events.js";
import { PageSide } from "./page-side.js";
import { Quarantine } from "./quarantine.js";
import { capturedMsOf, type NewRecord, recordPrefix } from "./record.js";
import * as storage from "./storage.js";
import { nounKey } from "./storage-keys.js";
import type { TeamGate } from "./team-gate.js";
import type { OutboxStats } from "./types.js";
import type { WaitingCounts } from "./waiting-calls.js";

/** A record, and what the journal says of its event. */
export interface Outgoing extends NewRecord {
  readonly entry: Entry;
}

/** At most so many records are kept where no instance takes them; the journal has room for some. */
const UNSAVED_MAX = ENTRIES_MAX;

/** Events that are nothing without texts which the journal does not store. */
const NEEDS_TEXTS = /^\$(create_alias|groupidentify)$/;

// A page gets one fresh instance after a trap, whichever of its trackers it is for: what traps twice would trap for ever.
let revived = false;

/** The outbox of one tracker. No method throws. */
export class Outbox {
  /** Is called to replay what other pages have left in the journal and is at least this old. */
  onReplay: (ageMinMs: number) => void = () => {};
  readonly #options: CheckedOptions;
  readonly #notices: Notices;
  readonly #consent: Consent;
  readonly #gate: TeamGate;
  readonly #instances: Instances;
  readonly #lock: DrainLock;
  readonly #quarantine: Quarantine;
  #side: PageSide;
  /** The instance that delivers; absent, while there is none after a trap. */
  #instance: Instance<Outgoing> | undefined;
  #isOpen = false;
  #isShutDown = false;
  /** Whether a fresh instance is about to come. */
  #isReviving = false;
  /** What no instance has taken. */
  readonly #unsaved = new Map<string, Outgoing>();
  /** The keys of entries in the journal, by those of their records. */
  readonly #journaled = new Map<string, string>();
  /** What became of events before they came here. */
  readonly #counts: WaitingCounts;
  #captured = 0;
  #adopted = 0;
  readonly #dropped = noDrops();

  constructor(
    options: CheckedOptions,
    consent: Consent,
    gate: TeamGate,
    notices: Notices,
    instances: Instances,
    counts: WaitingCounts,
  ) {
    this.#options = options;
    this.#consent = consent;
    this.#notices = notices;
    this.#gate = gate;
    this.#instances = instances;
    this.#counts = counts;
    this.#quarantine = new Quarantine(options.project);
    this.#lock = new DrainLock(nounKey("drain", options.project));
    this.#side = this.#makeSide();
    this.#instance = this.#makeInstance();
  }

  /** Whether there is an instance that delivers. */
  get delivers(): boolean {
    return this.#instance !== undefined;
  }

  /** Opens the stores: from here on records come and go. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#lock.live();
    // Made early, so that the first record need not wait for it.
    if (this.#gate.state(this.#gate.team) || this.#options.ungated === "track") void mirror.open();
    this.#start();
  }

  /** Stores an event before it returns; raw (not `isSealed`), where the page may still change who it is about. */
  capture(record: Outgoing, isSealed = true): void {
    const { key, event, body, team, open, mustSend } = record;
    if (!this.#instance) return this.#keep(record);
    this.#instance.store(record, (engine) => engine.capture(key, event, body, team, open, mustSend, isSealed));
  }

  /** Stores an event that another page had left in the journal. */
  replay(record: Outgoing): void {
    const { key, event, body, team, open, mustSend } = record;
    this.#instance?.store(record, (engine) => engine.replay(key, event, body, team, open, mustSend));
  }

  /** Counts an event of another page's journal that is given up. */
  giveUpReplayed(reason: DropReason, event: string): void {
    this.#adopted++;
    this.#drop(reason, event);
  }

  /** Has the journal looked into again, when an entry is old enough. */
  replayIn(waitMs: number): void {
    this.#instance?.enter((engine) => engine.lookAgain(waitMs));
  }

  /** Seals a raw record: now it is known who it is about. */
  seal(record: Outgoing): void {
    const { key, body } = record;
    if (this.#unsaved.has(key)) this.#unsaved.set(key, record);
    else this.#instance?.enter((engine) => engine.seal(key, body));
  }

  /** Counts an event that is captured and given up at once. */
  refuse(reason: DropReason, event: string): void {
    this.#captured++;
    this.#drop(reason, event);
  }

  /** Sends everything now. Is fulfilled when that has succeeded or failed; what failed stays stored. */
  async flush(): Promise<void> {
    const [hasAsked] = await Promise.all([this.#gate.askUnknown(), this.#send()]);
    if (hasAsked) await this.#send();
  }

  /** Sends everything for the last time. */
  async shutDown(): Promise<void> {
    await this.flush();
    this.#isShutDown = true;
    await this.#settles((engine) => engine.shutDown());
    this.#lock.leave();
  }

  /** Gives up what this page has waiting. */
  giveUp(): void {
    this.#instance?.enter((engine) => engine.purge());
    for (const record of this.#unsaved.values()) {
      this.#forget(record);
      this.#drop("purged", record.event);
    }
  }

  /** The same, and removes what any page has stored: with `everything` all but the consent. */
  purge(everything: boolean): void {
    this.giveUp();
    void storage.erase(this.#options.project, everything);
  }

  /** Something is known of a team, or nobody could say. */
  gateAnswered(team: string, open: boolean | undefined): void {
    if (this.#isOpen) this.#instance?.enter((engine) => engine.gateAnswered(team, open));
    if (open !== false) return;
    for (const record of this.#unsaved.values()) {
      if (record.team !== team) continue;
      this.#forget(record);
      this.#drop("gate_shut", record.event);
    }
  }

  /** With the last record of a team that is not tracked goes what else was stored for its sake; whether that was so. */
  removeTraces(): boolean {
    const { waiting, confirmed } = this.stats();
    // Another tab may have something waiting for a team that is tracked.
    if (waiting + confirmed > 0 || this.#hasRecords()) return false;
    for (const noun of ["sentinel", "reach"]) storage.remove(nounKey(noun, this.#options.project));
    void mirror.erase(() => false, false);
    return true;
  }

  /** Something happened to the page. */
  happened(event: PageEvent): void {
    this.#instance?.enter((engine) => engine[event]());
    if (event === "leaving" || event === "hidden") for (const record of this.#unsaved.values()) this.#note(record);
    if (event === "leaving") {
      this.#lock.leave();
      mirror.close();
    } else if (event !== "hidden") this.#lock.live();
  }

  /** What became of the events that have come here. */
  stats(): OutboxStats {
    const counted = this.#instance?.enter((engine) => engine.stats() as Omit<OutboxStats, "engine">);
    const none = {
      captured: 0,
      adopted: 0,
      confirmed: 0,
      waiting: 0,
      held: 0,
      settledElsewhere: 0,
      dropped: noDrops(),
    };
    const { dropped, ...stats } = counted ?? none;
    const sums: Record<string, number> = { ...this.#dropped };
    for (const [reason, count] of [...Object.entries(dropped), ...Object.entries(this.#counts.dropped)]) {
      sums[reason] = (sums[reason] ?? 0) + count;
    }
    const unsaved = this.#unsaved.size;
    return {
      ...stats,
      engine: this.#instance ? this.#instances.kind : "journal",
      captured: stats.captured + this.#captured + this.#counts.captured + unsaved,
      settledElsewhere: stats.settledElsewhere + this.#counts.settledElsewhere,
      adopted: stats.adopted + this.#adopted,
      waiting: stats.waiting + unsaved,
      dropped: sums as OutboxStats["dropped"],
    };
  }

  #drop(reason: DropReason, event: string): void {
    this.#dropped[reason]++;
    if (reason === "ungated") this.#notices.report("nothing_opens_the_gate");
    this.#notices.report(reason, event);
  }

  #makeSide(): PageSide {
    return new PageSide(this.#options, this.#consent, this.#gate, this.#lock, this.#notices, {
      enter: (run) => this.#instance?.enter(run),
      replay: (ageMinMs) => this.onReplay(ageMinMs),
    });
  }

  #makeInstance(): Instance<Outgoing> {
    const side = this.#side;
    const Engine = this.#instances.make();
    const { project, flushAt, flushInterval, maxRetries, requestTimeout } = this.#options;
    return new Instance(
      () => new Engine(project, flushAt, flushInterval, maxRetries, requestTimeout, side),
      ({ key }) => Boolean(storage.get(key)),
      (wreck) => this.#recover(wreck),
    );
  }

  #start(): void {
    this.#quarantine.tidy();
    const { uuids, untried } = this.#quarantine;
    this.#instance?.enter((engine) => engine.start(uuids));
    void this.#readMirror();
    // One at a time, each in a task of its own: whatever happens then has happened because of it.
    for (const uuid of untried) setTimeout(() => this.#retry(uuid));
  }

  #retry(uuid: string): void {
    if (!this.#instance || !this.#consent.isGranted) return;
    // Noted first, so that a page that dies of it does not try it again and again.
    this.#quarantine.add(uuid);
    this.#instance.enter((engine) => engine.retryQuarantined(uuid));
  }

  async #readMirror(): Promise<void> {
    // Reading would make it.
    if (!(await mirror.exists())) return;
    const { deniedMs } = this.#consent;
    // What was captured before a denial was denied, whoever could not remove it here then.
    const records = (await mirror.read()).filter(([key]) => capturedMsOf(key) > deniedMs);
    const keys = records.map(([key]) => key);
    const values = records.map(([, value]) => value);
    this.#instance?.enter((engine) => engine.mirrored(keys, values));
  }

  /** The instance has trapped: what it has not stored is kept, and a fresh one is made if this page has not had one yet. */
  #recover({ touched, unsaved }: Wreck<Outgoing>): void {
    this.#notices.debug("the module has trapped");
    this.#instance = undefined;
    this.#side.close();
    if (touched) this.#quarantine.add(touched.slice(-36));
    this.#isReviving = !revived;
    for (const record of unsaved) {
      const isPoison = record.key === touched;
      this.#keep(record, isPoison ? __VERSION__ : undefined);
    }
    if (revived) return;
    revived = true;
    // In a task of its own: this may run deep inside a call of the page.
    setTimeout(() => this.#revive());
  }

  #revive(): void {
    this.#isReviving = false;
    if (this.#isShutDown || !this.#consent.isGranted) return;
    try {
      this.#side = this.#makeSide();
      this.#instance = this.#makeInstance();
    } catch {
      return;
    }
    this.#start();
    for (const record of [...this.#unsaved.values()]) {
      if (record.entry.trapped) continue;
      this.#forget(record);
      this.capture(record);
    }
  }

  /** Keeps a record while no instance takes it: in the journal at once where it is must-send, or will not stay there for long. */
  #keep(record: Outgoing, trapped?: string): void {
    const kept = trapped ? { ...record, entry: { ...record.entry, trapped } } : record;
    if (this.#unsaved.size >= UNSAVED_MAX) this.#evict();
    this.#unsaved.set(record.key, kept);
    if (trapped || record.mustSend || this.#isReviving) this.#note(kept);
  }

  /** Gives up the oldest record that is not must-send, else the oldest. */
  #evict(): void {
    const all = [...this.#unsaved.values()];
    const evicted = all.find(({ mustSend }) => !mustSend) ?? all[0];
    if (!evicted) return;
    this.#forget(evicted);
    this.#drop("evicted", evicted.event);
  }

  #note({ key, event, entry }: Outgoing): void {
    const mayStore = this.#consent.isGranted && this.#options.beforeSend.length === 0 && !NEEDS_TEXTS.test(event);
    // What is marked like this is left alone by a facade that had an entry of the same name.
    const marked = { trapped: "", ...entry };
    const stored = mayStore && !this.#journaled.has(key) && storeEntry(this.#options.project, marked);
    if (stored) this.#journaled.set(key, stored);
  }

  #forget({ key }: Outgoing): void {
    this.#unsaved.delete(key);
    const entry = this.#journaled.get(key);
    if (entry) erase(entry);
    this.#journaled.delete(key);
  }

  #send(): Promise<void> {
    return this.#settles((engine) => engine.flush());
  }

  /** Enters the module; is fulfilled when it says that everything is settled. */
  async #settles(run: Parameters<Instance<Outgoing>["enter"]>[0]): Promise<void> {
    if (!this.#instance || !this.#isOpen) return;
    const settled = this.#side.whenSettled();
    this.#instance.enter(run);
    await settled;
  }

  /** Whether this page or another one has left something in storage. */
  #hasRecords(): boolean {
    return storage.keys().some((key) => key.startsWith(recordPrefix(this.#options.project)));
  }
}
