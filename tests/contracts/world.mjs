// A world for the contracts of PostHog's SDK specification: the built package, whole, in as many pages as a test wants, with
// a clock that stands still until it is told to go on, storage as a browser shares it between tabs, and a server in memory.
//
// Each page is a JavaScript realm of its own (`node:vm`) with the few browser interfaces that the package uses.

import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createContext, runInContext, Script } from "node:vm";
import { gunzipSync } from "node:zlib";

const { transformSync } = createRequire(new URL("../../js/package.json", import.meta.url))("esbuild");

/** The entries of the package, each as a script that leaves its exports in `entry`. */
const entries = new Map();
function entryScript(name) {
  if (!entries.has(name)) {
    const text = readFileSync(new URL(`../../pkg/dist/${name}.js`, import.meta.url), "utf8");
    const isModule = name !== "script";
    const code = isModule ? transformSync(text, { format: "iife", globalName: "entry", logLevel: "error" }).code : text;
    entries.set(name, code);
  }
  return entries.get(name);
}

/** The entry that the tests drive: the script tag's, or the one that `CONTRACT_ENTRY` names. */
const ENTRY = process.env.CONTRACT_ENTRY ?? "script";

export const API_KEY = "phc_contract";
export const HOST = "https://posthog.test";
/** 2026-01-02T03:04:05.678Z. */
export const START = 1_767_323_045_678;
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/** Storage of one kind: shared where it is given to several pages. */
class MemoryStorage {
  entries = new Map();
  onChange = () => {};

  /** The object that a page sees as `localStorage`: its own keys are those of the entries. */
  seenBy(page) {
    const { entries } = this;
    const methods = {
      getItem: (key) => entries.get(String(key)) ?? null,
      setItem: (key, value) => {
        entries.set(String(key), String(value));
        this.onChange(page, String(key));
      },
      removeItem: (key) => {
        if (entries.delete(String(key))) this.onChange(page, String(key));
      },
      clear: () => {
        entries.clear();
        this.onChange(page, null);
      },
    };
    return new Proxy(methods, {
      ownKeys: () => [...entries.keys()],
      getOwnPropertyDescriptor: (_, key) =>
        entries.has(key) ? { value: entries.get(key), enumerable: true, configurable: true } : undefined,
    });
  }
}

/** The server: keeps what it is sent, and answers as it is told. */
class Server {
  requests = [];
  /** While it is set, no request is answered. */
  isDown = false;
  #answers = [];

  /** The next requests are answered by these statuses, one each; 0 is no answer at all, "redirect" an address to go to. */
  answerNext(...statuses) {
    this.#answers.push(...statuses);
  }

  /** While it is set, every request is answered by it. */
  answerAll = undefined;

  /** Every event that was accepted, in the order of arrival, once each. */
  get events() {
    const rows = new Map();
    for (const { status, events } of this.requests) {
      if (status === 200) for (const event of events) rows.set(event.uuid, event);
    }
    return [...rows.values()];
  }

  names() {
    return this.events.map(({ event }) => event);
  }

  named(name) {
    return this.events.filter(({ event }) => event === name);
  }

  /** Takes a body; gives the status of the answer. */
  take(text) {
    const status = this.isDown ? 0 : (this.answerAll ?? this.#answers.shift() ?? 200);
    const { batch, sent_at: sentAt } = JSON.parse(text);
    this.requests.push({ status, events: batch, sentAt });
    return status;
  }
}

/** The flags of the project: what `/flags` answers, and who has asked. */
class Flags {
  /** The members of the answer; `flags` may be short: the value of a flag for its detail. */
  answer = { flags: {} };
  /** Everybody who has asked: the body of the request, the status of the answer, and when. */
  requests = [];
  #answers = [];

  /**
   * The next requests are answered by these statuses, one each; 0 is no answer at all, "hang" one that never comes, "hold" one
   * that comes when it is released.
   */
  answerNext(...statuses) {
    this.#answers.push(...statuses);
  }

  release = () => {};

  /** Is fulfilled when the answer is released. */
  held() {
    return new Promise((resolve) => {
      this.release = resolve;
    });
  }

  take(text, ms) {
    const status = this.#answers.shift() ?? 200;
    this.requests.push({ status, body: JSON.parse(text), ms });
    return status;
  }

  get last() {
    return this.requests.at(-1)?.body;
  }

