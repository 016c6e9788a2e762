import assert from "node:assert/strict";
import { test } from "node:test";

import { Notices } from "../src/notices.js";
import { readOptions } from "../src/options.js";
import { TeamGate } from "../src/team-gate.js";
import type { TrackerOptions } from "../src/types.js";

Object.assign(globalThis, { document: { visibilityState: "visible" } });

/** A gate that asks nobody unless the test does. */
function gateOf(options: TrackerOptions): TeamGate {
  const { options: checked = assert.fail() } = readOptions("phc_demo", options);
  const gate = new TeamGate(checked, { isGranted: true }, new Notices(false));
  gate.rest();
  return gate;
}
const whoAnswers = (answer: unknown) => gateOf({ isTeamEnabled: (() => answer) as () => boolean });

// What the page configures, the team of the event, and what becomes of the event.
const ADMISSIONS: [TrackerOptions, team: string, admitted: unknown][] = [
  [{}, "", "ungated"],
  [{}, "42", "ungated"],
  [{ teamId: 42 }, "42", "ungated"],
  [{ ungated: "track" }, "", { team: undefined }],
  [{ ungated: "track" }, "42", { team: undefined }],
  [{ isTeamEnabled: true }, "", { team: undefined }],
  [{ isTeamEnabled: true }, "42", { team: "42" }],
  [{ isTeamEnabled: true, teamId: 42 }, "42", { team: "42" }],
  [{ isTeamEnabled: true, teamId: 42 }, "7", { team: "7" }],
  [{ isTeamEnabled: false, teamId: 42 }, "42", "gate_shut"],
  [{ isTeamEnabled: false, teamId: 42 }, "7", { team: "7" }],
  [{ isTeamEnabled: true, ungated: "track" }, "", { team: undefined }],
  [{ isTeamEnabled: false }, "", "gate_shut"],
  [{ isTeamEnabled: false }, "42", "gate_shut"],
  [{ isTeamEnabled: false, ungated: "track" }, "", "gate_shut"],
  [{ isTeamEnabled: () => true }, "", "ungated"],
  [{ isTeamEnabled: () => true }, "42", { team: "42" }],
  [{ isTeamEnabled: () => true, teamId: 7 }, "42", { team: "42" }],
  [{ isTeamEnabled: () => true, ungated: "track" }, "", { team: undefined }],
  [{ isTeamEnabled: () => false, ungated: "track" }, "42", { team: "42" }],
  [{ teamGateUrl: "https://app.test/gate" }, "", "ungated"],
  [{ teamGateUrl: "https://app.test/gate" }, "42", { team: "42" }],
  [{ teamFlag: true }, "42", { team: "42" }],
  [{ bootstrap: { teams: { 42: true } } }, "42", { team: "42" }],
  [{ bootstrap: { teams: { 42: true } } }, "7", { team: "7" }],
  [{ bootstrap: { teams: { 42: false } } }, "42", "gate_shut"],
  [{ bootstrap: { teams: { 42: true } } }, "", "ungated"],
  [{ bootstrap: { teams: {} } }, "42", "ungated"],
];

// What the page configures, the team of a stored record, and whether its gate is open.
const STATES: [TrackerOptions, team: string | undefined, open: boolean | undefined][] = [
  [{}, undefined, true],
  [{}, "", undefined],
  [{}, "42", undefined],
  [{ ungated: "track" }, undefined, true],
  [{ ungated: "track" }, "42", undefined],
  [{ isTeamEnabled: true }, undefined, true],
  [{ isTeamEnabled: true }, "", true],
  [{ isTeamEnabled: true }, "42", true],
  [{ isTeamEnabled: false }, "42", false],
  [{ isTeamEnabled: true, teamId: 42 }, "42", true],
  [{ isTeamEnabled: true, teamId: 42 }, "7", undefined],
  [{ isTeamEnabled: true, teamId: 42 }, "", undefined],
  [{ isTeamEnabled: false, teamId: 42 }, "42", false],
  [{ isTeamEnabled: false, teamId: 42 }, "7", undefined],
  [{ isTeamEnabled: false }, undefined, true],
  [{ isTeamEnabled: () => true }, undefined, true],
  [{ isTeamEnabled: () => true, teamId: 42 }, "42", undefined],
  [{ bootstrap: { teams: { 42: true, 7: false } } }, "42", true],
  [{ bootstrap: { teams: { 42: true, 7: false } } }, "7", false],
  [{ bootstrap: { teams: { 42: true, 7: false } } }, "8", undefined],
  [{ isTeamEnabled: false, teamId: 42, bootstrap: { teams: { 42: true } } }, "42", false],
];

