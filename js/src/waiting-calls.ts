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

/** The waiting calls of one page. `visitorOf` gives the stored identity of the visitor. */
export function waitingCalls(project: string, visitorOf: () => string) {
  const counts: WaitingCounts = { captured: 0, settledElsewhere: 0, dropped: {} };
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

  return {
    counts,
    waiting,
    refuse,

    /** Adds a call, unless too many wait. */
    add(call: WaitingCall): void {
      const events = waiting();
      const isFull = (call.isCapture ? events : calls.length - events) >= ENTRIES_MAX;
      if (isFull && call.isCapture) return refuse("evicted");
      if (isFull) return;
      if (call.isCapture) counts.captured++;
      calls.push(call);
    },

    /** Stores what waits in the journal; with `mustSend`, only what is must-send. */
    store(mustSend?: boolean): void {
      for (const call of calls) {
        if (call.key || call.mustSend === undefined || (mustSend && !call.mustSend)) continue;
        call.visitor = visitorOf();
        call.key = storeEntry(project, call as Entry);
      }
    },

    /** Gives up the events of a team, or of all. */
    drop(reason: DropReason, team?: string): void {
      calls = calls.filter((call) => {
        if (!call.isCapture || (team !== undefined && call.team !== team)) return true;
        count(reason);
        if (call.key) erase(call.key);
        return false;
      });
    },

    /** Has every call done by `run`, in their order. A call that is stored and was replayed by another page is settled. */
    release(run: (call: WaitingCall) => void): void {
      for (const call of calls.splice(0)) {
        const isSettled = call.key && !read(call.key);
        // The tracker counts what it is given.
        if (call.isCapture) counts[isSettled ? "settledElsewhere" : "captured"] += isSettled ? 1 : -1;
        if (isSettled) continue;
        run(call);
        if (call.key) erase(call.key);
      }
    },
  };
}
