// Holds the built package to the corpus: the same calls make the same events.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { casesOf, differences, groups, play, recordedOf } from "./corpus.mjs";

/** So many differences of a case are said. */
const SAID_MAX = 12;

for (const group of groups()) {
  test(`corpus: ${group}`, async () => {
    const recorded = recordedOf(group);
    const cases = casesOf(group);
    assert.deepEqual(
      Object.keys(recorded),
      cases.map(({ name }) => name),
      "every case is recorded, and nothing else",
    );
    const failures = [];
    for (const given of cases) {
      const found = differences(recorded[given.name], await play(given));
      const rest = found.length > SAID_MAX ? [`... and ${found.length - SAID_MAX} more`] : [];
      if (found.length > 0) failures.push([given.name, ...found.slice(0, SAID_MAX), ...rest].join("\n    "));
    }
    assert.ok(failures.length === 0, `${failures.length} of ${cases.length} cases differ\n  ${failures.join("\n  ")}`);
  });
}

const source = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** The types of what crosses into the core and out of it. */
const types = ["configuration", "page_calls", "read_out"].map((name) => source(`src/bindings/${name}.d.ts`)).join("\n");

/** The members of an interface. */
function membersOf(name) {
  const [, body = ""] = new RegExp(`export interface ${name}[^{]*\\{\\n(.*?)\\n\\}`, "s").exec(types) ?? [];
  return [...body.matchAll(/^ {2}(?:readonly )?([\w$]+)\??:/gm)].map(([, member]) => member);
}

/** Every name of a member anywhere in a value. */
const namesIn = (value) =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, member]) => [name, ...namesIn(member)])
    : [];

const all = groups().flatMap(casesOf);
const steps = all.flatMap((given) => given.steps);

test("corpus: every public method is called by some case", () => {
  const methods = [...source("js/src/booking-tracker.ts").matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name);
  assert.ok(methods.length > 30, "the methods are found");
  const called = new Set(steps.map(({ call }) => call));
  assert.deepEqual(
    methods.filter((name) => name !== "constructor" && !called.has(name)),
    [],
  );
});

test("corpus: every option is given by some case", () => {
  const options = [...all, ...steps].map((part) => part.options ?? {});
  const given = { TrackerOptions: new Set(options.flatMap(Object.keys)) };
  const passed = new Set(steps.flatMap(({ args }) => namesIn(args)));
  for (const name of ["CaptureOptions", "ResetOptions", "FlagOptions"]) given[name] = passed;
  for (const name of ["BookingStartedProperties", "BookingCompletedProperties", "BookingFailedProperties"])
    given[name] = passed;
  given.BookingProperties = passed;
  const bootstrapped = new Set(options.flatMap(({ bootstrap }) => namesIn(bootstrap)));
  given.IdentityBootstrap = given.Bootstrap = bootstrapped;
  for (const [name, names] of Object.entries(given)) {
    const members = membersOf(name);
    assert.ok(members.length > 0, `${name} is found`);
    assert.deepEqual(
      members.filter((member) => !names.has(member)),
      [],
      name,
    );
  }
});
