import assert from "node:assert/strict";
import { test } from "node:test";

import { isLegalDistinctId } from "../src/distinct-id.js";

test("an id of your own is legal", () => {
  for (const id of ["ada", "7", "00", "user-7", "x".repeat(200), "0190b3a2-7c1d-7000-8000-00000000000d", "nullable"]) {
    assert.equal(isLegalDistinctId(id), true, id);
  }
});

test("what stands for a missing value, for everybody or for nobody is no id", () => {
  const words = "0 anonymous guest distinct_id distinctid id email undefined null nan none true false".split(" ");
  const zeros = "00000000-0000-0000-0000-000000000000";
  for (const id of [...words, zeros, "[object Object]", "NULL", " null ", "$posthog_cookieless", "", " "]) {
    assert.equal(isLegalDistinctId(id), false, id);
  }
});

test("what is too long, or no text, is no id", () => {
  for (const id of ["x".repeat(201), 7, 7n, true, null, undefined, {}, ["ada"], Object("ada")]) {
    assert.equal(isLegalDistinctId(id), false);
  }
});