const describe = (options: TrackerOptions) =>
  JSON.stringify(options, (_, value) => (typeof value === "function" ? `asks, would say ${value("")}` : value));

for (const [options, team, admitted] of ADMISSIONS) {
  test(`an event of team "${team}" under ${describe(options)} is admitted as ${JSON.stringify(admitted)}`, () => {
    assert.deepEqual(gateOf(options).admit(team), admitted);
  });
}

for (const [options, team, open] of STATES) {
  test(`a record of team ${JSON.stringify(team)} under ${describe(options)} has the state ${open}`, () => {
    assert.equal(gateOf(options).state(team), open);
  });
}

test("an answer decides on later events and on stored records of its team only", async () => {
  const gate = gateOf({ isTeamEnabled: (team) => team === "42" });
  assert.equal(await gate.ask("42"), true);
  assert.equal(await gate.ask("7"), false);
  assert.deepEqual([gate.state("42"), gate.state("7"), gate.state("8")], [true, false, undefined]);
  assert.deepEqual([gate.admit("42"), gate.admit("7"), gate.admit("8")], [{ team: "42" }, "gate_shut", { team: "8" }]);
});

test("the callback is never called inside ask, and is given the team alone", async () => {
  const calls: unknown[][] = [];
  const isTeamEnabled = (...parameters: unknown[]) => {
    calls.push(parameters);
    return true;
  };
  const asked = gateOf({ isTeamEnabled }).ask("42");
  assert.deepEqual(calls, []);
  await asked;
  assert.deepEqual(calls, [["42"]]);
});

test("a team is asked for once at a time, others beside it", async () => {
  const answers = new Map<string, (open: boolean) => void>();
  const asked: string[] = [];
  const isTeamEnabled = (team: string) => {
    asked.push(team);
    return new Promise<boolean>((resolve) => answers.set(team, resolve));
  };
  const gate = gateOf({ isTeamEnabled });
  const all = [gate.ask("42"), gate.ask("42"), gate.ask("7")];
  await new Promise(setImmediate);
  all.push(gate.ask("42"));
  await new Promise(setImmediate);
  assert.deepEqual(asked, ["42", "7"]);
  answers.get("42")?.(true);
  answers.get("7")?.(false);
  assert.deepEqual(await Promise.all(all), [true, true, false, true]);
});

test("a callback that throws or rejects gives no answer, and is asked again", async () => {
  const failures = [
    () => {
      throw new Error("thrown");
    },
    () => Promise.reject(new Error("rejected")),
  ];
  for (const fail of failures) {
    let calls = 0;
    const gate = gateOf({ isTeamEnabled: () => (++calls === 1 ? fail() : true) });
    assert.equal(await gate.ask("42"), undefined);
    assert.equal(gate.state("42"), undefined);
    assert.deepEqual(gate.admit("42"), { team: "42" });
    assert.equal(await gate.ask("42"), true);
    assert.equal(calls, 2);
  }
});

test("what is no boolean is no answer, however true or false it looks", async () => {
  for (const answer of [undefined, null, 0, 1, "", "true", "false", {}, [], Number.NaN, Object(true)]) {
    for (const given of [answer, Promise.resolve(answer)]) {
      const gate = whoAnswers(given);
      assert.equal(await gate.ask("42"), undefined, String(answer));
      assert.equal(gate.state("42"), undefined, String(answer));
    }
  }
});

test("a gate that can ask nobody gives what the page itself has said", async () => {
  assert.equal(await gateOf({}).ask("42"), undefined);
  assert.equal(await gateOf({ isTeamEnabled: true }).ask("42"), true);
  assert.equal(await gateOf({ isTeamEnabled: false }).ask("42"), false);
});
