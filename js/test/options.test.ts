// What is wrong with a configuration, as the module finds it. What is made of a good one stands in tests/configuration.rs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { checkOptions } from "../src/entries/index.js";
import type { Finding, FindingCode, FindingLevel } from "../src/public-types.js";
import { numberOptions, optionLevels, postHogJsNames, wordOptions } from "./option-tables.js";

const KEY = "phc_demo";
const NUMBERS = Object.entries(numberOptions());
const LEVELS = Object.entries(optionLevels());

/** What is wrong with a configuration, whatever the types say of it. */
const findingsOf = (options: unknown, apiKey: unknown = KEY): readonly Finding[] =>
  checkOptions(apiKey as string, options as object);

/** There is nothing wrong with these options. */
function check(options?: unknown, apiKey: unknown = KEY): void {
  assert.deepEqual(findingsOf(options, apiKey), []);
}

/** The one thing that is wrong with a configuration. */
function findingOf(options: unknown, ...given: [apiKey?: unknown]): Finding {
  const [apiKey] = given.length > 0 ? given : [KEY];
  const findings = checkOptions(apiKey as string, options as object);
  assert.equal(findings.length, 1, JSON.stringify(findings));
  return findings[0] ?? assert.fail();
}

const namesAndLevel = ({ code, option, level }: Finding) => [code, option, level];

test("everything but the key may be left out", () => {
  for (const none of [undefined, null, {}]) check(none);
  check(Object.fromEntries(LEVELS.map(([name]) => [name, undefined])));
});

test("a team id is a number, a text or null", () => {
  for (const teamId of [0, "a", "", null, 7n]) check({ teamId });
});

test("a switch is true, false, or left out", () => {
  const names = ["debug", "teamFlag", "respectDnt", "respectGpc", "featureFlags"] as const;
  for (const name of names) {
    for (const value of [true, false, undefined, null]) check({ [name]: value });
  }
});

test("a switch that is neither on nor off leaves the tracker off where others decide by it, and takes the default elsewhere", () => {
  for (const wrong of ["true", "", 1, 0, {}, [], Number.NaN]) {
    for (const name of ["respectDnt", "respectGpc", "teamFlag"]) {
      const finding = findingOf({ [name]: wrong });
      assert.deepEqual(namesAndLevel(finding), ["option_invalid", name, "error"]);
      assert.equal(finding.message, `${name} must be true or false, or left out.`);
    }
    for (const name of ["debug", "featureFlags"] as const) {
      const finding = findingOf({ [name]: wrong });
      assert.deepEqual(namesAndLevel(finding), ["option_invalid", name, "warning"]);
      assert.equal(finding.message, `${name} must be true or false, or left out. The default is used.`);
    }
  }
});

test("a constant answer for the team is taken as it is", () => {
  for (const isTeamEnabled of [true, false]) check({ isTeamEnabled });
});

for (const [name, { default: fallback, min, max }] of NUMBERS) {
  test(`${name} is a whole number from ${min} to ${max}, by default ${fallback}`, () => {
    for (const value of [min, min + 1, fallback, max - 1, max]) check({ [name]: value });
    const wrong = [min - 1, max + 1, min + 0.5, Number.NaN, Number.POSITIVE_INFINITY, String(min), null, [min], {}, 1n];
    for (const value of wrong) {
      const finding = findingOf({ [name]: value });
      assert.deepEqual(namesAndLevel(finding), ["option_out_of_range", name, "warning"]);
      const sentence = `${name} must be a whole number from ${min} to ${max}; leave it out for ${fallback}.`;
      assert.equal(finding.message, `${sentence} The default is used.`);
    }
  });
}

