// Replays what other pages have left in the journal: makes the event of each entry, about whom and when it says, and stores it as
// a record. Whoever replays an entry makes the same event of it, so that PostHog counts it once.

import { isLegalDistinctId } from "./distinct-id.js";
import { type Person, personOf } from "./entry-events.js";
import type { Draft } from "./event.js";
import { ENTRY_AGE_MAX_MS, type FoundEntry, readEntries } from "./journal.js";
import { erase } from "./local-storage.js";
import { isMustSend } from "./must-send.js";
import type { Outbox } from "./outbox.js";
import { addressOf } from "./page-address.js";
import { recordKey } from "./record.js";
import type { Recorder } from "./recorder.js";
import * as storage from "./storage.js";
import type { BookingProperties, CaptureOptions } from "./types.js";
import { isUuid } from "./uuid.js";

/** The event that a call makes. */
type Made = Pick<Draft, "event" | "properties" | "options" | "person">;

/** The replay of one tracker. */
export class Replay {
  readonly #project: string;
  readonly #page: string;
  readonly #recorder: Recorder;
  readonly #outbox: Outbox;
  /** When attempts began, by their pages' `performance.now()`: an entry that began one may be replayed long before the last of it. */
  readonly #startsMs = new Map<string, number>();
  /** The uuids of entries that are replayed: where storage takes no record, they stay in it. */
  readonly #replayed = new Set<string>();

  /** `page` names this page, whose own entries are its facade's affair. */
  constructor(project: string, page: string, recorder: Recorder, outbox: Outbox) {
    this.#project = project;
    this.#page = page;
    this.#recorder = recorder;
    this.#outbox = outbox;
  }

  /** Replays every entry that is at least this old; has the engine ask again for younger ones. */
  run(ageMinMs: number): void {
    const entries = readEntries(this.#project).filter((entry) => this.#isDue(entry));
    for (const entry of entries) {
      if (entry.name === "trackBookingStarted") this.#startsMs.set(attemptOf(entry), entry.monotonicMs ?? 0);
    }
    const ages = entries.map(({ ms }) => Math.abs(Date.now() - ms));
    const youngerMs = ages.filter((ageMs) => ageMs < ageMinMs);
    if (youngerMs.length > 0) this.#outbox.replayIn(ageMinMs - Math.max(...youngerMs));
    const old = entries.filter((_, place) => (ages[place] ?? 0) >= ageMinMs);
    const settled = old.filter((entry) => this.#settle(this.#withElapsed(entry)));
    // The engine stores them behind the call that is going on. Where its module traps in that, or storage is full, they stay here.
    queueMicrotask(() => {
      for (const entry of settled) if (this.#isSafe(entry)) erase(entry.key);
    });
  }

  /** Whether nobody needs an entry any more: it was given up, or its record is stored. */
  #isSafe({ uuid, ms, sequence }: FoundEntry): boolean {
    const isReplayed = this.#replayed.has(uuid);
    return (
      this.#outbox.delivers && (!isReplayed || storage.get(recordKey(this.#project, ms, sequence, uuid)) !== undefined)
    );
  }

  /** An entry with the time since its attempt at a booking began, where the page has noted that too. */
  #withElapsed(entry: FoundEntry): FoundEntry {
    const startedMs = this.#startsMs.get(attemptOf(entry));
    if (!entry.monotonicMs || startedMs === undefined || entry.name === "trackBookingStarted") return entry;
    const elapsedMs = Math.round(entry.monotonicMs - startedMs);
    return { ...entry, args: [{ elapsedMs, ...(entry.args[0] as object) }, ...entry.args.slice(1)] };
  }

  /** Whether an entry is another page's, and not known to kill this version. */
  #isDue(entry: FoundEntry): boolean {
    return (
      entry.page !== this.#page &&
      !this.#replayed.has(entry.uuid) &&
      (entry.trapped !== __VERSION__ || isExpired(entry))
    );
  }

  /** Whether nobody needs the entry any more. */
  #settle(entry: FoundEntry): boolean {
    const made = isUuid(entry.uuid) ? eventOf(entry) : undefined;
    if (made && !isExpired(entry)) {
      const settled = this.#replay(entry, made);
      if (settled === "replayed") this.#replayed.add(entry.uuid);
      return settled !== "left";
    }
    if (isExpired(entry)) this.#outbox.giveUpReplayed(entry.trapped ? "quarantined" : "expired", entry.name);
    return true;
  }

  #replay(
    { ms, sequence, uuid, team, href, referrer, mustSend }: FoundEntry,
    made: Made,
  ): ReturnType<Recorder["replay"]> {
    const isUrgent = mustSend && !isMustSend(made.event);
    const options = { ...made.options, ...(isUrgent && { sendInstantly: true }) };
    return this.#recorder.replay({ ...made, options, ms, sequence, uuid, team, ...addressOf(href, referrer) });
  }
}

/** Names the attempt at a booking that an entry belongs to; empty, where it belongs to none. */
function attemptOf({ page, args: [given] }: FoundEntry): string {
  const { attemptId } = { ...(given as BookingProperties | null) };
  return attemptId ? `${page}:${attemptId}` : "";
}

const isExpired = ({ ms }: FoundEntry): boolean => Math.abs(Date.now() - ms) > ENTRY_AGE_MAX_MS;

/** What the call of an entry makes; nothing, where it makes no event. */
function eventOf(entry: FoundEntry): Made | undefined {
  const { name, args } = entry;
  const person = personOf(entry);
  const [first, second, third] = args as [unknown, unknown, unknown];
  const object = (value: unknown) => ({ ...(typeof value === "object" ? value : {}) }) as Record<string, unknown>;
  if (name.startsWith("trackBooking")) {
    const event = name.replace("trackBooking", "booking_").toLowerCase();
    return { event, properties: object(first), options: {}, person };
  }
  if (name === "capture" && typeof first === "string") {
    return { event: first, properties: object(second), options: object(third) as CaptureOptions, person };
  }
  if (name === "identify") return person && identifyEvent(person, first);
  if (name === "alias" && person && isLegalDistinctId(first) && first !== person.distinct_id) {
    const properties = { alias: first, distinct_id: isLegalDistinctId(second) ? second : person.distinct_id };
    return { event: "$create_alias", properties, options: {}, person };
  }
  return undefined;
}

/** What PostHog is told where a page names its visitor: nothing, where it knows that one. Two known people are never merged. */
function identifyEvent(person: Person, id: unknown): Made | undefined {
  if (!isLegalDistinctId(id) || person.identified || id === person.distinct_id) return undefined;
  const named = { ...person, distinct_id: id, identified: true };
  return { event: "$identify", properties: { $anon_distinct_id: person.distinct_id }, options: {}, person: named };
}
