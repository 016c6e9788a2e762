// The recorder: makes a record of what a page captures, as soon as it may: with consent, through the gate, past the hooks.

import { visitorOf } from "./entry-events.js";
import { type Draft, eventOf, ownedProperties, textOf } from "./event.js";
import type { Entry } from "./journal.js";
import { isMustSend } from "./must-send.js";
import type { Notices } from "./notices.js";
import type { CheckedOptions } from "./options.js";
import type { Outbox, Outgoing } from "./outbox.js";
import type { People } from "./people.js";
import { jsonCopy } from "./properties.js";
import { recordKey } from "./record.js";
import { HOLD_MAX_MS, type TeamGate } from "./team-gate.js";
import type { CapturedEvent, OutgoingEvent } from "./types.js";

/** How many events are held in memory at most while nobody knows their team, where the page wants none of them stored. */
const GATE_HELD_MAX = 200;

/** How many events of ours wait for the first one that names a team. */
const TEAMLESS_MAX = 20;

interface Composed {
  readonly draft: Draft;
  readonly event: OutgoingEvent;
}

/** The recorder of one tracker. */
export class Recorder {
  readonly #options: CheckedOptions;
  readonly #notices: Notices;
  readonly #gate: TeamGate;
  readonly #people: People;
  readonly #outbox: Outbox;
  /** Names this page in entries of the journal. */
  readonly #page: string;
  /** Events about the visitor that no team was named for yet. */
  #teamless: Composed[] = [];
  /** Events of which nobody knows whether their team is tracked, where the page stores none of these. */
  #held: (Composed & { readonly team: string | undefined })[] = [];
  /** Stored events of which it is still open who they are about. */
  #raw: (Composed & { record: Outgoing })[] = [];
  /** Whether a hook of the page is running. */
  isHooking = false;

  constructor(options: CheckedOptions, notices: Notices, gate: TeamGate, people: People, outbox: Outbox, page: string) {
    this.#page = page;
    this.#options = options;
    this.#notices = notices;
    this.#gate = gate;
    this.#people = people;
    this.#outbox = outbox;
  }

  /** How many events are held here. */
  get waiting(): number {
    return this.#teamless.length + this.#held.length;
  }

