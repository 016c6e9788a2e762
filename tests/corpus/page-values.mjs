// What JSON cannot hold, by name: values that do harm, hooks, gate sources, and a posthog-js. Each is a text or a function that
// needs nothing around it, because it is made anew in the realm of each page, as the page's own code would make it.

/** Values, as expressions. `{"$hostile": "<name>"}` in a case. */
export const HOSTILE = {
  undefined: "undefined",
  nan: "NaN",
  infinity: "Infinity",
  minusInfinity: "-Infinity",
  minusZero: "-0",
  unsafeInteger: "9007199254740993",
  bigint: "12345678901234567890n",
  symbol: 'Symbol("x")',
  function: "() => 7",
  date: "new Date(1767225600000)",
  invalidDate: "new Date(NaN)",
  regexp: "/x/g",
  map: 'new Map([["a", 1]])',
  set: 'new Set(["a"])',
  bytes: "new Uint8Array([1, 2, 3])",
  error: 'new Error("write to ada@lovelace.org")',
  errorWithCause: 'Object.assign(new TypeError("no host"), { code: "E_HOST", cause: { to: "ada@lovelace.org" } })',
  promise: "Promise.resolve(1)",
  boxedText: 'new String("boxed")',
  boxedNumber: "new Number(7)",
  instance: 'new (class Booking { #secret = 1; uid = "u-1"; get length() { return 30; } })()',
  bare: 'Object.assign(Object.create(null), { uid: "u-1" })',
  noText: "Object.create(null)",
  inherited: "Object.assign(Object.create({ inherited: 1 }), { own: 2 })",
  hidden: 'Object.defineProperty({ seen: 1 }, "hidden", { value: 2, enumerable: false })',
  symbolKey: '({ [Symbol("x")]: 1, seen: 2 })',
  circular: '(() => { const value = { name: "circular" }; value.self = value; return value; })()',
  circularArray: "(() => { const value = [1]; value.push(value); return value; })()",
  twice: "(() => { const part = { n: 1 }; return { one: part, two: part }; })()",
  sparse: "[1, , 3]",
  holes: "[undefined, () => 7, Symbol('x'), NaN, -0]",
  nestedOdd: "({ gone: undefined, fn: () => 7, nan: NaN, date: new Date(0), fine: 1 })",
  nestedBigint: "({ amount: { cents: 7n, list: [1n] }, fine: 1 })",
  throwingGetter: '({ before: 1, get bad() { throw new Error("boom"); }, after: 2 })',
  throwingNested: '({ before: 1, nested: { get bad() { throw new Error("boom"); } }, after: 2 })',
  throwingValueOf: '({ valueOf() { throw new Error("boom"); }, toString() { throw new Error("boom"); } })',
  toJson: '({ toJSON: () => ({ made: "by toJSON" }) })',
  toJsonText: '({ toJSON: () => "a text" })',
  toJsonNothing: "({ toJSON: () => undefined, fine: 1 })",
  toJsonThrows: '({ toJSON() { throw new Error("boom"); } })',
  lonelyHigh: '"a\\ud800b"',
  lonelyLow: '"a\\udc00b"',
  surrogatePair: '"a\\ud83d\\ude00b"',
  escapedLookalike: '"\\\\ud800"',
  lonelyKey: '({ "k\\ud800": "v\\udfff", fine: 1 })',
  controls: '"\\u0000\\u0001\\t\\n\\u001f\\u007f\\u2028\\u2029"',
  protoKey: 'JSON.parse(\'{"__proto__": {"polluted": true}, "constructor": 1, "own": 2}\')',
  proxyThrows:
    'new Proxy({}, { get() { throw new Error("boom"); }, has() { throw new Error("boom"); }, ownKeys() { throw new Error("boom"); }, getOwnPropertyDescriptor() { throw new Error("boom"); } })',
  proxyRevoked: "(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; })()",
  deep60: "(() => { let value = 1; for (let n = 0; n < 60; n++) value = { d: value }; return value; })()",
  deep61: "(() => { let value = 1; for (let n = 0; n < 61; n++) value = { d: value }; return value; })()",
  deep62: "(() => { let value = 1; for (let n = 0; n < 62; n++) value = { d: value }; return value; })()",
  deepArray70: "(() => { let value = 1; for (let n = 0; n < 70; n++) value = [value]; return value; })()",
  deep100000: "(() => { let value = 1; for (let n = 0; n < 100000; n++) value = { d: value }; return value; })()",
  bracketsInText: '"{[".repeat(100)',
  manyArrays: "Array.from({ length: 100 }, () => [1])",
  wide: 'Object.fromEntries(Array.from({ length: 120 }, (_, n) => ["p" + n, n]))',
  text300: '"x".repeat(300)',
  text200: '"x".repeat(200)',
  text201: '"x".repeat(201)',
  text100000: '"x".repeat(100000)',
  textOverLimit: '"x".repeat(1100000)',
  frozen: "Object.freeze({ a: Object.freeze({ b: 1 }) })",
};

