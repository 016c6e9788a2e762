// The class that a page makes its tracker of. Its methods are described in `booking-tracker.ts`; what each of them does stands in
// `facade.ts` while the tracker is not there, and in `tracker.ts` from then on.

import type { BookingTrackerClass } from "./booking-tracker.js";
import { facade } from "./facade.js";
import type { TrackerSource } from "./tracker-source.js";

/** Everything that a page can call. */
export const METHODS =
  "trackBookingStarted trackBookingCompleted trackBookingFailed capture identify alias setPersonProperties createPersonProfile group groupIdentify resetGroups getGroups register registerOnce unregister registerForSession reset setTeam isTeamTracked onTeamGate isFeatureEnabled getFeatureFlag getFeatureFlagPayload getFeatureFlagResult getFeatureFlags getFeatureFlagsAndPayloads onFeatureFlags reloadFeatureFlags setPersonPropertiesForFlags resetPersonPropertiesForFlags setGroupPropertiesForFlags resetGroupPropertiesForFlags getDistinctId getAnonymousId getSessionId optIn optOut hasOptedOut consent onConsent debug flush shutdown stats".split(
    " ",
  );

/** The class whose trackers come from `source`. */
export function trackerClass(source: TrackerSource): BookingTrackerClass {
  class PostHogBookingTracker {
    readonly #call: (name: string, args: unknown[]) => unknown;
    readonly #ready: () => Promise<void>;

    constructor(apiKey: unknown, options: unknown) {
      [this.#call, this.#ready] = facade(apiKey, options, source);
    }

    get ready(): Promise<void> {
      return this.#ready();
    }

    static {
      const methods = PostHogBookingTracker.prototype as unknown as Record<string, unknown>;
      for (const name of METHODS) {
        methods[name] = function (this: PostHogBookingTracker, ...args: unknown[]) {
          return this.#call(name, args);
        };
      }
    }
  }
  return PostHogBookingTracker as unknown as BookingTrackerClass;
}
