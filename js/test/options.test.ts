import assert from "node:assert/strict";
import { test } from "node:test";

import { ConfigurationError, type ConfigurationErrorCode } from "../src/errors.js";
import { type CheckedOptions, checkOptions, DEFAULT_HOST, NUMBER_OPTIONS, WORD_OPTIONS } from "../src/options.js";
import { projectHash } from "../src/record.js";
import type { TrackerOptions } from "../src/types.js";

const KEY = "phc_demo";
const NUMBERS = Object.entries(NUMBER_OPTIONS) as [keyof typeof NUMBER_OPTIONS, (typeof NUMBER_OPTIONS)["flushAt"]][];

/** Checks what JavaScript may pass, whatever the types say. */
const check = (options: unknown): CheckedOptions => checkOptions(KEY, options as TrackerOptions);

const errorOf = (options: unknown, apiKey: unknown): ConfigurationError => {
  try {
    checkOptions(apiKey, options as TrackerOptions);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    return error;
  }
  return assert.fail(`nothing is wrong with ${String(apiKey)} and these options`);
};

test("everything but the key may be left out", () => {
  const expected: CheckedOptions = {
    apiKey: KEY,
    project: projectHash(KEY),
    host: "https://us.i.posthog.com",
    team: "",
    flushAt: 20,
    flushInterval: 10_000,
    maxRetries: 10,
    requestTimeout: 10_000,
    gateTtl: 300_000,
    flagRetries: 1,
    debug: false,
    isTeamEnabled: undefined,
    teamGateUrl: "",
    teamFlag: false,
    holdUnknown: "durable",
    ungated: "ignore",
    consent: "granted",
    respectDnt: false,
    respectGpc: false,
    personProfiles: "identifiedOnly",
    identity: "own",
    posthog: undefined,
    bootstrap: undefined,
    featureFlags: false,
    beforeSend: [],
  };
  assert.deepEqual(checkOptions(KEY), expected);
  const others = ["respectDnt", "respectGpc", "posthog", "bootstrap", "beforeSend", ...Object.keys(WORD_OPTIONS)];
  const names = [
    "host",
    "teamId",
    "debug",
    "isTeamEnabled",
    "teamGateUrl",
    "teamFlag",
    "featureFlags",
    ...others,
    ...Object.keys(NUMBER_OPTIONS),
  ];
  assert.deepEqual(check(Object.fromEntries(names.map((name) => [name, undefined]))), expected);
});

test("what is passed is taken", () => {
  const isTeamEnabled = () => true;
  const options = { teamId: 42, debug: true, isTeamEnabled, ungated: "track" as const, flushAt: 7, maxRetries: 0 };
  const checked = checkOptions(` ${KEY}\n`, options);
  assert.equal(checked.apiKey, KEY);
  assert.equal(checked.team, "42");
  assert.equal(checked.debug, true);
  assert.equal(checked.isTeamEnabled, isTeamEnabled);
  assert.equal(checked.ungated, "track");
  assert.equal(checked.flushAt, 7);
  assert.equal(checked.maxRetries, 0);
});

test("a team id is written as text, and null is none", () => {
  for (const [teamId, team] of [
    [0, "0"],
    ["a", "a"],
    ["", ""],
    [null, ""],
  ] as const) {
    assert.equal(check({ teamId }).team, team);
  }
});

test("only true turns debug on", () => {
  for (const debug of [false, "true", 1, {}, null]) assert.equal(check({ debug }).debug, false);
});

test("a constant answer for the team is taken as it is", () => {
  for (const isTeamEnabled of [true, false]) assert.equal(check({ isTeamEnabled }).isTeamEnabled, isTeamEnabled);
});

for (const [name, { default: fallback, min, max }] of NUMBERS) {
  test(`${name} is a whole number from ${min} to ${max}, by default ${fallback}`, () => {
    assert.equal(check({})[name], fallback);
    for (const value of [min, min + 1, fallback, max - 1, max]) assert.equal(check({ [name]: value })[name], value);
    const wrong = [min - 1, max + 1, min + 0.5, Number.NaN, Number.POSITIVE_INFINITY, String(min), null, [min], {}, 1n];
    for (const value of wrong) {
      const error = errorOf({ [name]: value }, KEY);
      assert.equal(error.code, "option_out_of_range");
      const sentence = `${name} must be a whole number from ${min} to ${max}; leave it out for ${fallback}.`;
      assert.equal(error.message, sentence);
    }
  });
}

