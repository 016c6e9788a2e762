import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import { answered, answerText, browserDenies } from "../src/consent-answer.js";

const NOW = 1_767_323_045_678;
afterEach(() => mock.timers.reset());

function browse(navigator: object): void {
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
}

test("a browser that asks not to be tracked is heard where the page has chosen to listen", () => {
  const cases: [navigator: object, dnt: boolean, gpc: boolean][] = [
    [{}, false, false],
    [{ doNotTrack: "1" }, true, false],
    [{ doNotTrack: "yes" }, true, false],
    [{ doNotTrack: "0" }, false, false],
    [{ doNotTrack: "unspecified" }, false, false],
    [{ doNotTrack: null }, false, false],
    [{ globalPrivacyControl: true }, false, true],
    [{ globalPrivacyControl: false }, false, false],
    [{ doNotTrack: "1", globalPrivacyControl: true }, true, true],
  ];
  for (const [navigator, dnt, gpc] of cases) {
    browse(navigator);
    const about = JSON.stringify(navigator);
    assert.equal(browserDenies({ respectDnt: true }), dnt, about);
    assert.equal(browserDenies({ respectGpc: true }), gpc, about);
    assert.equal(browserDenies({ respectDnt: true, respectGpc: true }), dnt || gpc, about);
    assert.equal(browserDenies({}), false, about);
    assert.equal(browserDenies({ respectDnt: false, respectGpc: false }), false, about);
  }
});

test("an answer is read from the start of a text, and everything else is none", () => {
  for (const [text, answer] of [
    ["granted", "granted"],
    ["denied", "denied"],
    ["granted:mjwaidke", "granted"],
    ["denied:mjwaidke", "denied"],
    ["", undefined],
    [" granted", undefined],
    ["pending", undefined],
    ["Granted", undefined],
    ["null", undefined],
  ] as const) {
    assert.equal(answered(text), answer, text);
  }
});

test("a denial is stored with its time, and the next answers remember it", () => {
  mock.timers.enable({ apis: ["Date"], now: NOW });
  const denied = answerText("denied", "");
  assert.equal(denied, `denied:${NOW.toString(36)}`);
  const granted = answerText("granted", denied);
  assert.equal(granted, `granted:${NOW.toString(36)}`);
  mock.timers.tick(1_000);
  assert.equal(answerText("denied", granted), `denied:${(NOW + 1_000).toString(36)}`);
});

test("a visitor who has never denied has an answer without a time", () => {
  assert.equal(answerText("granted", ""), "granted");
  assert.equal(answerText("granted", "granted"), "granted");
});
