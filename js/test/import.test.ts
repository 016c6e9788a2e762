import assert from "node:assert/strict";
import { test } from "node:test";

const GLOBALS = [
  "window",
  "self",
  "document",
  "location",
  "navigator",
  "localStorage",
  "sessionStorage",
  "indexedDB",
  "fetch",
  "crypto",
  "console",
  "performance",
  "WebAssembly",
  "XMLHttpRequest",
  "Worker",
  "addEventListener",
  "setTimeout",
  "setInterval",
  "queueMicrotask",
  "requestAnimationFrame",
];

test("importing an entry touches no global and starts nothing", async () => {
  const touched: string[] = [];
  const originals = new Map<string, PropertyDescriptor | undefined>();
  for (const name of GLOBALS) {
    const original = Object.getOwnPropertyDescriptor(globalThis, name);
    assert.ok(original?.configurable !== false, `${name} cannot be watched`);
    originals.set(name, original);
    const get = () => {
      touched.push(name);
      throw new Error(`importing touches ${name}`);
    };
    Object.defineProperty(globalThis, name, { get, configurable: true });
  }
  const names = Reflect.ownKeys(globalThis);
  const resources = process.getActiveResourcesInfo();
  try {
    // A getter that does not throw would prove nothing.
    assert.throws(() => localStorage, /importing touches localStorage/);
    touched.length = 0;
    const entries = [
      await import("../src/entries/index.js"),
      await import("../src/entries/lazy.js"),
      await import("../src/entries/no-wasm.js"),
    ];
    // What a module puts off to a later microtask is part of importing it.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    assert.deepEqual(touched, []);
    assert.deepEqual(Reflect.ownKeys(globalThis), names);
    assert.deepEqual(process.getActiveResourcesInfo(), resources);
    assert.deepEqual(
      entries.map((entry) => Object.keys(entry).sort()),
      [
        ["PostHogBookingTracker", "checkOptions", "loadTracker"],
        ["PostHogBookingTracker"],
        ["PostHogBookingTracker", "checkOptions", "openTracker"],
      ],
    );
  } finally {
    for (const [name, original] of originals) {
      if (original) Object.defineProperty(globalThis, name, original);
      else Reflect.deleteProperty(globalThis, name);
    }
  }
});
