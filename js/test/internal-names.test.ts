// Holds the list of shortened member names (scripts/build-package.mjs) against everything that somebody outside names too.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readText } from "./repository.js";

const [, list = ""] = /INTERNAL_NAMES =\s*"([^"]+)"/.exec(readText("scripts/build-package.mjs")) ?? [];
const names = list.split(" ");

const wordsOf = (code: string) => new Set(code.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "").match(/[A-Za-z_$][\w$]*/g));

/** The members of the interfaces that a module stores as JSON. */
function storedBy(module: string): string {
  const interfaces = /^(?:export )?interface (?:Stored|Identity|Flag|PageAddress|Window)\b[^{]*\{.*?^\}/gms;
  return (readText(`js/src/${module}.ts`).match(interfaces) ?? []).join("\n");
}

test("a shortened name is none that a page, a server, the engine or storage knows", () => {
  assert.ok(names.length > 40 && names.includes("askedMs"));
  const outside = {
    types: readText("js/src/types.ts"),
    tracker: (readText("js/src/tracker.ts").match(/^ {2}(?:async |get |readonly )?\w+(?=[(<:])/gm) ?? []).join("\n"),
    endpoint: /export interface FlagDetail[\s\S]*?^\}[\s\S]*?^\}/m.exec(readText("js/src/flags-request.ts"))?.[0] ?? "",
    engine: readText("src/browser/page_side.rs").replace(/js_name = /g, ""),
    ...Object.fromEntries(
      ["identity", "session", "super-properties", "flag-cache", "page-address"].map((module) => [
        module,
        storedBy(module),
      ]),
    ),
  };
  for (const [who, code] of Object.entries(outside)) {
    assert.ok(code.length > 0, `${who} has nothing to compare with`);
    const words = wordsOf(code);
    const shared = names.filter((name) => words.has(name));
    assert.deepEqual(shared, [], who);
  }
});
