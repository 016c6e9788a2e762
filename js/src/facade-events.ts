// From a call to what waits for the tracker: when and where it was made, and what the journal may store of it.

import { attempts } from "./attempt.js";
import type { Clock } from "./clock.js";
import { type IdentityCall, isPlain } from "./journal.js";
import { isMustSend } from "./must-send.js";
import { teamOf } from "./team-id.js";
import type { BookingProperties, CapturedEvent, CaptureOptions, TrackerOptions } from "./types.js";
import { uuidv7 } from "./uuid.js";
import type { WaitingCall } from "./waiting-calls.js";

/**
 * The calls of a page whose tracker is not there: capturing an event by the method `name` of the tracker, changing who the visitor is or
 * what is known of it, and the page's team. What they are given are copies; each is added to what waits by `add`. `page` names the
 * page.
 */
export function facadeEvents(
  { bootstrap, teamId }: TrackerOptions,
  clock: Clock,
  page: string,
  add: (call: WaitingCall) => void,
) {
  const { distinctId, isIdentified } = bootstrap ?? {};
  const [joinAttempt, endAttempt] = attempts();
  /** What the page has said of its visitor. */
  const said: IdentityCall[] = distinctId && isIdentified ? [["identify", distinctId, ""]] : [];
  let viewport: WaitingCall["viewport"];
  /** The team of the page, for events that name none; empty, where there is none. */
  let pageTeam = teamOf(teamId) ?? "";

  const teamNow = (): string => pageTeam;

  /** Adds a call that is made now, and gives the uuid of its event. A caller's own id is checked by whoever makes the event. */
  function make(name: string, args: readonly unknown[], about: Partial<WaitingCall>, given?: string): string {
    const moment = clock();
    const uuid = given?.length === 36 ? given : uuidv7(moment.ms);
    // Asking for it makes the browser lay the page out, so it is the size at the first call.
    viewport ??= [innerWidth, innerHeight];
    add({ ...moment, name, args, page, viewport, identity: [...said], uuid, ...about });
    return uuid;
  }

  /** Captures an event of `team`. */
  function capture(
    name: string,
    event: string,
    properties: BookingProperties,
    options: CaptureOptions | undefined,
    team: string,
  ): CapturedEvent {
    const begins = name === "trackBookingStarted";
    const own =
      name === "capture" ? [event, properties, options] : [joinAttempt(properties, performance.now(), begins)];
    const mustSend = isMustSend(event) || options?.sendInstantly === true;
    return { uuid: make(name, own, { team, mustSend, isCapture: true }, options?.uuid), event };
  }

  function change(name: string, args: readonly unknown[]): void {
    const [first] = args;
    const makesEvent = /^(identify|alias)$/.test(name);
    const uuid = make(name, args, makesEvent ? { team: pageTeam, mustSend: name === "identify" } : {});
    if (name === "setTeam") pageTeam = teamOf(first) ?? pageTeam;
    if (name === "reset") endAttempt();
    if (/^(identify|reset)$/.test(name) && isPlain(JSON.stringify(first ?? ""))) said.push([name, first, uuid]);
  }

  return [teamNow, capture, change] as const;
}