// What is wrong, and the words that say how to mend it.
const MISTAKES: [ConfigurationErrorCode, options: unknown, apiKey: unknown, mending: RegExp][] = [
  ["api_key_missing", {}, undefined, /Pass the key that starts with phc_/],
  ["api_key_missing", {}, null, /Pass the key/],
  ["api_key_missing", {}, "", /Pass the key/],
  ["api_key_missing", {}, " \n", /Pass the key/],
  ["api_key_missing", {}, 7, /Pass the key/],
  ["api_key_missing", {}, { key: KEY }, /Pass the key/],
  ["api_key_personal", {}, "phx_secret", /Revoke it and pass the project API key \(phc_\)/],
  ["api_key_personal", {}, "  phx_secret ", /Revoke it/],
  ["api_key_invalid", {}, "x".repeat(65), /at most 64 ASCII characters without spaces/],
  ["api_key_invalid", {}, "phc_de mo", /without spaces/],
  ["api_key_invalid", {}, "phc_démo", /ASCII/],
  ["api_key_invalid", {}, "phc_\u0000", /ASCII/],
  [
    "host_invalid",
    { host: "us.i.posthog.com" },
    KEY,
    /must be https:\/\/us\.i\.posthog\.com, .* or the full http\(s\) URL of your/,
  ],
  ["host_invalid", { host: "" }, KEY, /the full http\(s\) URL of your proxy/],
  ["host_invalid", { host: "/ingest" }, KEY, /the full http\(s\) URL of your proxy/],
  ["host_invalid", { host: "//a.example" }, KEY, /the full http\(s\) URL of your proxy/],
  ["host_invalid", { host: "ftp://a.example" }, KEY, /the full http\(s\) URL of your proxy/],
  ["host_invalid", { host: "javascript:alert(1)" }, KEY, /the full http\(s\) URL of your proxy/],
  ["host_invalid", { host: 7 }, KEY, /host must be/],
  ["host_invalid", { host: {} }, KEY, /host must be/],
  [
    "option_invalid",
    { isTeamEnabled: "true" },
    KEY,
    /must be true, false or a function that is given a team id, or left/,
  ],
  ["option_invalid", { isTeamEnabled: null }, KEY, /isTeamEnabled must be true, false or a function/],
  ["option_invalid", { isTeamEnabled: 1 }, KEY, /isTeamEnabled must be true, false or a function/],
  ["option_invalid", { ungated: "drop" }, KEY, /ungated must be "ignore" or "track", or left out/],
  ["option_invalid", { ungated: null }, KEY, /ungated must be "ignore" or "track"/],
  ["option_invalid", { ungated: true }, KEY, /ungated must be "ignore" or "track"/],
  ["option_out_of_range", { flushAt: 0 }, KEY, /leave it out for 20/],
];

for (const [code, options, apiKey, mending] of MISTAKES) {
  const about = `${JSON.stringify(apiKey)?.slice(0, 20)} with ${JSON.stringify(options)}`;
  test(`${about} is refused as ${code}, with the way to mend it`, () => {
    const error = errorOf(options, apiKey);
    assert.equal(error.code, code);
    assert.equal(error.name, "ConfigurationError");
    assert.match(error.message, mending);
    assert.match(error.message, /\.$/);
  });
}

test("every code of a ConfigurationError is one that a mistake leads to", () => {
  // The compiler demands every code here, and no other.
  const codes: Record<ConfigurationErrorCode, true> = {
    api_key_missing: true,
    api_key_personal: true,
    api_key_invalid: true,
    host_invalid: true,
    option_out_of_range: true,
    option_invalid: true,
  };
  assert.deepEqual(new Set(MISTAKES.map(([code]) => code)), new Set(Object.keys(codes)));
});

test("a key of 64 characters is taken, and the secret of a personal one is not repeated", () => {
  assert.equal(checkOptions("x".repeat(64)).apiKey.length, 64);
  assert.doesNotMatch(errorOf({}, "phx_secret").message, /secret/);
});

