// From a call to what waits for the tracker: when and where it was made, and what the journal may store of it.

import { attempts } from "./attempt.js";
import type { Clock } from "./clock.js";
import type { facadeGate } from "./facade-gate.js";
import { type IdentityCall, isPlain } from "./journal.js";
import { erase, read, write } from "./local-storage.js";
import { isMustSend } from "./must-send.js";
import { nounKey } from "./storage-keys.js";
import { teamOf } from "./team-id.js";
import type {
  BookingProperties,
  CapturedEvent,
  CaptureOptions,
  ConsentState,
  ResetOptions,
  TrackerOptions,
} from "./types.js";
import { uuidv7 } from "./uuid.js";
import { type WaitingCall, waitingCalls } from "./waiting-calls.js";

/**
 * The calls of a page whose tracker is not there. `page` names it, `want` is told of the teams that something happens for; what calls
 * are given are copies.
 */
export function facadeEvents(
  project: string,
  { beforeSend, bootstrap, holdUnknown, identity = "own", teamId }: TrackerOptions,
  clock: Clock,
  page: string,
  gate: ReturnType<typeof facadeGate>,
  consent: () => ConsentState,
  want: (team: string) => void,
) {
  const { distinctId, isIdentified } = bootstrap ?? {};
  const visitorKey = nounKey("identity", project);
  const attempt = attempts();
  const calls = waitingCalls(project, visitorText);
  /** What the page has said of its visitor. */
  const said: IdentityCall[] = distinctId && isIdentified ? [["identify", distinctId, ""]] : [];
  /** The team of the page, for events that name none; empty, where there is none. */
  let team = teamOf(teamId) ?? "";
  /** The visitor as this page has found it in storage, or made it; and what was made here. */
  let visitor = "";
  let made = "";

  /** The stored identity of the visitor: made and stored where there is none, so that whoever replays tells of the same person. */
  function visitorText(): string {
    visitor ||= read(visitorKey);
    if (!visitor) {
      const id = (!isIdentified && distinctId) || uuidv7(Date.now());
      // The tracker removes it again where the team turns out not to be tracked (`untracked`).
      visitor = made = JSON.stringify({ distinct_id: id, device_id: id, identified: false, untracked: true });
      write(visitorKey, made);
    }
    return visitor;
  }

  /**
   * Stores what waits; with `mustSend`, only what is must-send. Not before the visitor has agreed and has seen the page, nor where a
   * hook has yet to look for personal data, or posthog-js has yet to say who the visitor is.
   */
  function store(mustSend?: boolean): void {
    const hasHooks = [beforeSend ?? []].flat().length > 0;
    const isOpen = !hasHooks && holdUnknown !== "memory" && identity === "own" && !document.prerendering;
    if (isOpen && consent() === "granted") calls.store(mustSend);
  }

  /** Adds a call that is made now, and gives the uuid of its event. One of which must-send is unknown makes none. */
  function add(
    name: string,
    args: readonly unknown[],
    about?: Pick<WaitingCall, "team" | "mustSend" | "isCapture">,
    given = "",
  ) {
    const moment = clock();
    // A caller's own id; whether it is one, is seen by whoever makes the event.
    const uuid = given.length === 36 ? given : uuidv7(moment.ms);
    const viewport = [innerWidth, innerHeight] as const;
    calls.add({ ...moment, name, args, page, viewport, identity: [...said], uuid, ...about });
    if (about?.mustSend) store(true);
    return uuid;
  }

  return {
    calls,
    store,
    team: () => team,

    /** Captures an event by the method `name` of the tracker. */
    capture(name: string, args: readonly unknown[]): CapturedEvent | undefined {
      const isOwn = name !== "capture";
      const event = isOwn ? name.replace("trackBooking", "booking_").toLowerCase() : args[0];
      const [given, options] = (isOwn ? args : args.slice(1)) as [(BookingProperties | null)?, CaptureOptions?];
      const properties = Array.isArray(given) ? {} : { ...given };
      if (typeof event !== "string" || event.trim() === "") return calls.refuse("invalid");
      if (consent() === "denied") return calls.refuse("no_consent");
      const about = teamOf(properties.teamId) || team;
      if (gate.isTracked(about) === false) return calls.refuse("gate_shut");
      const begins = name === "trackBookingStarted";
      const own = isOwn ? [attempt.join(properties, performance.now(), begins)] : [event, properties, options];
      const mustSend = isMustSend(event) || options?.sendInstantly === true;
      const uuid = add(name, own, { team: about, mustSend, isCapture: true }, options?.uuid);
      want(about);
      return { uuid, event };
    },

    /** Makes a call that changes who the visitor is, or what is known of it. */
    change(name: string, args: readonly unknown[]): void {
      const [first] = args;
      if (consent() === "denied") return;
      const uuid = add(
        name,
        args,
        /^(identify|alias)$/.test(name) ? { team, mustSend: name === "identify" } : undefined,
      );
      if (name === "setTeam") {
        team = teamOf(first) ?? team;
        want(team);
      }
      if (name === "reset") {
        attempt.end();
        if ((first as ResetOptions | undefined)?.purge) calls.drop("purged");
      }
      if (/^(identify|reset)$/.test(name) && isPlain(JSON.stringify(first ?? ""))) said.push([name, first, uuid]);
    },

    /** Forgets the visitor that was made here, and removes it. */
    forget(): void {
      if (made && read(visitorKey) === made) erase(visitorKey);
      visitor = made = "";
    },
  };
}