  /** Records an event; `undefined`, where it is dropped. One `ofOurs` waits for a team, where the page has named none yet. */
  record(draft: Draft, ofOurs = false): CapturedEvent | undefined {
    const admitted = this.#gate.admit(draft.team);
    if (admitted === "ungated" && ofOurs && this.#gate.asksForTeams && this.#teamless.length < TEAMLESS_MAX) {
      const composed = this.#compose(draft);
      if (composed) this.#teamless.push(composed);
      return composed && captured(composed);
    }
    if (typeof admitted === "string") return this.#drop(admitted, draft.event);
    const { team } = admitted;
    const open = this.#gate.state(team);
    const isHeld = this.#options.holdUnknown === "memory" && open === undefined;
    if (!isHeld) this.#people.keep(open === true);
    const take = (composed: Composed) => (isHeld ? this.#hold(composed, team) : this.#store(composed, team, open));
    for (const composed of this.#teamless.splice(0)) take(composed);
    const composed = this.#compose(draft);
    if (composed) take(composed);
    return composed && captured(composed);
  }

  /** Settles an event that another page had left in the journal; "left", where only a page can that is able to ask about its team. */
  replay(draft: Draft): "replayed" | "given_up" | "left" {
    const admitted = this.#gate.admit(draft.team);
    if (admitted === "ungated" && draft.team) return "left";
    if (typeof admitted === "string") {
      this.#outbox.giveUpReplayed(admitted, draft.event);
      return "given_up";
    }
    const composed = this.#compose(draft, true);
    if (!composed) return "given_up";
    this.#outbox.replay(this.#recordOf(composed, admitted.team, this.#gate.state(admitted.team)));
    return "replayed";
  }

  /** Something is known of a team, or nobody could say: what it holds here is stored, given up, or held on. */
  gateAnswered(team: string, open: boolean | undefined): void {
    const held = this.#held.splice(0);
    if (open && held.some((event) => event.team === team)) this.#people.keep(true);
    for (const event of held) {
      const isLate = Date.now() - event.draft.ms > HOLD_MAX_MS;
      if (event.team !== team || (open === undefined && !isLate)) this.#held.push(event);
      else if (open) this.#store(event, team, open);
      else this.#drop(open === false ? "gate_shut" : "gate_unknown", event.event.event);
    }
  }

  /** Whether what is known of the visitor may be stored before there is an event: its team is known to be tracked. */
  mayKeep(team: string): boolean {
    const admitted = this.#gate.admit(team);
    return typeof admitted !== "string" && this.#gate.state(admitted.team) === true;
  }

  /** What was stored before is sealed: about whom posthog-js says, if it has come (`found`), else about whom it was. */
  seal(found: boolean): void {
    const about = <Held extends Composed>(held: Held): Held => (found ? { ...held, event: this.#about(held) } : held);
    this.#teamless = this.#teamless.map(about);
    this.#held = this.#held.map(about);
    for (const raw of this.#raw.splice(0)) this.#outbox.seal({ ...raw.record, body: textOf(about(raw).event) });
  }

  /** The event, about who posthog-js says. */
  #about({ draft, event }: Composed): OutgoingEvent {
    const who = this.#people.who(draft);
    // What a hook has taken out stays out.
    const groups = this.#options.beforeSend.length > 0 ? {} : this.#people.shared.who()?.groups;
    const { $groups = groups } = event.properties;
    const properties = {
      ...event.properties,
      $groups: groups && { ...groups, ...($groups as object) },
      ...ownedProperties(this.#options.apiKey, who),
    };
    return { ...event, distinct_id: who.distinctId, properties };
  }

  /** Forgets what is held. */
  purge(): void {
    const held = [...this.#teamless.splice(0), ...this.#held.splice(0)];
    for (const { event } of held) this.#drop("purged", event.event);
    this.#raw = [];
  }

  #hold(composed: Composed, team: string | undefined): void {
    this.#held.push({ ...composed, team });
    if (this.#held.length <= GATE_HELD_MAX) return;
    const place = this.#held.findIndex(({ event }) => !isMustSend(event.event));
    for (const { event } of this.#held.splice(Math.max(place, 0), 1)) this.#drop("evicted", event.event);
  }

  #compose(draft: Draft, isReplayed = false): Composed | undefined {
    const { shared, registered, session, flags } = this.#people;
    if (isMustSend(draft.event) || draft.options.sendInstantly) shared.settle();
    // What is known of the visitor is nothing of somebody else's event.
    const isPresent = this.#people.isPresent(draft.person);
    // An entry of another page does not say how the visitor has come to this one.
    if (isPresent && !isReplayed) this.#people.arrive(draft);
    const who = this.#people.who(draft);
    const known = isPresent ? { ...flags.properties, ...registered.properties, ...session.properties } : {};
    const event = eventOf(draft, who, known, this.#options.apiKey);
    const initial =
      isPresent && who.hasProfile && !draft.isMinimal && this.#people.initialProperties(draft.event, draft);
    if (initial) event.$set_once = { ...initial, ...event.$set_once };
    const hooked = this.#hook(event, ownedProperties(this.#options.apiKey, who));
    return hooked && { draft, event: hooked };
  }

  /** Passes an event through the page's hooks. What goes wrong in one, or what one does not want, is not sent. */
  #hook(event: OutgoingEvent, owned: Record<string, unknown>): OutgoingEvent | undefined {
    let result = event;
    for (const hook of this.#options.beforeSend) {
      this.isHooking = true;
      try {
        // A copy, so that what identifies the event, and what the page has passed, are not the hook's to change.
        const returned = hook(copyOf(result));
        if (!returned) return this.#drop("before_send", event.event);
        const { event: name, properties, $set, $set_once } = returned;
        if (typeof name !== "string" || name.trim() === "") throw new TypeError("what it gives back is no event");
        result = copyOf({ ...result, event: name, properties: { ...properties, ...owned }, $set, $set_once });
      } catch (error) {
        this.#notices.warn(`beforeSend: ${error}; the event ${event.event} is dropped`);
        return this.#drop("before_send", event.event);
      } finally {
        this.isHooking = false;
      }
    }
    return result;
  }

  #store(composed: Composed, team: string | undefined, open: boolean | undefined): void {
    const record = this.#recordOf(composed, team, open);
    const isRaw = this.#people.shared.isPending;
    if (isRaw) this.#raw.push({ ...composed, record });
    this.#outbox.capture(record, !isRaw);
  }

  #recordOf({ draft, event }: Composed, team: string | undefined, open: boolean | undefined): Outgoing {
    const { ms, sequence, options, url, referrer } = draft;
    const mustSend = isMustSend(event.event) || options.sendInstantly === true;
    const { uuid, properties, timestamp } = event;
    const entry: Entry = {
      ...{ ms, sequence, uuid, mustSend, href: url, referrer },
      name: "capture",
      args: [event.event, properties, { timestamp }],
      page: this.#page,
      team: team ?? "",
      visitor: visitorOf(event),
      identity: [],
    };
    const key = recordKey(this.#options.project, ms, sequence, uuid);
    return { key, event: event.event, body: textOf(event), team, open, mustSend, entry };
  }

  #drop(reason: Parameters<Outbox["refuse"]>[0], event: string): undefined {
    this.#outbox.refuse(reason, event);
  }
}

const captured = ({ event: { uuid, event } }: Composed): CapturedEvent => ({ uuid, event });

/** A copy that has nothing in common with the event, and nothing in it that JSON cannot hold. */
const copyOf = ({ properties, $set, $set_once, ...rest }: OutgoingEvent): OutgoingEvent => ({
  ...rest,
  properties: jsonCopy(properties),
  ...($set && { $set: jsonCopy($set) }),
  ...($set_once && { $set_once: jsonCopy($set_once) }),
});
