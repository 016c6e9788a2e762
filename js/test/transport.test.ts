// What the transport reads of an answer, and what it puts around events: the engine looks at neither.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";

import { post } from "../src/transport.js";

const PROJECT = { host: "http://127.0.0.1", apiKey: "phc_test" };

/** What is read of an answer with this body and these headers. */
async function answered(t: TestContext, body: string, init: ResponseInit = {}) {
  t.mock.method(globalThis, "fetch", async () => new Response(init.status === 204 ? null : body, init));
  return post(PROJECT, "{}", true);
}

test("PostHog's answers are told from those of somebody in between", async (t) => {
  for (const [body, content] of [
    ["", "api"],
    [" \n", "api"],
    ['{"status":"Ok"}', "api"],
    ['{"status":1}', "api"],
    ["1", "api"],
    ["null", "api"],
    ["[]", "api"],
    ['{"status":"Ok","quota_limited":["recordings"]}', "api"],
    ['{"status":"Ok","quota_limited":null}', "api"],
    ['{"status":"Ok","quota_limited":["recordings","events"]}', "quota_limited"],
    ["<!doctype html><title>Shop</title>", "foreign"],
    ["ok", "foreign"],
    ['{"status":"Ok"', "foreign"],
    [`[${"1,".repeat(4_096)}1]`, "foreign"],
  ] as const) {
    assert.equal((await answered(t, body)).content, content, body.slice(0, 80));
  }
  assert.deepEqual(await answered(t, "", { status: 204 }), { status: 204, content: "api", retryAfterS: 0 });
});

test("Retry-After counts in its seconds form, which does not depend on two clocks", async (t) => {
  for (const [header, seconds] of [
    ["2", 2],
    [" 120 ", 120],
    ["0", 0],
    ["", 0],
    ["soon", 0],
    ["-1", 0],
    // More than crosses to the engine, whose longest wait is an hour.
    ["4294967296", 65_535],
    ["1.5", 0],
    ["Wed, 21 Oct 2026 07:28:00 GMT", 0],
  ] as const) {
    const answer = await answered(t, "", { status: 503, headers: { "Retry-After": header } });
    assert.deepEqual(answer, { status: 503, content: "api", retryAfterS: seconds }, header);
  }
  assert.equal((await answered(t, "", { status: 503 })).retryAfterS, 0);
});

test("no answer is no error", async (t) => {
  t.mock.method(globalThis, "fetch", async () => Promise.reject(new TypeError("Failed to fetch")));
  assert.deepEqual(await post(PROJECT, "{}", true), { status: 0, content: "api", retryAfterS: 0 });
});

/** The body that is posted for these events. */
async function bodyOf(t: TestContext, apiKey: string, events: string): Promise<string> {
  const fetched = t.mock.method(globalThis, "fetch", async () => new Response(""));
  await post({ ...PROJECT, apiKey }, events, true);
  const [url, init] = fetched.mock.calls.at(-1)?.arguments ?? [];
  assert.equal(url, "http://127.0.0.1/i/v0/e/");
  return String(init?.body);
}

test("a body carries the project key, the events as they are and the time of the attempt", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_767_323_048_678 });
  const body = () => bodyOf(t, 'phc_"odd"', '{"event":"a","n":1.0e2},{"event":"b"}');
  assert.equal(
    await body(),
    '{"api_key":"phc_\\"odd\\"","sent_at":"2026-01-02T03:04:08.678Z","batch":[{"event":"a","n":1.0e2},{"event":"b"}]}',
  );
  t.mock.timers.tick(500);
  assert.equal(JSON.parse(await body()).sent_at, "2026-01-02T03:04:09.178Z");
});

test("what stands around the events of the longest key fits into what is kept free for it", async (t) => {
  assert.ok(new Blob([await bodyOf(t, '"'.repeat(64), "")]).size <= 192);
});
