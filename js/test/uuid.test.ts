import assert from "node:assert/strict";
import { test } from "node:test";

import { isUuid, uuidv7 } from "../src/uuid.js";

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
  // Four bits are the version, and four the digit that begins with the variant.
  assert.equal(ones & zeros, 0x0fff_0fff_ffff_ffff_ffffn);
});

test("the text of a UUID is one, of any version and in either case", () => {
  for (const id of [
    uuidv7(NOW),
    uuidv7(NOW).toUpperCase(),
    "00000000-0000-0000-0000-000000000000",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
  ]) {
    assert.equal(isUuid(id), true, id);
  }
});

test("everything else is no UUID", () => {
  const id = uuidv7(NOW);
  for (const other of ["", id.slice(1), `${id}0`, ` ${id}`, `{${id}}`, id.replaceAll("-", ""), "x".repeat(36)]) {
    assert.equal(isUuid(other), false, other);
  }
  for (const other of [undefined, null, 7, {}, [id], Object(id)]) assert.equal(isUuid(other), false);
});
