// Holds docs/contracts.md against the tests that it names.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const rows = readFileSync(new URL("docs/contracts.md", root), "utf8")
  .split("\n")
  .filter((line) => /^\| \d+ \|/.test(line))
  .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "").trim()));

test("every contract has a row, numbered in order", () => {
  assert.deepEqual(
    rows.map(([number]) => Number(number)),
    Array.from({ length: 62 }, (_, index) => index + 1),
  );
});

test("a contract that applies names tests that exist, and the others say why not", () => {
  for (const [, contract, applies, why, tests = ""] of rows) {
    assert.match(applies, /^(yes|no)$/, contract);
    assert.match(why, /\S.*\.$/, contract);
    const named = tests.split("<br>").filter((text) => /\S/.test(text) && text !== "|");
    assert.equal(named.length > 0, applies === "yes", contract);
    for (const text of named) {
      const [, file, title] = /^`(.+?)` (.+)$/.exec(text) ?? assert.fail(`${contract}: ${text}`);
      const source = readFileSync(new URL(file, root), "utf8");
      assert.ok(source.includes(`test("${title}"`), `${contract}: ${file} has no test "${title}"`);
    }
  }
});
