import assert from "node:assert/strict";
import { test } from "node:test";

import { copyOf } from "../src/copy.js";

test("what is no object is its own copy", () => {
  for (const value of [undefined, null, true, 7, Number.NaN, "x", Symbol.iterator, assert.ok]) {
    assert.equal(copyOf(value), value);
  }
  // The journal is JSON, which has no word for it.
  assert.equal(copyOf(7n), "7");
});

test("a copy has nothing in common with the object", () => {
  const given = { plan: "pro", nested: { list: [1, { n: 2 }] } };
  const copy = copyOf(given) as typeof given;
  assert.deepEqual(copy, given);
  given.nested.list.push(3);
  given.plan = "free";
  assert.deepEqual(copy, { plan: "pro", nested: { list: [1, { n: 2 }] } });
});

test("a list is copied as well", () => {
  const given = [1, { n: 2 }];
  const copy = copyOf(given);
  assert.deepEqual(copy, given);
  assert.notEqual(copy, given);
});

test("what JSON does not say is kept at the top: the tracker knows what to make of it", () => {
  const error = new Error("no");
  const copy = copyOf({ error, count: 7n, at: new Date(0), nothing: undefined, infinite: Number.POSITIVE_INFINITY });
  assert.deepEqual(copy, {
    error,
    count: "7",
    at: "1970-01-01T00:00:00.000Z",
    nothing: undefined,
    infinite: Number.POSITIVE_INFINITY,
  });
});

test("a member that throws is left out, and the others are copied", () => {
  const given = {
    before: 1,
    get broken() {
      throw new Error("a trap");
    },
    after: 2,
  };
  assert.deepEqual(copyOf(given), { before: 1, after: 2 });
});

test("a member that cannot be copied is kept as it is", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const copy = copyOf({ circle, n: 1 }) as { circle: unknown; n: number };
  assert.equal(copy.circle, circle);
  assert.equal(copy.n, 1);
});

test("an object that does not want to be listed is empty", () => {
  const fail = () => {
    throw new Error("a trap");
  };
  assert.deepEqual(copyOf(new Proxy({}, { ownKeys: fail, get: fail })), {});
});

test("what is inherited is not copied", () => {
  assert.deepEqual(copyOf(Object.create({ inherited: 1 }, { own: { value: 2, enumerable: true } })), { own: 2 });
});
