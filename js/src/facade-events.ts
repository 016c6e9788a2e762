// From a call to what waits for the tracker: when and where it was made, and what the journal may store of it.

import type { BookingProperties, CapturedEvent, CaptureOptions, TrackerOptions } from "../engine/engine.js";
import type { Clock } from "./clock.js";
import type { IdentityCall } from "./journal.js";
import { isMustSend } from "./must-send.js";
import { teamOf } from "./team-id.js";
import { isUuid, uuidv7 } from "./uuid.js";
import type { WaitingCall } from "./waiting-calls.js";

/**
 * The calls of a page whose tracker is not there: capturing an event by the method `name` of the tracker, changing who the visitor is or
 * what is known of it, and the page's team. What they are given are copies; each is added to what waits by `add`. `page` names the
 * page, `said` is what it has said of its visitor.
 */
export function facadeEvents(
  { teamId, personProfiles }: TrackerOptions,
  clock: Clock,
  page: string,
  said: IdentityCall[],
  add: (call: WaitingCall) => boolean,
) {
  /** The attempt at a booking that is going on. How long it has gone on, the tracker says. */
  let attempt: string | undefined;
  /** The team of the page, for events that name none; empty, where there is none. */
  let pageTeam = teamOf(teamId) ?? "";

  const teamNow = (): string => pageTeam;

  /**
   * Adds a call that is made now, and gives the uuid of its event; empty, where too many wait.
   */
  function make(name: string, args: readonly unknown[], about: Partial<WaitingCall>, given?: string): string {
    const moment = clock();
    const uuid = isUuid(given) ? given : uuidv7(moment.ms);
    const call = { ...moment, name, args, page, identity: [...said], uuid, ...about };
    return add(call) ? uuid : "";
  }

  /** Captures an event of `team`. */
  function capture(
    name: string,
    event: string,
    properties: BookingProperties,
    how: CaptureOptions | undefined,
    team: string,
  ): CapturedEvent | undefined {
    if (name === "trackBookingStarted") attempt = properties.attemptId ?? uuidv7(Date.now());
    const attemptId = properties.attemptId ?? attempt;
    const own = name === "capture" ? [event, properties, how] : [{ ...properties, attemptId }];
    const mustSend = isMustSend(event) || how?.sendInstantly === true;
    const uuid = make(name, own, { team, mustSend, isCapture: true }, how?.uuid);
    return uuid ? { uuid, event } : undefined;
  }

  function change(name: string, args: readonly unknown[]): void {
    const isReset = name === "reset";
    // Where PostHog is to know nobody, the tracker ignores who the page says that the visitor is.
    const mustSend = name === "identify" && personProfiles !== "never";
    const uuid = make(name, args, mustSend || name === "alias" ? { team: pageTeam, mustSend } : {});
    if (isReset) attempt = undefined;
    if (uuid && (mustSend || isReset)) said.push([name, args[0], uuid]);
  }

  function setTeam(given: unknown): void {
    pageTeam = teamOf(given) ?? pageTeam;
  }

  return [teamNow, capture, change, setTeam] as const;
}
