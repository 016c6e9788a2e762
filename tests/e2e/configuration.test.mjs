// Configuration in a real page: whatever is passed, the constructor never throws, and it says once how to mend what is wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, storedKeys } from "./browser.mjs";
import { context, setStage, site } from "./stage.mjs";

setStage();
/** Makes a tracker, uses it, and gives what the console said meanwhile and what does the work. */
const tryOptions = (page, key, options) =>
  page.evaluate(
    async ([k, o]) => {
      const said = [];
      const { error, warn } = console;
      console.error = (text) => said.push(["error", text]);
      console.warn = (text) => said.push(["warn", text]);
      const tracker = new PostHogBookingTracker(k, o);
      tracker.capture("slot_picked");
      await tracker.flush();
      Object.assign(console, { error, warn });
      return { said, engine: tracker.stats().engine };
    },
    [key, options],
  );

test("a bad configuration turns the tracker off, throws nothing and says once how to mend it", async () => {
  const page = await openPage(context, `${site.url}/page`);
  for (const [key, options, hint] of [
    ["phx_secret", {}, "Revoke"],
    ["phc_ü", {}, "ASCII"],
    ["phc_x", { host: "eu.i.posthog.com" }, "https://eu.i.posthog.com"],
    ["phc_x", { host: "ftp://a.example" }, "https://"],
    ["phc_x", { api_host: "https://a.example" }, "Use host instead"],
    ["phc_x", { respect_dnt: true }, "Use respectDnt instead"],
    ["phc_x", { respectGpc: "yes" }, "true or false"],
    ["phc_x", { consent: "yes" }, '"granted" or "required"'],
    ["phc_x", { isTeamEnabled: "yes" }, "true, false or a function"],
    ["phc_x", { ungated: "drop" }, '"ignore" or "track"'],
    ["phc_x", "https://a.example", "an object of options"],
  ]) {
    const { said, engine } = await tryOptions(page, key, options);
    assert.equal(engine, "off");
    assert.equal(said.length, 1, said.join());
    const [[level, message]] = said;
    assert.equal(level, "error");
    assert.ok(message.includes(hint), message);
    assert.ok(message.endsWith("."), message);
  }
  assert.deepEqual(await storedKeys(page), []);
});

test("without a key the tracker is off in silence, and without a host it is on", async () => {
  const page = await openPage(context, `${site.url}/page`);
  for (const key of [undefined, null, "", "  "]) {
    assert.deepEqual(await tryOptions(page, key, { host: "" }), { said: [], engine: "off" });
  }
  assert.deepEqual(await tryOptions(page, "phc_x", { host: "", isTeamEnabled: false }), { said: [], engine: "wasm" });
  assert.deepEqual(await storedKeys(page), []);
});

test("a bad value of a number and an unknown option are warned of, and the tracker is on", async () => {
  const page = await openPage(context, `${site.url}/page`);
  for (const [options, hint] of [
    [{ flushAt: 0 }, "1 to 500"],
    [{ flushInterval: 1.5 }, "100 to 3600000"],
    [{ maxRetries: -1 }, "0 to 100"],
    [{ requestTimeout: "10" }, "1000 to 60000"],
    [{ flush_at: 7 }, "Use flushAt instead"],
    [{ autocapture: true }, "docs/options.md"],
  ]) {
    const { said, engine } = await tryOptions(page, "phc_x", { isTeamEnabled: false, ...options });
    assert.equal(engine, "wasm");
    assert.equal(said.length, 1, said.join());
    const [[level, message]] = said;
    assert.equal(level, "warn");
    assert.ok(message.includes(hint), message);
    assert.ok(message.endsWith("."), message);
  }
  const good = { host: "https://a.example/ingest/", isTeamEnabled: false };
  assert.deepEqual(await tryOptions(page, "phc_x", good), { said: [], engine: "wasm" });
  assert.deepEqual(await storedKeys(page), []);
});

test("a configuration that throws when it is read turns the tracker off, and the page goes on", async () => {
  const page = await openPage(context, `${site.url}/page`);
  const { said, engine, answers } = await page.evaluate(async () => {
    const said = [];
    const { error } = console;
    console.error = (text) => said.push(text);
    const options = {
      get host() {
        throw new Error("not yours");
      },
    };
    const tracker = new PostHogBookingTracker("phc_x", options);
    const answers = [tracker.capture("slot_picked"), tracker.getDistinctId(), tracker.consent(), await tracker.ready];
    await tracker.shutdown();
    console.error = error;
    return { said, engine: tracker.stats().engine, answers };
  });
  assert.equal(engine, "off");
  assert.equal(said.length, 1, said.join());
  assert.ok(said[0].includes("host"), said[0]);
  assert.deepEqual(answers, [undefined, undefined, "denied", undefined]);
  assert.deepEqual(await storedKeys(page), []);
  assert.deepEqual(page.errors, []);
});