  get body() {
    const entries = Object.entries(this.answer.flags).map(([key, flag]) => [key, detailOf(key, flag)]);
    const rest = { errorsWhileComputingFlags: false, requestId: "request-1", evaluatedAt: START };
    return JSON.stringify({ ...rest, ...this.answer, flags: Object.fromEntries(entries) });
  }
}

const detailOf = (key, flag) =>
  typeof flag === "object"
    ? { key, enabled: true, variant: null, ...flag }
    : {
        key,
        enabled: flag !== false,
        variant: typeof flag === "string" ? flag : null,
        reason: { code: flag === false ? "no_condition_match" : "condition_match", condition_index: 0 },
        metadata: { id: 7, version: 3, description: null, payload: null, has_experiment: false },
      };

async function textOf(body) {
  if (typeof body === "string") return body;
  const bytes = Buffer.from(await body.arrayBuffer());
  return (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString();
}

/** What entries export that a page has imported: a module namespace can only be had of a real module. */
globalThis.importedEntries ??= [];
async function namespaceOf(exported) {
  const place = globalThis.importedEntries.push(exported) - 1;
  const names = Object.keys(exported).map((name) => `export const ${name} = all.${name};`);
  return import(`data:text/javascript,const all = globalThis.importedEntries[${place}]; ${names.join(" ")}`);
}

/** A browser of one visitor: a profile with its storage, and pages in it. */
export class World {
  now = START;
  /** How far the wall clock is off. */
  skew = 0;
  server = new Server();
  flags = new Flags();
  /** What the host application says of a team: the status and the text of its answer. */
  host = () => [404, ""];
  /** The teams that the host application was asked for. */
  hostAsked = [];
  localStorage = new MemoryStorage();
  pages = [];
  #timers = new Map();
  #lastTimer = 0;

  constructor() {
    this.localStorage.onChange = (writer, key) => {
      for (const page of this.pages) if (page !== writer && page.isOpen) page.tell(page.window, "storage", { key });
    };
  }

  /**
   * Opens a page; in the tab of an earlier one where that is given. With `wasm` false it must not run WebAssembly, as where a policy
   * forbids it; `entry` is the entry of the package that it carries.
   */
  open({
    tab = new MemoryStorage(),
    url = "https://book.example/ada",
    referrer = "",
    navigator = {},
    wasm = true,
    entry = ENTRY,
  } = {}) {
    const page = new Page(this, tab, url, referrer, navigator, wasm, entry);
    this.pages.push(page);
    return page;
  }

  /** Opens a page with a tracker on it. */
  async visit(options = {}, how = {}) {
    const page = this.open(how);
    const tracker = page.track(options);
    await this.settle();
    return { page, tracker };
  }

  /** Lets everything happen that needs no time. */
  async settle() {
    const turns = async () => {
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    };
    await turns();
    while (this.pages.some(({ importing }) => importing > 0)) await turns();
  }

  /** Lets time pass; timers go off when they are due. */
  async pass(ms) {
    const end = this.now + ms;
    await this.settle();
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      const [id, { at, run }] = due;
      this.#timers.delete(id);
      this.now = Math.max(this.now, at);
      run();
      await this.settle();
    }
    this.now = end;
  }

  /** Somebody sets the wall clock; nothing else notices. */
  setClock(byMs) {
    this.skew += byMs;
  }

  /** Everything of ours that is stored, without the consent. */
  stored() {
    return [...this.localStorage.entries.keys()].filter((key) => key.startsWith("phbt:") && !key.includes(":consent:"));
  }

  setTimer(run, ms = 0) {
    this.#timers.set(++this.#lastTimer, { at: this.now + Math.max(0, Number(ms) || 0), run });
    return this.#lastTimer;
  }

  clearTimer(id) {
    this.#timers.delete(id);
  }
}

class Page {
  isOpen = true;
  console = [];
  /** The entries that it has imported, and how many are on their way. */
  imported = [];
  importing = 0;
  /** While it is set, an import waits for it; where it rejects, so does the import. */
  importGate = undefined;
  #world;
  #entry;
  #targets = new Map();

  constructor(world, tab, url, referrer, navigator, wasm, entry) {
    this.#world = world;
    this.tab = tab;
    const dateOf = (realm) =>
      class extends realm.Date {
        constructor(...given) {
          super(...(given.length === 0 ? [world.now + world.skew] : given));
        }
        static now() {
          return world.now + world.skew;
        }
      };
    const say = (level) => (text) => this.console.push(`${level}: ${text}`);
    this.window = createContext({
      document: {
        referrer,
        visibilityState: "visible",
        prerendering: false,
        currentScript: { src: `${url}/script.js` },
      },
      location: { href: url, origin: new URL(url).origin },
      localStorage: world.localStorage.seenBy(this),
      sessionStorage: tab.seenBy(this),
      navigator: { userAgent: CHROME, language: "en-GB", maxTouchPoints: 0, ...navigator },
      screen: { width: 1920, height: 1080 },
      innerWidth: 1280,
      innerHeight: 720,
      crypto: webcrypto,
      performance: { now: () => world.now - START },
      console: { warn: say("warn"), debug: say("debug"), error: say("error") },
      setTimeout: (run, ms, ...rest) => world.setTimer(() => this.isOpen && run(...rest), ms),
      clearTimeout: (id) => world.clearTimer(id),
      fetch: (address, init) => this.#fetch(String(address), init),
      queueMicrotask,
      URL,
      URLSearchParams,
      Blob,
      Response,
      AbortController,
      MessageChannel,
      // As in Safari 15, where it has no `timeout`.
      AbortSignal: {},
      TextEncoder,
      TextDecoder,
    });
    this.window.Date = dateOf(runInContext("globalThis", this.window));
    for (const target of [this.window, this.window.document]) this.#makeTarget(target);
    this.window.window = this.window;
    if (!wasm) this.window.WebAssembly = undefined;
    this.window.navigator.sendBeacon = (_, body) => {
      world.server.take(body);
      return true;
    };
    this.#entry = entry;
    this.#run(entry);
  }

