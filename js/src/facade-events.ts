// From a call to what waits for the tracker: when and where it was made, and what the journal may store of it.

import type { Clock } from "./clock.js";
import { type IdentityCall, isPlain } from "./journal.js";
import { isMustSend } from "./must-send.js";
import { teamOf } from "./team-id.js";
import type { BookingProperties, CapturedEvent, CaptureOptions, TrackerOptions } from "./types.js";
import { isUuid, uuidv7 } from "./uuid.js";
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
  add: (call: WaitingCall) => boolean,
) {
  const { distinctId, isIdentified } = bootstrap ?? {};
  /** The attempt at a booking that is going on. How long it has gone on, the tracker says. */
  let attempt: string | undefined;
  /** What the page has said of its visitor. */
  const said: IdentityCall[] = distinctId && isIdentified ? [["identify", distinctId, ""]] : [];
  let viewport: WaitingCall["viewport"];
  /** The team of the page, for events that name none; empty, where there is none. */
  let pageTeam = teamOf(teamId) ?? "";

  const teamNow = (): string => pageTeam;

  /**
   * Adds a call that is made now, and gives the uuid of its event; empty, where too many wait.
   */
  function make(name: string, args: readonly unknown[], about: Partial<WaitingCall>, given?: string): string {
    const moment = clock();
    const uuid = isUuid(given) ? given : uuidv7(moment.ms);
    // Asking for it makes the browser lay the page out, so it is the size at the first call.
    viewport ??= [innerWidth, innerHeight];
    const call = { ...moment, name, args, page, viewport, identity: [...said], uuid, ...about };
    return add(call) ? uuid : "";
  }

  /** Captures an event of `team`. */
  function capture(
    name: string,
    event: string,
    properties: BookingProperties,
    options: CaptureOptions | undefined,
    team: string,
  ): CapturedEvent | undefined {
    if (name === "trackBookingStarted") attempt = properties.attemptId ?? uuidv7(Date.now());
    const attemptId = properties.attemptId ?? attempt;
    const own = name === "capture" ? [event, properties, options] : [{ ...properties, attemptId }];
    const mustSend = isMustSend(event) || options?.sendInstantly === true;
    const uuid = make(name, own, { team, mustSend, isCapture: true }, options?.uuid);
    return uuid ? { uuid, event } : undefined;
  }

  function change(name: string, args: readonly unknown[]): void {
    const [first] = args;
    const mustSend = name === "identify";
    const isReset = name === "reset";
    const uuid = make(name, args, mustSend || name === "alias" ? { team: pageTeam, mustSend } : {});
    if (name === "setTeam") pageTeam = teamOf(first) ?? pageTeam;
    if (isReset) attempt = undefined;
    if ((mustSend || isReset) && isPlain(JSON.stringify(first ?? ""))) said.push([name, first, uuid]);
  }

  return [teamNow, capture, change] as const;
}
