import assert from "node:assert/strict";
import { test } from "node:test";

import { readProperties, stringifyProperties } from "../src/properties.js";

/** What the tracker makes of properties, as text and read back. */
const textOf = (properties: unknown) => stringifyProperties(readProperties(properties));
const sent = (properties: unknown): Record<string, unknown> => JSON.parse(textOf(properties));

const unreadable = (): never => {
  throw new Error("a trap of the page's");
};

test("plain properties are sent as they are, in their order", () => {
  const properties = {
    b: 1,
    a: "x",
    nested: { list: [1, "two", null, { three: true }] },
    no: false,
    none: null,
    e: "",
  };
  assert.equal(textOf(properties), JSON.stringify(properties));
});

test("the page's object is read and never changed", () => {
  const properties = Object.freeze({ error: "ask ada@lovelace.org", $current_url: "https://a.example/?x=1" });
  assert.deepEqual(sent(properties), { error: "ask [email]", $current_url: "https://a.example/" });
  assert.equal(properties.error, "ask ada@lovelace.org");
});

test("what is no object has no properties", () => {
  const values = [undefined, null, true, 7, 7n, "text", Symbol("s"), () => 1, [1, 2], new Date(0), new Map([[1, 2]])];
  for (const value of values) assert.equal(textOf(value), "{}", String(value));
});

test("only own, enumerable members with a text as name are properties", () => {
  const properties = Object.create({ inherited: 1 });
  Object.defineProperty(properties, "hidden", { value: 1, enumerable: false });
  properties[Symbol("s")] = 1;
  properties.own = 1;
  assert.deepEqual(sent(properties), { own: 1 });
});

test("a circular member is left out and the others stay", () => {
  const properties = { before: 1 };
  Object.assign(properties, { self: properties, list: [properties], after: { x: 2 } });
  assert.deepEqual(sent(properties), { before: 1, after: { x: 2 } });
});

test("a member that is nested too deeply to be written is left out", () => {
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level++) deep = [deep];
  assert.deepEqual(sent({ deep, kept: 1 }), { kept: 1 });
});

test("a BigInt becomes its text, nested ones too", () => {
  const properties = { id: 12345678901234567890n, list: [1n, { deep: [2n] }], kept: 1, missing: undefined };
  assert.equal(textOf(properties), '{"id":"12345678901234567890","list":["1",{"deep":["2"]}],"kept":1}');
});

test("a getter that throws loses its own member only", () => {
  const properties = {
    before: 1,
    get bad() {
      return unreadable();
    },
    nested: {
      kept: 1,
      get bad() {
        return unreadable();
      },
    },
    get good() {
      return 2;
    },
  };
  assert.deepEqual(sent(properties), { before: 1, good: 2 });
});

test("a proxy that throws at everything has no properties", () => {
  for (const trap of ["ownKeys", "getOwnPropertyDescriptor"] as const) {
    assert.equal(textOf(new Proxy({ x: 1 }, { [trap]: unreadable })), "{}", trap);
  }
  assert.equal(textOf(new Proxy({ x: 1, y: 2 }, { get: unreadable })), "{}");
  assert.equal(textOf(new Proxy({}, { getPrototypeOf: unreadable, has: unreadable })), "{}");
});

test("a proxy that throws at one name keeps the others", () => {
  const get = (target: Record<string, unknown>, name: string | symbol) =>
    name === "x" ? unreadable() : target[String(name)];
  assert.deepEqual(sent(new Proxy({ x: 1, y: 2 }, { get })), { y: 2 });
});

test("a proxy that is revoked has no properties, and is left out where it is a member", () => {
  const { proxy, revoke } = Proxy.revocable({ x: 1 }, {});
  revoke();
  assert.equal(textOf(proxy), "{}");
  assert.deepEqual(sent({ proxy, kept: 1 }), { kept: 1 });
});

test("a proxy that throws is left out where it is a member", () => {
  const proxies = { get: { get: unreadable }, ownKeys: { ownKeys: unreadable } };
  for (const handler of Object.values(proxies)) {
    assert.deepEqual(sent({ bad: new Proxy({ x: 1 }, handler), kept: 1 }), { kept: 1 });
  }
});

test("whatever a toJSON of the properties makes, an object goes out", () => {
  for (const result of [undefined, null, 7, "text", '{"a":1}', [], true]) {
    assert.equal(textOf({ toJSON: () => result, x: 1 }), "{}", String(result));
  }
  assert.deepEqual(sent({ toJSON: () => ({ made: 1 }) }), { made: 1 });
  // What throws is no reason to lose the others.
  assert.deepEqual(sent({ toJSON: unreadable, x: 1 }), { x: 1 });
  assert.deepEqual(sent({ toJSON: "no function", x: 1 }), { toJSON: "no function", x: 1 });
});

