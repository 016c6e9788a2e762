// The types of the package, as somebody compiles against them who skips no check.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { repositoryUrl } from "./repository.js";

const USE = `
import { checkOptions, PostHogBookingTracker, type CapturedEvent, type Finding, type Stats } from "posthog-booking-tracker";
import { PostHogBookingTracker as Lazy, type TrackerOptions } from "posthog-booking-tracker/lazy";
const options: TrackerOptions = { teamId: 42, isTeamEnabled: (team) => team === "42", beforeSend: [(event) => event] };
const tracker = new PostHogBookingTracker("phc_x", options);
const captured: CapturedEvent | undefined = tracker.trackBookingCompleted({ bookingId: 1, bookingUid: "b" });
const findings: readonly Finding[] = checkOptions("phc_x", options);
const stats: Stats = new Lazy("phc_x").stats();
// @ts-expect-error A booking has an id.
tracker.trackBookingCompleted({ bookingUid: "b" });
// @ts-expect-error The key has to be said, if only as undefined.
checkOptions();
export { captured, findings, stats };
`;

test("the package compiles with strict types, and no library check skipped", () => {
  const folder = fileURLToPath(repositoryUrl("target/types-test/"));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}use.ts`, USE);
  const paths = {
    "posthog-booking-tracker": ["../../pkg/dist/types/entries/index.d.ts"],
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