// What is wrong, with which option, how much it matters, and the words that say how to mend it.
const MISTAKES: [FindingCode, option: string, FindingLevel, options: unknown, apiKey: unknown, mending: RegExp][] = [
  ["api_key_missing", "apiKey", "info", {}, undefined, /Pass the key that starts with phc_/],
  ["api_key_missing", "apiKey", "info", {}, null, /Pass the key/],
  ["api_key_missing", "apiKey", "info", {}, "", /Pass the key/],
  ["api_key_missing", "apiKey", "info", {}, " \n", /Pass the key/],
  ["api_key_invalid", "apiKey", "error", {}, 7, /must be a text/],
  ["api_key_invalid", "apiKey", "error", {}, { key: KEY }, /must be a text/],
  ["api_key_personal", "apiKey", "error", {}, "phx_secret", /Revoke it and pass the project API key \(phc_\)/],
  ["api_key_personal", "apiKey", "error", {}, "  phx_secret ", /Revoke it/],
  ["api_key_invalid", "apiKey", "error", {}, "x".repeat(65), /at most 64 ASCII characters without spaces/],
  ["api_key_invalid", "apiKey", "error", {}, "phc_de mo", /without spaces/],
  ["api_key_invalid", "apiKey", "error", {}, "phc_démo", /ASCII/],
  ["api_key_invalid", "apiKey", "error", {}, "phc_\u0000", /ASCII/],
  [
    "host_invalid",
    "host",
    "error",
    { host: "us.i.posthog.com" },
    KEY,
    /must be https:\/\/us\.i\.posthog\.com, .* or the full http\(s\) URL of your/,
  ],
  [
    "host_corrected",
    "host",
    "warning",
    { host: "https://eu.posthog.com" },
    KEY,
    /sent to .*eu\.i\.posthog\.com; write/,
  ],
  ["host_invalid", "host", "error", { host: "/ingest" }, KEY, /the full http\(s\) URL of your proxy/],
  ["host_invalid", "host", "error", { host: "//a.example" }, KEY, /the full http\(s\) URL of your proxy/],
  ["host_invalid", "host", "error", { host: "ftp://a.example" }, KEY, /the full http\(s\) URL of your proxy/],
  ["host_invalid", "host", "error", { host: "javascript:alert(1)" }, KEY, /the full http\(s\) URL of your proxy/],
  ["host_invalid", "host", "error", { host: "undefined" }, KEY, /the full http\(s\) URL of your proxy/],
  ["host_invalid", "host", "error", { host: 7 }, KEY, /host must be/],
  ["host_invalid", "host", "error", { host: false }, KEY, /host must be/],
  ["host_invalid", "host", "error", { host: {} }, KEY, /host must be/],
  [
    "option_invalid",
    "isTeamEnabled",
    "error",
    { isTeamEnabled: "true" },
    KEY,
    /must be true, false or a function that is given a team id, or left/,
  ],
  ["option_invalid", "isTeamEnabled", "error", { isTeamEnabled: null }, KEY, /isTeamEnabled must be true, false or a/],
  ["option_invalid", "isTeamEnabled", "error", { isTeamEnabled: 1 }, KEY, /isTeamEnabled must be true, false or a/],
  ["option_invalid", "teamId", "error", { teamId: {} }, KEY, /teamId must be a number or a text, or left out/],
  ["option_invalid", "teamId", "error", { teamId: Symbol("a") }, KEY, /teamId must be a number or a text/],
  ["option_invalid", "ungated", "error", { ungated: "drop" }, KEY, /ungated must be "ignore" or "track", or left out/],
  ["option_invalid", "ungated", "error", { ungated: null }, KEY, /ungated must be "ignore" or "track"/],
  ["option_invalid", "ungated", "error", { ungated: true }, KEY, /ungated must be "ignore" or "track"/],
  ["option_invalid", "consent", "error", { consent: "yes" }, KEY, /consent must be "granted" or "required"/],
  ["option_invalid", "consent", "error", { consent: null }, KEY, /consent must be "granted" or "required"/],
  ["option_invalid", "posthog", "warning", { posthog: false }, KEY, /posthog must be an instance of posthog-js/],
  ["option_out_of_range", "flushAt", "warning", { flushAt: 0 }, KEY, /leave it out for 20\. The default is used/],
  ["option_misspelt", "api_host", "error", { api_host: "https://a.example" }, KEY, /posthog-js\. Use host instead/],
  ["option_misspelt", "flush_at", "warning", { flush_at: 1 }, KEY, /flush_at is no option, .* Use flushAt instead/],
  ["option_unknown", "autocapture", "warning", { autocapture: true }, KEY, /autocapture is no .* docs\/options\.md/],
  ["options_invalid", "options", "error", "https://eu.i.posthog.com", KEY, /must be an object of options/],
  ["options_invalid", "options", "error", [], KEY, /must be an object of options/],
  ["options_invalid", "options", "error", () => {}, KEY, /must be an object of options/],
  ["options_invalid", "options", "error", 7, KEY, /must be an object of options/],
];

