import assert from "node:assert/strict";
import { test } from "node:test";

import { uuidv7 } from "../src/uuid.js";

const NOW = 1_767_323_045_678;

const timeOf = (uuid: string) => Number.parseInt(uuid.replace("-", "").slice(0, 12), 16);

test("an id has the layout of version 7, in lower case", () => {
  for (let round = 0; round < 1_000; round++) {
    assert.match(uuidv7(NOW), /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  }
});

test("the example of RFC 9562 begins as its time does", () => {
  assert.match(uuidv7(0x017f22e279b0), /^017f22e2-79b0-7/);
});

test("the time is read back from the first 48 bits", () => {
  for (const ms of [0, 1, NOW, Date.now(), 2 ** 48 - 1]) assert.equal(timeOf(uuidv7(ms)), ms);
});

test("ids sort by their time", () => {
  const ids = [0, 1, 255, 256, NOW - 1, NOW, NOW + 1].map((ms) => uuidv7(ms));
  assert.deepEqual([...ids].sort(), ids);
});

test("ten thousand ids of one millisecond are all different", () => {
  assert.equal(new Set(Array.from({ length: 10_000 }, () => uuidv7(NOW))).size, 10_000);
});

test("every random bit takes both values", () => {
  const digits = Array.from({ length: 1_000 }, () => uuidv7(NOW).replaceAll("-", "").slice(12));
  const bits = digits.map((hex) => BigInt(`0x${hex}`));
  const ones = bits.reduce((seen, id) => seen | id, 0n);
  const zeros = bits.reduce((seen, id) => seen | ~id, 0n) & (2n ** 80n - 1n);
  // Four bits are the version 7, two the variant 10.
  assert.equal(ones & zeros, 0x0fff_3fff_ffff_ffff_ffffn);
});
