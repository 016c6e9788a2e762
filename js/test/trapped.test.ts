import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { nounKey } from "../src/storage-keys.js";
import type { Shared } from "../src/tracker-source.js";
import { noteTrap, storeTrapped } from "../src/trapped.js";
import { openPage } from "./page-double.js";
import { installStorage } from "./storage-double.js";

const KEY = nounKey("quarantine", "1plaeh8");

let entries = new Map<string, string>();
beforeEach(() => {
  entries = installStorage();
});

const versions = (): Record<string, string> => JSON.parse(entries.get(KEY) ?? "{}");

test("what the module has trapped on is noted with the version that has", () => {
  noteTrap("1plaeh8", "a");
  assert.deepEqual(versions(), { a: __VERSION__ });
});

test("the 20 that were noted last are remembered", () => {
  for (let n = 0; n < 20; n++) noteTrap("1plaeh8", `record ${n}`);
  noteTrap("1plaeh8", "record 0");
  noteTrap("1plaeh8", "record 20");
  const uuids = Object.keys(versions());
  assert.deepEqual([uuids.length, uuids.slice(-2)], [20, ["record 0", "record 20"]]);
  assert.ok(!uuids.includes("record 1"));
});

test("one that somebody has damaged works again", () => {
  for (const text of ["", "{", "null", "7"]) {
    entries.set(KEY, text);
    noteTrap("1plaeh8", "a");
    assert.deepEqual(versions(), { a: __VERSION__ }, text);
  }
});

/** What a facade shares with a tracker, as far as this reads it. */
const sharedWith = (options: Shared["options"], state: ReturnType<Shared["consent"]> = "granted") =>
  ({
    project: "1plaeh8",
    options,
    page: "page",
    consent: () => state,
    clock: () => ({ ms: 1, sequence: 0, monotonicMs: 1, href: "https://book.example/", referrer: "" }),
  }) as Shared;

test("the event of a call that has trapped is stored, unless a hook has yet to see it or the visitor has not agreed", () => {
  const hook = () => null;
  for (const [shared, isStored] of [
    [sharedWith({}), true],
    [sharedWith({ beforeSend: [] }), true],
    [sharedWith({ beforeSend: hook }), false],
    [sharedWith({ beforeSend: [hook] }), false],
    [sharedWith({}, "pending"), false],
    [sharedWith({}, "denied"), false],
  ] as const) {
    const { stored } = openPage();
    assert.equal(storeTrapped(shared, "capture", ["x"]) !== undefined, isStored);
    assert.equal(
      [...stored.keys()].some((key) => key.startsWith("phbt:journal:")),
      isStored,
    );
  }
});