// A host as it is configured, and as it is used.
const HOSTS: [configured: unknown, used: string][] = [
  [undefined, DEFAULT_HOST],
  ["https://eu.i.posthog.com", "https://eu.i.posthog.com"],
  ["https://eu.i.posthog.com/", "https://eu.i.posthog.com"],
  ["https://eu.i.posthog.com///", "https://eu.i.posthog.com"],
  ["HTTPS://EU.I.PostHog.com", "https://eu.i.posthog.com"],
  ["http://localhost:8000", "http://localhost:8000"],
  ["https://a.example:443/", "https://a.example"],
  ["https://a.example/ingest", "https://a.example/ingest"],
  ["https://a.example/ingest/", "https://a.example/ingest"],
  ["https://a.example/a/b//", "https://a.example/a/b"],
  ["https://a.example/a/../b", "https://a.example/b"],
  ["https://a.example/ingest/?key=x#y", "https://a.example/ingest"],
  ["https://a.example?key=x", "https://a.example"],
  ["https://ada:secret@a.example/ingest", "https://a.example/ingest"],
  ["  https://a.example  ", "https://a.example"],
  [new URL("https://a.example/proxy/"), "https://a.example/proxy"],
];

for (const [configured, used] of HOSTS) {
  test(`the host ${JSON.stringify(configured)} is used as ${used}`, () => {
    assert.equal(check({ host: configured }).host, used);
  });
}

test("whatever is passed as host or options, the error is a ConfigurationError", () => {
  const circular: object[] = [];
  circular.push(circular);
  for (const options of [{ host: 1n }, { host: circular }]) assert.equal(errorOf(options, KEY).code, "host_invalid");
  for (const teamId of [Object.create(null), { toString: null, valueOf: null }]) {
    assert.equal(errorOf({ teamId }, KEY).code, "option_invalid");
  }
  assert.deepEqual(check(null), checkOptions(KEY));
});

test("a choice of words takes each of them, and says what there is", () => {
  for (const [name, words] of Object.entries(WORD_OPTIONS)) {
    for (const word of words) assert.ok(check({ [name]: word }));
    for (const wrong of ["", "other", 1, true, {}, []]) {
      const error = errorOf({ [name]: wrong }, KEY);
      assert.equal(error.code, "option_invalid");
      for (const word of words) assert.ok(error.message.includes(`"${word}"`), error.message);
    }
  }
});

test("one hook or several are a list of hooks", () => {
  const hook = () => null;
  assert.deepEqual(check({ beforeSend: hook }).beforeSend, [hook]);
  assert.deepEqual(check({ beforeSend: [hook, hook] }).beforeSend, [hook, hook]);
  for (const beforeSend of ["hook", [hook, 1], {}, 7]) {
    assert.match(errorOf({ beforeSend }, KEY).message, /^beforeSend must be a function/);
  }
});

test("a bootstrap is an object whose id PostHog would take", () => {
  const bootstrap = { distinctId: "ada", isIdentified: true };
  assert.deepEqual(check({ bootstrap }).bootstrap, bootstrap);
  assert.equal(check({ bootstrap: null }).bootstrap, undefined);
  for (const wrong of ["ada", 7, { distinctId: "" }, { distinctId: "null" }, { distinctId: 7 }]) {
    assert.equal(errorOf({ bootstrap: wrong }, KEY).code, "option_invalid");
  }
  for (const name of ["featureFlags", "featureFlagPayloads", "teams"]) {
    for (const wrong of ["x", 7, true]) {
      assert.match(errorOf({ bootstrap: { [name]: wrong } }, KEY).message, new RegExp(`^bootstrap.${name} must be`));
    }
    for (const none of [null, undefined, {}]) assert.ok(check({ bootstrap: { [name]: none } }));
  }
  assert.match(
    errorOf({ bootstrap: { teams: { 42: "yes" } } }, KEY).message,
    /^bootstrap.teams must be an object of true/,
  );
});

test("a URL of the team gate is http, and absolute where there is no page", () => {
  assert.equal(check({ teamGateUrl: "https://app.example/gate?x=1" }).teamGateUrl, "https://app.example/gate?x=1");
  for (const none of [undefined, null]) assert.equal(check({ teamGateUrl: none }).teamGateUrl, "");
  for (const wrong of ["", "/gate", "ftp://app.example", "javascript:true", 7, {}]) {
    assert.match(
      errorOf({ teamGateUrl: wrong }, KEY).message,
      /^teamGateUrl must be an http\(s\) URL of your application/,
    );
  }
});
