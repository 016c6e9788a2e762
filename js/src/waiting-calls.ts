// The calls of a page that no tracker has taken yet: kept in memory, and as entries of the journal where the page is left first.

import type { DropReason } from "../engine/engine.js";
import { ENTRIES_MAX, type Entry, storeEntry } from "./journal.js";
import { erase, read } from "./local-storage.js";
import { nounKey } from "./storage-keys.js";

/** At most so many other calls wait. */
const OTHERS_MAX = 1_000;

/** A call that waits for the tracker. One without a time happens when it is done, as on a page that nobody sees yet. */
export interface WaitingCall extends Partial<Omit<Entry, "name" | "args" | "visitor" | "mustSend">> {
  readonly name: string;
  readonly args: readonly unknown[];
  /** Whether it captures an event; `identify` may make one or not. */
  readonly isCapture?: boolean;
  /** Whether it goes at once; absent, where the journal stores nothing of it. */
  mustSend?: boolean | undefined;
  /** The stored identity of the visitor, as its entry has it. */
  visitor?: string;
  /** The key of its entry; empty, where none is stored. An event with an entry is about who the entry says. */
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

  /** Adds a call, unless too many wait; whether it does. Must-send events have more room than others. */
  function add(call: WaitingCall): boolean {
    const { isCapture } = call;
    if (isCapture) counts.captured++;
    const isFull = isCapture ? waiting() >= (call.mustSend ? 2 : 1) * ENTRIES_MAX : calls.length > OTHERS_MAX;
    if (isFull && isCapture) count("evicted");
    if (!isFull) calls.push(call);
    return !isFull;
  }

  /**
   * Stores what waits in the journal, unless its team is known not to be tracked; with `mustSend`, only what is must-send. `visitorOf`
   * gives the visitor's stored identity.
   */
  function store(visitorOf: () => string, isTracked: (team: string) => boolean | undefined, mustSend?: boolean): void {
    for (const call of calls) {
      if (call.key || call.mustSend === undefined || (mustSend && !call.mustSend)) continue;
      if (isTracked(call.team ?? "") === false) continue;
      call.visitor = visitorOf();
      call.key = storeEntry(project, call as Entry);
    }
  }

  /** Gives up the events of a team, or of all. Other calls are still made, but the journal stores nothing of them any more. */
  function drop(reason: DropReason, team?: string): void {
    calls = calls.filter((call) => {
      if (team !== undefined && call.team !== team) return true;
      if (call.isCapture) count(reason);
      if (call.key) erase(call.key);
      call.key = "";
      call.mustSend = undefined;
      return !call.isCapture;
    });
  }

  /**
   * Has every call done by `run`, in their order, and what is called meanwhile behind them. An event that is stored no more was
   * replayed by another page; where the visitor is gone from storage too, somebody has cleared it.
   */
  function release(run: (call: WaitingCall) => void): void {
    const isSettled = ({ key, isCapture }: WaitingCall) => isCapture && key && !read(key);
    const settled = read(nounKey("identity", project)) ? calls.filter(isSettled) : [];
    for (let call = calls.shift(); call; call = calls.shift()) {
      if (settled.includes(call)) {
        counts.settledElsewhere++;
        continue;
      }
      // The tracker counts what it is given.
      if (call.isCapture) counts.captured--;
      run(call);
      // A trap has left it there for another version.
      if (call.key && !read(call.key).includes('"trapped"')) erase(call.key);
    }
  }

  return [waiting, refuse, add, store, drop, release] as const;
}
