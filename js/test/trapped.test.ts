import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { nounKey } from "../src/storage-keys.js";
import { noteTrap } from "../src/trapped.js";
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