test("a toJSON of a class is no property", () => {
  class Booking {
    id = 7;
    toJSON() {
      return "booking";
    }
  }
  assert.deepEqual(sent(new Booking()), { id: 7 });
});

test("a toJSON of a member is asked, and loses its member where it throws or has nothing to say", () => {
  const members = {
    text: { toJSON: () => "text" },
    big: { toJSON: () => 7n },
    nothing: { toJSON: () => undefined },
    bad: { toJSON: unreadable },
    kept: 1,
  };
  assert.deepEqual(sent(members), { text: "text", big: "7", kept: 1 });
});

test("what JSON has no word for is written as JSON.stringify does it", () => {
  const properties = {
    none: null,
    missing: undefined,
    call: () => 1,
    symbol: Symbol("s"),
    date: new Date(0),
    invalid: Number.NaN,
    endless: Number.POSITIVE_INFINITY,
    zero: -0,
    list: [undefined, () => 1, Number.NaN],
    map: new Map([[1, 2]]),
    boxed: [Object(1), Object("x"), Object(true)],
  };
  const expected =
    '{"none":null,"date":"1970-01-01T00:00:00.000Z","invalid":null,"endless":null,"zero":0,"list":[null,null,null],"map":{},"boxed":[1,"x",true]}';
  assert.equal(textOf(properties), expected);
  // An invalid date throws in toISOString, not in toJSON.
  assert.deepEqual(sent({ date: new Date(Number.NaN) }), { date: null });
});

test("a lone surrogate becomes U+FFFD, in values and in names", () => {
  assert.deepEqual(sent({ high: "a\ud83d", low: "\ude00b", swapped: "\ude00\ud83d", twice: "\ud800\ud800" }), {
    high: "a\ufffd",
    low: "\ufffdb",
    swapped: "\ufffd\ufffd",
    twice: "\ufffd\ufffd",
  });
  assert.deepEqual(sent({ "\udfff": ["\udbff"] }), { "\ufffd": ["\ufffd"] });
});

test("a pair of surrogates stays, also beside a lone one", () => {
  assert.deepEqual(sent({ pair: "😀", beside: "\ud83d😀\ude00" }), { pair: "😀", beside: "\ufffd😀\ufffd" });
});

test("a text that only looks like an escape stays, however many backslashes it has", () => {
  for (let count = 1; count <= 6; count++) {
    const backslashes = "\\".repeat(count);
    const properties = { looks: `${backslashes}ud800`, both: `\ud800${backslashes}ud83d${backslashes}ude00\udc00` };
    assert.deepEqual(sent(properties), {
      looks: `${backslashes}ud800`,
      both: `\ufffd${backslashes}ud83d${backslashes}ude00\ufffd`,
    });
    // A lone surrogate right behind the backslashes.
    assert.deepEqual(sent({ behind: `${backslashes}\ud800` }), { behind: `${backslashes}\ufffd` });
  }
});

test("lone surrogates are replaced in what is written member by member too", () => {
  assert.deepEqual(sent({ big: 1n, text: "\ud800" }), { big: "1", text: "\ufffd" });
});

test("addresses and errors are cleaned", () => {
  const properties = {
    error: "ada@lovelace.org is taken",
    $current_url: "https://ada:x@a.example/p?email=ada%40lovelace.org&utm_source=s#t",
    $referrer: "https://b.example/?q=1",
    note: "ada@lovelace.org",
  };
  assert.deepEqual(sent(properties), {
    error: "[email] is taken",
    $current_url: "https://a.example/p?utm_source=s",
    $referrer: "https://b.example/",
    note: "ada@lovelace.org",
  });
});

test("what is cleaned as a text is left alone where it is none", () => {
  assert.deepEqual(sent({ error: { code: 7 }, $current_url: null, $referrer: 3 }), {
    error: { code: 7 },
    $current_url: null,
    $referrer: 3,
  });
});

test("a getter is read once, so that it cannot give a clean text first", () => {
  let reads = 0;
  const properties = {
    get error() {
      reads++;
      return reads === 1 ? "fine" : "ada@lovelace.org";
    },
  };
  assert.deepEqual(sent(properties), { error: "fine" });
  assert.equal(reads, 1);
});

