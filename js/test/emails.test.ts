import assert from "node:assert/strict";
import { test } from "node:test";

import { replaceEmails } from "../src/emails.js";
import { readFixture } from "./repository.js";

for (const [text, clean] of readFixture<[string, string][]>("emails.json")) {
  test(`${JSON.stringify(text)} becomes ${JSON.stringify(clean)}`, () => {
    assert.equal(replaceEmails(text), clean);
    assert.equal(replaceEmails(clean), clean);
  });
}

test("a long text without an address is read in no time", () => {
  const started = performance.now();
  for (const text of ["a".repeat(20_000), "a.".repeat(10_000), `a@${"b.".repeat(10_000)}`]) replaceEmails(text);
  assert.ok(performance.now() - started < 10_000);
});