/** Functions that a page passes. `{"$hook": "<name>"}` in a case. */
export const HOOKS = {
  passesOn: (event) => event,
  addsProperty: (event) => ({ ...event, properties: { ...event.properties, hooked: true } }),
  countsHooked: (event) => {
    event.properties.sawHooked = event.properties.hooked === true;
    return event;
  },
  removesProperty: (event) => {
    delete event.properties.secret;
    delete event.properties.$timezone;
    return event;
  },
  dropsPrivate: (event) => (event.event === "private" ? null : event),
  dropsAll: () => null,
  dropsOurs: (event) => (event.event.startsWith("$") ? null : event),
  returnsNothing: () => {},
  returnsTrue: () => true,
  returnsText: () => "event",
  returnsArray: (event) => [event],
  returnsPromise: async (event) => event,
  returnsEmptyName: (event) => ({ ...event, event: " " }),
  returnsNumberName: (event) => ({ ...event, event: 7 }),
  returnsNameOnly: () => ({ event: "renamed" }),
  returnsNoProperties: (event) => ({ ...event, properties: undefined }),
  returnsTextProperties: (event) => ({ ...event, properties: "abc" }),
  returnsProxy: () =>
    new Proxy(
      {},
      {
        get() {
          throw new Error("boom");
        },
      },
    ),
  throws: () => {
    throw new Error("no");
  },
  throwsText: () => {
    throw "no";
  },
  throwsOnPrivate: (event) => {
    if (event.event === "private") throw new RangeError("private");
    return event;
  },
  renames: (event) => ({ ...event, event: `renamed ${event.event}` }),
  renamesToUrgent: (event) => ({ ...event, event: "payment_done" }),
  claimsIdentity: (event) => ({
    ...event,
    uuid: "x",
    distinct_id: "x",
    timestamp: "x",
    extra: "x",
    properties: {
      ...event.properties,
      token: "x",
      distinct_id: "x",
      $session_id: "x",
      $window_id: "x",
      $device_id: "x",
      $user_id: "x",
      $is_identified: "x",
      $process_person_profile: "x",
      $lib: "x",
      $lib_version: "x",
    },
  }),
  removesGuest: (event) => {
    if (event.properties.guest) delete event.properties.guest.email;
    return event;
  },
  setsPerson: (event) => ({ ...event, $set: { hooked: 1 }, $set_once: { once: 1 } }),
  removesPerson: (event) => ({ ...event, $set: undefined, $set_once: undefined }),
  removesGroups: (event) => {
    delete event.properties.$groups;
    return event;
  },
  redactsAddress: (event) => ({ ...event, properties: { ...event.properties, $current_url: "/redacted" } }),
  writesAddress: (event) => ({
    ...event,
    properties: { ...event.properties, error: "ada@lovelace.org", $referrer: "https://a.test/?token=1" },
  }),
  addsHostile: (event) => {
    const circular = {};
    circular.self = circular;
    return {
      ...event,
      properties: {
        ...event.properties,
        big: 7n,
        circular,
        fn: () => 7,
        nan: Number.NaN,
        lonely: "\ud800",
        date: new Date(0),
      },
    };
  },
  sees: (event) => {
    // What a hook is shown, apart from the properties.
    event.properties.seenKeys = Object.keys(event).sort().join();
    return event;
  },
  seesProperties: (event) => {
    event.properties.seenProperties = Object.keys(event.properties).sort().join();
    return event;
  },
  capturesAgain: (event) => {
    globalThis.tracker.capture("from_hook");
    return event;
  },
  registersAgain: (event) => {
    globalThis.tracker.register({ fromHook: event.event });
    return event;
  },
  asksForFlag: (event) => {
    event.properties.flagInHook = String(globalThis.tracker.getFeatureFlag("checkout"));
    return event;
  },
  capturesOnCall: () => {
    globalThis.tracker.capture("from_listener");
  },
  identifiesOnCall: () => {
    globalThis.tracker.identify("from-listener");
  },

  // Gate sources.
  yes: () => true,
  no: () => false,
  evenTeams: (team) => Number(team) % 2 === 0,
  promisesYes: async () => true,
  promisesNo: async () => false,
  promisesEven: async (team) => Number(team) % 2 === 0,
  rejects: async () => {
    throw new Error("no answer");
  },
  answersText: () => "yes",
  answersNumber: () => 1,
  hangs: () => new Promise(() => {}),
  yesAfterASecond: () => new Promise((resolve) => setTimeout(() => resolve(true), 1_000)),
  noAfterASecond: () => new Promise((resolve) => setTimeout(() => resolve(false), 1_000)),
  yesAfterAFailure: () => {
    globalThis.asked = (globalThis.asked ?? 0) + 1;
    if (globalThis.asked === 1) throw new Error("not yet");
    return true;
  },
};

/** A posthog-js as far as the tracker uses it; `state` is what it says, `calls` what it was told. */
export function makePostHog(state, calls) {
  const instance = {
    __loaded: state.loaded !== false,
    config: { token: state.token ?? "phc_contract" },
    get_distinct_id: () => state.distinctId,
    get_property: (name) =>
      ({
        $device_id: state.deviceId,
        $user_state: state.isIdentified ? "identified" : "anonymous",
        $epp: state.hasProfile,
        $enabled_feature_flags: state.flags,
      })[name],
    getGroups: () => state.groups ?? {},
    sessionManager: {
      checkAndGetSessionAndWindowId: () => ({
        sessionId: state.sessionId ?? "0190b3a2-7c1e-7a3b-9f00-000000000001",
        windowId: state.windowId ?? "0190b3a2-7c1e-7a3b-9f00-000000000002",
      }),
    },
    has_opted_out_capturing: () => state.isOptedOut === true,
    identify(id) {
      calls.push(["identify", id]);
      Object.assign(state, { distinctId: id, isIdentified: true });
    },
    reset(isNewDevice) {
      calls.push(["reset", isNewDevice]);
      Object.assign(state, { distinctId: "ph-next", isIdentified: false, hasProfile: false, groups: {} });
    },
  };
  if (state.status !== undefined) instance.get_explicit_consent_status = () => state.status;
  for (const name of state.lacks ?? []) delete instance[name];
  for (const name of state.breaks ?? []) {
    instance[name] = () => {
      throw new Error("boom");
    };
  }
  return instance;
}
