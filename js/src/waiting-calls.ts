// The calls of a page that no tracker has taken yet: kept in memory, and as entries of the journal where the page is left first.

import type { Moment } from "./clock.js";
import type { DropReason } from "./drop-reasons.js";
import { ENTRIES_MAX, type Entry, storeEntry } from "./journal.js";
import { erase, read } from "./local-storage.js";

/** A call that waits for the tracker. One without a time happens when it is done, as on a page that nobody sees yet. */
export interface WaitingCall extends Partial<Moment & Omit<Entry, "name" | "args" | "visitor">> {
  readonly name: string;
  readonly args: readonly unknown[];
  /** Whether it captures an event; `identify` may make one or not. */
  readonly isCapture?: boolean;
  /** The stored identity of the visitor, as its entry has it. */
  visitor?: string;
  /** The key of its entry; empty, where none is stored. */
  key?: string;
}

/** What has become of the events of a page that has no tracker. */
export interface WaitingCounts {
  captured: number;
  /** How many other pages have replayed. */
  settledElsewhere: number;
  readonly dropped: Partial<Record<DropReason, number>>;
}

/** The waiting calls of one page. */
export function waitingCalls(project: string, counts: WaitingCounts) {
  let calls: WaitingCall[] = [];

  /** How many events wait. */
  const waiting = () => calls.filter(({ isCapture }) => isCapture).length;

  function count(reason: DropReason): void {
    counts.dropped[reason] = (counts.dropped[reason] ?? 0) + 1;
  }

  /** Counts an event that is captured and given up at once. */
  function refuse(reason: DropReason): undefined {
    counts.captured++;
    count(reason);
  }

  /** Adds a call, unless too many wait. */
  function add(call: WaitingCall): unknown {
    if (calls.length >= ENTRIES_MAX) return call.isCapture && refuse("evicted");
    if (call.isCapture) counts.captured++;
    return calls.push(call);
  }

  /**
   * Stores what waits in the journal, unless its team is known not to be tracked; with `mustSend`, only what is must-send. `visitorOf`
   * gives the visitor's stored identity.
   */
  function store(visitorOf: () => string, isTracked: (team: string) => boolean | undefined, mustSend?: boolean): void {
    for (const call of calls) {
      if (call.key || call.mustSend === undefined || (mustSend && !call.mustSend)) continue;
      // What is stored names a team, if only an empty one.
      if (isTracked(call.team as string) === false) continue;
      call.visitor = visitorOf();
      call.key = storeEntry(project, call as Entry);
    }
  }

  /** Gives up the events of a team, or of all. Who the visitor is stays known here. */
  function drop(reason: DropReason, team?: string): void {
    calls = calls.filter((call) => {
      if (team !== undefined && call.team !== team) return true;
      if (call.isCapture) count(reason);
      if (call.key) erase(call.key);
      call.key = "";
      return !call.isCapture;
    });
  }

  /** Whether another page has replayed a call. */
  function isSettled({ key, isCapture }: WaitingCall): boolean {
    if (!key || read(key)) return false;
    if (isCapture) counts.settledElsewhere++;
    return true;
  }

  /** Has every call done by `run`, in their order, unless another page has replayed it. */
  function release(run: (call: WaitingCall) => void): void {
    for (const call of calls.splice(0)) {
      if (isSettled(call)) continue;
      // The tracker counts what it is given.
      if (call.isCapture) counts.captured--;
      run(call);
      if (call.key) erase(call.key);
    }
  }

  return [waiting, refuse, add, store, drop, release] as const;
}
