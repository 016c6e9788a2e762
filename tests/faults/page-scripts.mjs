// What runs inside a page. Each function is carried over as text, so it stands for itself and takes one argument.

/** Loads the tracker's script into a page that came without, after whatever has been done to that page. */
export const loadTracker = (source) =>
  new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error(`${source} did not load`));
    document.head.append(script);
  });

/** Makes a tracker and waits until it is ready. */
export const startTracker = async ([key, options]) => {
  window.tracker = new window.PostHogBookingTracker(key, options);
  await window.tracker.ready;
};

/**
 * Captures the events from `from` up to `to`, each with its number, the last as a completed booking where that is wished,
 * and goes to `leaveFor` in the same tick, in which the tracker is made where `startWith` says of what. Gives the number of
 * calls that came back.
 */
export const captureSteps = ({ run, from = 0, to = 20, text, booking = false, startWith, leaveFor }) => {
  if (startWith) window.tracker = new window.PostHogBookingTracker(...startWith);
  let captured = 0;
  for (let n = from; n < to; n++) {
    const properties = { n, run, teamId: 42, text };
    if (booking && n === to - 1)
      tracker.trackBookingCompleted({ ...properties, bookingId: n, bookingUid: `uid-${run}` });
    else tracker.capture("step", properties);
    captured++;
  }
  if (leaveFor) location.href = leaveFor;
  return captured;
};

/**
 * Waits until the tracker has nothing left to send, in its hands or in storage; gives how much there still is at the limit.
 * What an earlier page left, records and entries of the journal, is taken over only some time after the tracker is there.
 */
export const settle = async (limitMs) => {
  const ours = /^phbt:(1|journal)(:[0-9a-z]+){3}:[0-9a-f-]{36}$/;
  const left = () => {
    let stored = [];
    try {
      stored = Object.keys(localStorage).filter((key) => ours.test(key));
    } catch {
      // Blocked storage holds nothing.
    }
    return Math.max(stored.length, tracker.stats().waiting);
  };
  const end = performance.now() + limitMs;
  while (left() > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  return left();
};

/** Waits until the origin has a database, which the mirror makes on its first visit; at most until the limit. */
export const waitForMirror = async (limitMs) => {
  const end = performance.now() + limitMs;
  while ((await indexedDB.databases()).length === 0 && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** Whether the page must not run WebAssembly. */
export const isWithoutWasm = () => !window.runsWasm;

/** Sends a body to an address by the way that pages which are left use. */
export const sendBeacon = ([address, body]) => navigator.sendBeacon(address, body);

/** What reached the page's error handlers, and what the tracker gave up. */
export const confess = () => ({
  thrown: window.thrown,
  dropped: Object.entries(tracker.stats().dropped).filter(([, count]) => count > 0),
});

/** Leaves no room in localStorage, as another script of the origin may have done. */
export const fillStorage = () => {
  for (let size = 2 ** 20, index = 0; size > 0; index++) {
    try {
      localStorage.setItem(`filler${index}`, "x".repeat(size));
    } catch {
      size >>= 1;
    }
  }
};

/** Every access to localStorage throws, as with cookies blocked. */
export const blockStorage = () => {
  const blocked = () => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  };
  Object.defineProperty(window, "localStorage", { get: blocked });
};

/** Cuts every stored record in half, and lays down what no version of ours has ever written. */
export const spoilStorage = () => {
  const records = Object.keys(localStorage).filter((key) => /^phbt:\d/.test(key));
  for (const key of records) {
    const value = localStorage.getItem(key);
    localStorage.setItem(key, value.slice(0, value.length / 2));
    localStorage.setItem(key.slice(0, -4), value);
    localStorage.setItem(
      key.replace(/.$/, (end) => (end === "0" ? "1" : "0")),
      "{",
    );
    localStorage.setItem(key.replace("phbt:1:", "phbt:9:"), value.slice(0, 20));
  }
  for (const key of [
    "phbt:",
    "phbt:1",
    "phbt:1:::",
    "phbt:1:zzz:!:0:x",
    "phbt:identity:",
    "other:state",
    "other:queue",
  ]) {
    localStorage.setItem(key, '{"events":[{"event":"half');
  }
  return records.length;
};

/** Captures what no page should pass and pages do pass. Gives how many calls threw. */
export const captureHostile = (run) => {
  const circular = { fine: 1 };
  circular.self = circular;
  const bad = () => {
    throw new Error("bad");
  };
  const getter = Object.defineProperty({ fine: 1 }, "bad", { enumerable: true, get: bad });
  const hostile = {
    circular,
    getter,
    bigint: { large: 2n ** 64n },
    large: { text: "x".repeat(2 ** 20) },
    surrogates: { high: "\ud800", low: "\udc00", "\ud800": 1 },
    odd: {
      nan: Number.NaN,
      date: new Date(0),
      invalid: new Date(Number.NaN),
      gone: undefined,
      code: bad,
      symbol: Symbol("s"),
    },
    json: { toJSON: bad },
    deep: { toJSON: () => ({ toJSON: bad }) },
    proxy: new Proxy({}, { ownKeys: bad, get: bad, getOwnPropertyDescriptor: bad }),
    nothing: null,
    text: "text",
    map: new Map([[{}, circular]]),
    node: document.body,
    window,
  };
  let thrown = 0;
  for (const [name, properties] of Object.entries(hostile)) {
    for (const given of [properties, { run: `${run}-hostile`, teamId: 42, properties }]) {
      try {
        tracker.capture(name, given);
        tracker.trackBookingFailed(given);
      } catch {
        thrown++;
      }
    }
  }
  return thrown;
};