for (const [code, option, level, options, apiKey, mending] of MISTAKES) {
  const about = `${String(JSON.stringify(apiKey)).slice(0, 20)} with ${JSON.stringify(options)}`;
  const what = { error: "turns the tracker off", info: "turns the tracker off in silence", warning: "is warned of" }[
    level
  ];
  test(`${about} ${what} as ${code}, with the way to mend it`, () => {
    const finding = findingOf(options, apiKey);
    assert.deepEqual(namesAndLevel(finding), [code, option, level]);
    assert.match(finding.message, mending);
    assert.match(finding.message, /^[A-Za-z].*\.$/);
  });
}

test("every code is one that a mistake leads to", () => {
  // The compiler demands every code here, and no other.
  const codes: Record<FindingCode, true> = {
    api_key_missing: true,
    api_key_personal: true,
    api_key_invalid: true,
    host_invalid: true,
    host_corrected: true,
    option_out_of_range: true,
    option_invalid: true,
    option_misspelt: true,
    option_unknown: true,
    option_unreadable: true,
    options_invalid: true,
    unchecked: true,
  };
  // These have tests of their own; the last one in tests/contracts/options.test.mjs.
  const known = new Set([...MISTAKES.map(([code]) => code), "option_unreadable", "unchecked"]);
  assert.deepEqual(known, new Set(Object.keys(codes)));
});

test("a key of 64 characters is taken, and the secret of a personal one is not repeated", () => {
  check({}, "x".repeat(64));
  check({}, ` ${KEY}\n`);
  assert.doesNotMatch(findingOf({}, "phx_secret").message, /secret/);
});

test("checkOptions gives every finding at once, in a fixed order, and none for a good configuration", () => {
  const good = {
    host: "https://eu.i.posthog.com",
    teamId: 42,
    isTeamEnabled: true,
    teamGateUrl: "/api/gate",
    flushAt: 7,
  };
  assert.deepEqual(checkOptions(KEY, good), []);
  const bad = { colour: 1, api_host: "x", host: "x", flushAt: 0, respectDnt: "yes" };
  assert.deepEqual(checkOptions("phx_secret", bad as object).map(namesAndLevel), [
    ["api_key_personal", "apiKey", "error"],
    ["host_invalid", "host", "error"],
    ["option_out_of_range", "flushAt", "warning"],
    ["option_invalid", "respectDnt", "error"],
    ["option_unknown", "colour", "warning"],
    ["option_misspelt", "api_host", "error"],
  ]);
  assert.deepEqual(bad, { colour: 1, api_host: "x", host: "x", flushAt: 0, respectDnt: "yes" });
});

// A name as somebody writes it, and the option that is meant.
const STRICT: [written: string, meant: string][] = [
  ["Host", "host"],
  ["HOST", "host"],
  ["hots", "host"],
  ["hst", "host"],
  ["hosst", "host"],
  ["host_", "host"],
  ["apiHost", "host"],
  ["api-host", "host"],
  ["API_HOST", "host"],
  ["hostUrl", "host"],
  ["posthog_host", "host"],
  ["Consent", "consent"],
  ["concent", "consent"],
  ["consnet", "consent"],
  ["consentMode", "consent"],
  ["cookielessMode", "consent"],
  ["optOutCapturingByDefault", "consent"],
  ["respectDNT", "respectDnt"],
  ["respect-dnt", "respectDnt"],
  ["respectDnd", "respectDnt"],
  ["dnt", "respectDnt"],
  ["doNotTrack", "respectDnt"],
  ["respectGPC", "respectGpc"],
  ["respect_gpc", "respectGpc"],
  ["honourGpc", "respectGpc"],
  ["globalPrivacyControl", "respectGpc"],
];

for (const [written, meant] of STRICT) {
  test(`${written} is ${meant} misspelt, and turns the tracker off`, () => {
    for (const value of ["https://a.example", true, undefined]) {
      const finding = findingOf({ [written]: value });
      assert.deepEqual(namesAndLevel(finding), ["option_misspelt", written, "error"]);
      assert.ok(finding.message.includes(`Use ${meant} instead;`), finding.message);
    }
  });
}