test("names that every object inherits are names like others", () => {
  for (const name of Object.getOwnPropertyNames(Object.prototype)) {
    if (name !== "__proto__") assert.deepEqual(sent({ [name]: "text" }), { [name]: "text" }, name);
  }
});

test("a member named __proto__ is a member", () => {
  const text = '{"__proto__":{"x":1},"y":2}';
  assert.equal(textOf(JSON.parse(text)), text);
});

/** mulberry32: a small generator of numbers in [0, 1), the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const UNITS = [
  "a",
  '"',
  "\\",
  "\n",
  "\u0000",
  "\u2028",
  "é",
  "😀",
  "\ud800",
  "\udbff",
  "\udc00",
  "ud83d",
  "@b.io",
  "%40",
];
const NAMES = [
  "error",
  "$current_url",
  "$referrer",
  "toJSON",
  "__proto__",
  "toString",
  "valueOf",
  "constructor",
  "",
  "0",
];

/** Values as a page that means no good would make them. */
class Fuzz {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = generator(seed);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)] as T;
  }

  text(): string {
    return Array.from({ length: Math.floor(this.#random() * 6) }, () => this.pick(UNITS)).join("");
  }

  value(depth: number): unknown {
    const leaf = this.#leaf();
    return depth === 0 || this.#random() < 0.5 ? leaf() : this.object(depth - 1);
  }

  object(depth: number): unknown {
    const target: Record<string, unknown> = {};
    for (let count = Math.floor(this.#random() * 5); count > 0; count--) {
      const name = this.#random() < 0.3 ? this.pick(NAMES) : this.text();
      const value = this.value(depth);
      const descriptor = this.#random() < 0.1 ? { get: unreadable } : { value, writable: true };
      Object.defineProperty(target, name, { ...descriptor, enumerable: true, configurable: true });
    }
    return this.pick([this.#asItIs, this.#asItIs, this.#circular, this.#listed, this.#trapped])(target);
  }

  #leaf(): () => unknown {
    const number = (this.#random() - 0.5) * 10 ** Math.floor(this.#random() * 400 - 50);
    return this.pick<() => unknown>([
      () => this.text(),
      () => this.text(),
      () => number,
      () => this.pick([true, false, null, undefined, Number.NaN, -0]),
      () => BigInt(Math.floor(this.#random() * 2 ** 53)),
      () => Symbol("s"),
      () => this.pick([unreadable, () => undefined, () => "{", () => [7n], () => ({ error: 1 })]),
      () => new Date(number),
      () => this.pick([new Map(), new Set([1]), /x/, new Error("e"), new Uint8Array(3), Object(7n), Object("\ud800")]),
    ]);
  }

  readonly #asItIs = (target: object) => target;

  readonly #circular = (target: object) => Object.assign(target, { circular: target });

  readonly #listed = (target: object) => [target, target];

  readonly #trapped = (target: object) => {
    const traps = ["get", "ownKeys", "getOwnPropertyDescriptor", "getPrototypeOf", "has", "none"] as const;
    return new Proxy(target, { [this.pick(traps)]: unreadable });
  };
}

/** Every name and text in a JSON value. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [name, ...textsIn(member)]);
}

const SEED = 20_260_102;

test("of 2,000 hostile values each becomes the text of a plain object that PostHog can read", () => {
  const fuzz = new Fuzz(SEED);
  for (let round = 0; round < 2_000; round++) {
    const hostile = fuzz.pick([() => fuzz.object(4), () => fuzz.object(4), () => fuzz.value(0)])();
    const about = `round ${round} of seed ${SEED}`;
    let text = "";
    assert.doesNotThrow(() => {
      text = textOf(hostile);
    }, about);
    const read: unknown = JSON.parse(text);
    assert.ok(typeof read === "object" && read !== null && !Array.isArray(read), `${about}: ${text}`);
    // No half of a character, neither as such nor as an escape.
    assert.deepEqual(
      [text, ...textsIn(read)].filter((part) => /\p{Surrogate}/u.test(part)),
      [],
      `${about}: ${text}`,
    );
  }
});

test("beside any of 2,000 hostile members a harmless one is kept", () => {
  const fuzz = new Fuzz(SEED + 1);
  for (let round = 0; round < 2_000; round++) {
    const properties = { before: round, hostile: fuzz.value(4), after: "é" };
    const { before, after } = sent(properties);
    assert.deepEqual({ before, after }, { before: round, after: "é" }, `round ${round} of seed ${SEED + 1}`);
  }
});
