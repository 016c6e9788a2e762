// The types of the package, as somebody compiles against them who skips no check.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { repositoryUrl } from "./repository.js";

const USE = `
import "posthog-booking-tracker/script";
import { checkOptions, PostHogBookingTracker } from "posthog-booking-tracker";
import type { BookingCompletedProperties, BookingStartedProperties, BookingTracker, BookingTrackerClass } from "posthog-booking-tracker";
import type { CapturedEvent, Finding, FlushResult, Stats } from "posthog-booking-tracker";
import { PostHogBookingTracker as Lazy, type TrackerOptions } from "posthog-booking-tracker/lazy";
const options: TrackerOptions = { teamId: 42, isTeamEnabled: (team) => team === "42", beforeSend: [(event) => event] };
const tracker = new PostHogBookingTracker("phc_x", options);
const captured: CapturedEvent | undefined = tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "b" });
const findings: readonly Finding[] = checkOptions("phc_x", options);
const stats: Stats = new Lazy("phc_x").stats();
// @ts-expect-error A booking has an id.
tracker.trackBookingCompleted({ bookingUid: "b" });
// Rows of a database have null.
tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "b", teamId: null, eventTypeId: null, userId: null });
tracker.trackBookingStarted({ teamId: undefined, ownProperty: 1, "own-property": 2 });
declare const row: BookingCompletedProperties;
tracker.trackBookingCompleted(row);
// @ts-expect-error A known name is misspelt.
tracker.trackBookingStarted({ eventtypeId: 7 });
// @ts-expect-error The same in snake case.
tracker.trackBookingFailed({ error: "x", team_id: 7 });
tracker.identify(42);
new PostHogBookingTracker("phc_x", { teamId: null, bootstrap: { distinctId: 42 }, ignoreBots: "none", crossSubdomain: true });
const sent: Promise<number> = tracker.flush().then((result: FlushResult) => result.sent + result.waiting + result.dropped);
// A test of the page puts a double in the place of the class.
class Double extends PostHogBookingTracker {
  override trackBookingStarted = (properties?: BookingStartedProperties) => (properties ? undefined : undefined);
  override flush = async () => ({ sent: 0, waiting: 0, dropped: 0 });
}
const double: BookingTrackerClass = Double;
globalThis.PostHogBookingTracker = Object.assign(double, { checkOptions });
const scripted: BookingTracker = new globalThis.PostHogBookingTracker("phc_x");
// @ts-expect-error The key has to be said, if only as undefined.
checkOptions();
export { captured, findings, scripted, sent, stats };
`;

test("the package compiles with strict types, and no library check skipped", () => {
  const folder = fileURLToPath(repositoryUrl("target/types-test/"));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}use.ts`, USE);
  const paths = {
    "posthog-booking-tracker": ["../../pkg/dist/types/entries/index.d.ts"],
    "posthog-booking-tracker/script": ["../../pkg/dist/types/entries/script.d.ts"],
    "posthog-booking-tracker/lazy": ["../../pkg/dist/types/entries/lazy.d.ts"],
  };
  const compilerOptions = {
    target: "es2022",
    lib: ["es2022", "dom"],
    module: "esnext",
    moduleResolution: "bundler",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types: [],
    paths,
  };
  writeFileSync(`${folder}tsconfig.json`, JSON.stringify({ compilerOptions, files: ["use.ts"] }));
  const tsc = fileURLToPath(repositoryUrl("js/node_modules/typescript/bin/tsc"));
  const { stdout, status } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  assert.equal(stdout, "");
  assert.equal(status, 0);
});