// A name that is ignored, and the option that the warning names; none, where no name is near.
const IGNORED: [written: string, meant: string | undefined][] = [
  ["flush_at", "flushAt"],
  ["FLUSHAT", "flushAt"],
  ["flushInterva", "flushInterval"],
  ["flush-intervals", "flushInterval"],
  ["team", "teamId"],
  ["TeamID", "teamId"],
  ["isTeamEnable", "isTeamEnabled"],
  ["postHog", "posthog"],
  ["retries", "maxRetries"],
  ["timeout", undefined],
  ["name", undefined],
  ["token", undefined],
  ["loaded", undefined],
  ["capture_pageview", undefined],
  ["internal_or_test_user_hostname", undefined],
  ["", undefined],
  ["__proto", undefined],
  ["constructor", undefined],
  ["toString", undefined],
  ["x".repeat(10_000), undefined],
];

for (const [written, meant] of IGNORED) {
  const what = meant ? `the warning names ${meant}` : "the warning names the table";
  test(`${written.slice(0, 20)} is ignored, and ${what}`, () => {
    const finding = findingOf({ [written]: 1 });
    const code = meant ? "option_misspelt" : "option_unknown";
    assert.deepEqual(namesAndLevel(finding), [code, written, "warning"]);
    const mending = meant ? `Use ${meant} instead; docs/options.md` : "take one from the table in docs/options.md";
    assert.ok(finding.message.includes(mending), finding.message);
    assert.ok(finding.message.length < 250);
  });
}

test("a name of posthog-js leads to the option that does the same here", () => {
  for (const [written, meant] of Object.entries(postHogJsNames())) {
    const isStrict = ["host", "consent", "respectDnt", "respectGpc", "beforeSend"].includes(meant);
    const finding = findingOf({ [written]: true });
    assert.deepEqual(namesAndLevel(finding), ["option_misspelt", written, isStrict ? "error" : "warning"]);
    assert.ok(finding.message.startsWith(`${written} is an option of posthog-js`), finding.message);
    assert.ok(finding.message.includes(`Use ${meant} instead`), finding.message);
  }
});

test("a getter that throws costs the tracker where the option decides what is sent, and nothing more where it does not", () => {
  for (const [name, level] of LEVELS) {
    const options = Object.defineProperty({}, name, {
      enumerable: true,
      get() {
        throw new Error("secret");
      },
    });
    const finding = findingOf(options);
    assert.deepEqual(namesAndLevel(finding), ["option_unreadable", name, level]);
    assert.match(finding.message, new RegExp(`^${name} cannot be read, .* Pass a plain value\\.`));
    assert.doesNotMatch(finding.message, /secret/);
  }
  const unread = Object.defineProperty({}, "colour", { enumerable: true, get: () => assert.fail("nobody reads it") });
  assert.equal(findingOf(unread).code, "option_unknown");
});

test("an option is read once", () => {
  for (const name of LEVELS.map(([option]) => option)) {
    let reads = 0;
    findingsOf(Object.defineProperty({}, name, { enumerable: true, get: () => void reads++ }));
    assert.equal(reads, 1, name);
  }
});

test("nothing throws, whatever stands in place of the options, of one of them or of the key", () => {
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const fail = () => {
    throw new Error("a trap");
  };
  const traps = { get: fail, ownKeys: fail, has: fail, getPrototypeOf: fail, getOwnPropertyDescriptor: fail };
  const circular: object[] = [];
  circular.push(circular);
  const hostile = [
    revoked(),
    new Proxy({}, traps),
    new Proxy([], traps),
    new Proxy(() => {}, traps),
    circular,
    Object.create(null),
    { toString: null, valueOf: null },
    { toString: fail, [Symbol.toPrimitive]: fail, toJSON: fail },
    Symbol("a"),
    1n,
  ];
  for (const value of hostile) {
    assert.ok(Array.isArray(findingsOf(value, value)));
    assert.equal(findingOf({}, value).code, "api_key_invalid");
    for (const name of LEVELS.map(([option]) => option)) assert.ok(Array.isArray(findingsOf({ [name]: value })), name);
  }
  for (const thrown of [...hostile, null, undefined]) {
    const get = () => {
      throw thrown;
    };
    assert.equal(findingOf(Object.defineProperty({}, "host", { enumerable: true, get })).code, "option_unreadable");
  }
  for (const options of [revoked(), new Proxy({}, traps)]) assert.equal(findingOf(options).code, "options_invalid");
  for (const host of [circular, revoked(), 1n]) assert.equal(findingOf({ host }).code, "host_invalid");
  for (const teamId of hostile.slice(0, -1)) assert.equal(findingOf({ teamId }).code, "option_invalid");
});

