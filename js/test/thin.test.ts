// `js/` types, loads and adapts: what decides, stores, sends or names a property of PostHog's is Rust.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";

import { readFixture, readText, repositoryUrl } from "./repository.js";

/** The code of every file of js/src, without its comments, by the path of the file. */
function sources(): [path: string, code: string][] {
  const files = readdirSync(repositoryUrl("js/src"), { recursive: true, encoding: "utf8" });
  return files
    .filter((path) => path.endsWith(".ts"))
    .map((path) => [path, readText(`js/src/${path}`).replace(/^\s*(\/\/|\/?\*).*$/gm, "")]);
}

/** The files whose code has something like this. */
const filesWith = (pattern: RegExp) => sources().flatMap(([path, code]) => (pattern.test(code) ? [path] : []));

test("nothing but the door of the journal touches localStorage", () => {
  assert.deepEqual(filesWith(/\blocalStorage\b/), ["local-storage.ts"]);
});

test("nothing touches other storage, locks or the network", () => {
  assert.deepEqual(filesWith(/\b(sessionStorage|indexedDB|IDB\w+|locks|fetch|XMLHttpRequest|sendBeacon)\b/), []);
});

test("no property of PostHog's is named but in the public types, and no event of its own but where it is told to be urgent", () => {
  const names = sources().flatMap(([path, code]) =>
    (code.match(/(?<![`/])\\?\$[a-z]\w+/g) ?? []).map((name) => [path, name]),
  );
  assert.deepEqual(names, [
    // An event.
    ["must-send.ts", "\\$identify"],
  ]);
});

test("js/src is thin: at most 1,250 lines of code, types included", () => {
  const lines = sources().map(([, code]) => (code.match(/^.*\S.*$/gm) ?? []).length);
  assert.ok(lines.reduce((sum, count) => sum + count) <= 1_250);
});

test("a file of js/src does one thing: it has at most 300 lines of code", () => {
  const long = sources().flatMap(([path, code]) => ((code.match(/^.*\S.*$/gm) ?? []).length > 300 ? [path] : []));
  assert.deepEqual(long, []);
});

test("the reasons for giving up an event are those of the core", () => {
  const [, union = ""] = /DropReason =\n(.*?);/s.exec(readText("src/bindings/read_out.d.ts")) ?? [];
  const reasons = [...union.matchAll(/"(\w+)"/g)].map(([, reason]) => reason);
  const codes = readFixture<string[]>("notice-codes.json").slice(0, -3);
  assert.deepEqual(reasons, codes);
});
