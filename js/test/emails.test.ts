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