test("a choice of words takes each of them, and says what there is", () => {
  for (const [name, words] of Object.entries(wordOptions())) {
    for (const word of words) check({ [name]: word });
    for (const wrong of ["", "other", 1, true, {}, []]) {
      const finding = findingOf({ [name]: wrong });
      assert.deepEqual(namesAndLevel(finding), ["option_invalid", name, "error"]);
      for (const word of words) assert.ok(finding.message.includes(`"${word}"`), finding.message);
    }
  }
});

test("one hook or several are a list of hooks", () => {
  const hook = () => null;
  for (const beforeSend of [hook, [], [hook, hook], null]) check({ beforeSend });
  for (const beforeSend of ["hook", [hook, 1], {}, 7]) {
    const finding = findingOf({ beforeSend });
    assert.deepEqual(namesAndLevel(finding), ["option_invalid", "beforeSend", "error"]);
    assert.match(finding.message, /^beforeSend must be a function/);
  }
});

test("a bootstrap is an object whose id PostHog would take", () => {
  const bootstrap = { distinctId: "ada", isIdentified: true };
  for (const good of [bootstrap, null, []]) check({ bootstrap: good });
  for (const wrong of [
    "ada",
    7,
    [1],
    { distinctId: () => "ada" },
    { distinctId: Number.NaN },
    { distinctId: "" },
    { distinctId: "null" },
    { distinctId: true },
  ]) {
    assert.deepEqual(namesAndLevel(findingOf({ bootstrap: wrong })), ["option_invalid", "bootstrap", "error"]);
  }
  for (const name of ["featureFlags", "featureFlagPayloads", "teams"]) {
    for (const wrong of ["x", 7, true, [1], () => ({})]) {
      assert.match(findingOf({ bootstrap: { [name]: wrong } }).message, new RegExp(`^bootstrap.${name} must be`));
    }
    for (const none of [null, undefined, {}, []]) check({ bootstrap: { [name]: none } });
  }
  assert.match(
    findingOf({ bootstrap: { teams: { 42: "yes" } } }).message,
    /^bootstrap.teams must be an object of true/,
  );
});

test("what the server does not know, and says by null, is left out of a bootstrap", () => {
  check({ bootstrap: { distinctId: null, sessionId: null, featureFlags: null, teams: { 42: true } } });
});

test("a URL of the team gate is http, and may be relative to the page", () => {
  const url = new URL("https://app.example/gate");
  for (const teamGateUrl of ["https://app.example/gate?x=1", url, "/gate", undefined, null]) check({ teamGateUrl });
  for (const wrong of ["", " ", "http://", "ftp://app.example", "javascript:true", 7, {}, []]) {
    const finding = findingOf({ teamGateUrl: wrong });
    assert.deepEqual(namesAndLevel(finding), ["option_invalid", "teamGateUrl", "error"]);
    assert.match(finding.message, /^teamGateUrl must be an http\(s\) URL of your application/);
  }
});

test("an address may be an object with an href, and whatever else looks like one throws nothing", () => {
  for (const host of [new URL("https://a.example"), { href: "https://a.example" }]) check({ host });
  const url = new URL("https://a.example");
  class Throwing extends URL {
    override get href(): string {
      throw new Error("a trap");
    }
  }
  for (const odd of [Object.create(URL.prototype), new Proxy(url, {}), new Throwing("https://a.example")]) {
    assert.equal(findingOf({ host: odd }).code, "host_invalid");
    assert.equal(findingOf({ debug: odd }).code, "option_invalid");
    check({ posthog: odd });
  }
});

test("a posthog-js is an object, a function, or the array with methods that its snippet leaves until it has loaded", () => {
  const snippet = Object.assign([], { init() {}, capture() {} });
  for (const posthog of [null, undefined, {}, () => {}, snippet]) check({ posthog });
});

test("white space around key and host is JavaScript's", () => {
  check({ host: "\uFEFF" }, `\uFEFF${KEY}`);
  assert.equal(findingOf({}, "\uFEFF").code, "api_key_missing");
  assert.equal(findingOf({}, `${KEY}\u0085`).code, "api_key_invalid");
});