  /** Runs an entry of the package; gives what it exports, which a classic script leaves on the page itself. */
  #run(name) {
    const importModuleDynamically = (specifier) => this.#import(/([\w-]+)\.js(\?.*)?$/.exec(specifier)[1]);
    const script = new Script(entryScript(name), { importModuleDynamically });
    script.runInContext(this.window);
    const exported = runInContext("typeof entry === 'object' ? entry : {}", this.window);
    this.window.PostHogBookingTracker ??= exported.PostHogBookingTracker;
    return exported;
  }

  async #import(name) {
    this.imported.push(name);
    this.importing += this.importGate ? 0 : 1;
    const held = Boolean(this.importGate);
    try {
      await this.importGate;
      return await namespaceOf(this.#run(name));
    } finally {
      this.importing -= held ? 0 : 1;
    }
  }

  /** The page carries its script a second time. */
  runAgain() {
    this.window.PostHogBookingTracker = undefined;
    this.#run(this.#entry);
  }

  /** Makes a tracker that is open to every team, unless the options say otherwise. */
  track(options = {}) {
    const { apiKey = API_KEY, ...rest } = options;
    return new this.window.PostHogBookingTracker(apiKey, { host: HOST, isTeamEnabled: true, ...rest });
  }

  /** Tells whoever listens on window or document. */
  tell(target, type, detail = {}) {
    const { window } = this;
    // What happens to the document is heard at the window as well.
    for (const heard of target === window ? [window] : [target, window]) {
      for (const listener of this.#targets.get(heard)?.get(type) ?? []) listener({ type, ...detail });
    }
  }

  hide() {
    this.window.document.visibilityState = "hidden";
    this.tell(this.window.document, "visibilitychange");
  }

  show() {
    this.window.document.visibilityState = "visible";
    this.tell(this.window.document, "visibilitychange");
  }

  leave() {
    this.tell(this.window, "pagehide", { persisted: false });
    this.isOpen = false;
  }

  #makeTarget(target) {
    const listeners = new Map();
    this.#targets.set(target, listeners);
    target.addEventListener = (type, listener, { signal } = {}) => {
      listeners.set(type, [...(listeners.get(type) ?? []), listener]);
      signal?.addEventListener("abort", () => target.removeEventListener(type, listener));
    };
    target.removeEventListener = (type, listener) => {
      listeners.set(
        type,
        (listeners.get(type) ?? []).filter((known) => known !== listener),
      );
    };
  }

  async #fetch(address, init = {}) {
    const { pathname, searchParams } = new URL(address);
    if (pathname === "/flags/") return this.#answer(this.#world.flags.take(init.body, this.#world.now), init);
    if (pathname === "/team-gate") {
      const team = searchParams.get("teamId");
      this.#world.hostAsked.push(team);
      const [status, text] = this.#world.host(team);
      return this.#answer(status, init, text);
    }
    const status = this.#world.server.take(await textOf(init.body));
    if (status === 0) throw new TypeError("Failed to fetch");
    if (status === "redirect") {
      if (init.redirect !== "manual") throw new TypeError("the world follows no redirect");
      return {
        type: "opaqueredirect",
        status: 0,
        ok: false,
        redirected: false,
        headers: new Headers(),
        text: async () => "",
        body: null,
      };
    }
    return new Response(status === 200 ? '{"status":"Ok"}' : "", { status });
  }

  /** Answers a question; one that hangs ends when whoever has asked gives it up. */
  async #answer(status, { signal }, text = this.#world.flags.body) {
    if (status === "hang") {
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    }
    if (status === 0) throw new TypeError("Failed to fetch");
    if (status !== "hold") return new Response(status === 200 ? text : "", { status });
    await this.#world.flags.held();
    return new Response(text);
  }
}
