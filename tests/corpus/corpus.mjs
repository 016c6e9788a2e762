// The corpus: plays a case on the built package, in the world of the contracts, and gives what came of it.

import { readdirSync, readFileSync } from "node:fs";
import { runInContext } from "node:vm";
import { MINUTE, SECOND, World } from "../contracts/world.mjs";
import { HOOKS, HOSTILE, makePostHog } from "./page-values.mjs";

// A zone that is not UTC, so that a local time that is taken for UTC is seen.
process.env.TZ = "Europe/Berlin";

const CASES = new URL("cases/", import.meta.url);
const FIXTURES = new URL("fixtures/", import.meta.url);
const { version: VERSION } = JSON.parse(readFileSync(new URL("../../pkg/package.json", import.meta.url), "utf8"));

const readJson = (url) => JSON.parse(readFileSync(url, "utf8"));

/** The groups of cases, by the names of their files. */
export const groups = () =>
  readdirSync(CASES)
    .filter((name) => name.endsWith(".json"))
    .map((name) => name.slice(0, -".json".length))
    .sort();

export const casesOf = (group) => readJson(new URL(`${group}.json`, CASES));
export const fixtureUrl = (group) => new URL(`${group}.json`, FIXTURES);

/** What was recorded of a group: the result of each case, by its name. */
export function recordedOf(group) {
  const results = Object.entries(readJson(fixtureUrl(group)));
  return Object.fromEntries(results.map(([name, result]) => [name, unfolded(result)]));
}

/** Properties that most events have. A fixture says of an event how it differs from them. */
const USUAL = readJson(new URL("usual.json", import.meta.url));

const withEvents = (result, change) => ({ ...result, ...(result.events && { events: result.events.map(change) }) });

/** A result as it is written: without the usual properties of its events; `without` names those that one has not. */
export const folded = (result) =>
  withEvents(result, ({ properties, ...event }) => {
    const own = Object.entries(properties).filter(([name, value]) => !Object.is(USUAL[name], value));
    const without = Object.keys(USUAL).filter((name) => !Object.hasOwn(properties, name));
    return { ...event, properties: Object.fromEntries(own), ...(without.length > 0 && { without }) };
  });

const unfolded = (result) =>
  withEvents(result, ({ without = [], ...event }) => {
    const properties = Object.entries({ ...USUAL, ...event.properties });
    return { ...event, properties: Object.fromEntries(properties.filter(([name]) => !without.includes(name))) };
  });

/** One page of a case, and what is made in its realm. */
class Tab {
  calls = [];
  told = [];
  promises = [];
  stops = new Map();
  consoles = [];

  constructor(play, name) {
    this.play = play;
    this.name = name;
  }

  /** Shows a page and makes a tracker on it. */
  async show(how, options) {
    const { posthog, isPrerendered, isEager, ...where } = how;
    this.how = how;
    this.options = options;
    this.page = this.play.world.open({ ...where, ...(this.page && { tab: this.page.tab }) });
    this.consoles.push(this.page.console);
    this.doubles = [];
    if (isPrerendered) this.page.window.document.prerendering = true;
    if (posthog !== undefined) this.page.window.posthog = this.own({ $posthog: posthog });
    this.tracker = this.page.track(this.own(options));
    this.page.window.tracker = this.tracker;
    if (!isEager) await this.play.world.settle();
  }

  run(text) {
    return runInContext(`(${text})`, this.page.window);
  }

  /** A value of a case, as the page's own code would have made it. */
  own(value) {
    return value === undefined ? undefined : this.#made(this.run("JSON.parse")(JSON.stringify(value)));
  }

  #made(value) {
    if (typeof value !== "object" || value === null) return value;
    const { $hostile, $hook, $listener, $kept, $posthog } = value;
    if ($hostile !== undefined) return this.#named(HOSTILE, $hostile);
    if ($hook !== undefined) return this.#named(HOOKS, $hook);
    if ($listener !== undefined) return (...args) => void this.told.push([$listener, ...args.map(plain)]);
    if ($kept !== undefined) return this.#kept($kept);
    if ($posthog !== undefined) return this.#double($posthog);
    for (const name of Object.keys(value)) value[name] = this.#made(value[name]);
    return value;
  }

  #named(values, name) {
    if (!Object.hasOwn(values, name)) throw new Error(`nothing is called ${name}`);
    return this.run(values[name]);
  }

  #kept(name) {
    this.keeps ??= new Map();
    if (!this.keeps.has(name)) this.keeps.set(name, this.own(this.play.given.kept[name]));
    return this.keeps.get(name);
  }

  #double(state) {
    if (state.$hostile !== undefined) return this.#made(state);
    const own = this.run("JSON.parse")(JSON.stringify(state));
    this.doubles.push(own);
    const instance = this.run(makePostHog)(own, this.play.posthog);
    // posthog-js keeps the instances that it was given a name for as members of itself.
    for (const [name, other] of Object.entries(state.instances ?? {})) instance[name] = this.#double(other);
    return instance;
  }

  /** Makes a call, and notes what it gives; a promise, when the case is over. One that throws is a fault, and ends the run. */
  call({ call, args = [] }) {
    const noted = { call };
    this.calls.push(noted);
    const given = this.tracker[call](...args.map((argument) => this.own(argument)));
    const [listener] = args;
    if (typeof given === "function" && listener) this.stops.set(listener.$listener ?? listener.$hook, given);
    if (typeof given?.then === "function") this.#wait(noted, given);
    else if (given !== undefined) noted.gave = plain(call === "stats" ? statsOf(given) : given);
  }

  #wait(noted, promise) {
    noted.promise = "pending";
    promise.then((value) => {
      Object.assign(noted, { promise: "fulfilled", ...(value !== undefined && { gave: plain(value) }) });
    });
  }
}

/** What each step does. */
const STEPS = {
  call: (tab, step) => tab.call(step),
  pass: ({ play }, { pass }) => play.world.pass(pass),
  settle: ({ play }) => play.world.settle(),
  navigate: async (tab, { navigate, referrer = tab.how.url ?? "", options = tab.options }) => {
    tab.page.leave();
    await tab.show({ ...tab.how, url: navigate, referrer }, options);
  },
  reload: async (tab, { options = tab.options }) => {
    tab.page.leave();
    await tab.show(tab.how, options);
  },
  /** An address of the same document: a page that shows another view by itself. */
  moveTo: (tab, { moveTo }) => {
    tab.page.window.location.href = moveTo;
  },
  hide: (tab) => tab.page.hide(),
  show: (tab) => tab.page.show(),
  leave: (tab) => tab.page.leave(),
  tell: (tab, { tell }) => tab.page.tell(tab.page.window, tell),
  /** A page that was only prerendered is shown. */
  activate: (tab) => {
    tab.page.window.document.prerendering = false;
    tab.page.tell(tab.page.window.document, "prerenderingchange");
  },
  answerFlags: ({ play }, { answerFlags }) => {
    play.world.flags.answer = answerFlags;
  },
  failFlags: ({ play }, { failFlags }) => play.world.flags.answerNext(...failFlags),
  answerServer: ({ play }, { answerServer }) => play.world.server.answerNext(...answerServer),
  serverDown: ({ play }, { serverDown }) => {
    play.world.server.isDown = serverDown;
  },
  setClock: ({ play }, { setClock }) => play.world.setClock(setClock),
  answerHost: ({ play }, { answerHost }) => play.answerHost(answerHost),
  posthog: (tab, { posthog }) => {
    tab.page.window.posthog = tab.own({ $posthog: posthog });
  },
  posthogSays: (tab, { posthogSays }) => {
    for (const state of tab.doubles) Object.assign(state, tab.own(posthogSays));
  },
  navigator: (tab, { navigator }) => void Object.assign(tab.page.window.navigator, navigator),
  /** The page changes an object that it has passed. */
  change: (tab, { change, by }) => void Object.assign(tab.own({ $kept: change }), tab.own(by)),
  stop: (tab, { stop }) => tab.stops.get(stop)(),
};

/** Plays one case. */
class Play {
  world = new World();
  tabs = new Map();
  posthog = [];

  constructor(given) {
    this.given = given;
  }

  answerHost(answers) {
    this.world.host = (team) => (Object.hasOwn(answers, team) ? answers[team] : [404, ""]);
  }

  /** The tab of a step; opened, where it is named first. */
  async #tabOf({ tab: name = "one", page = this.given.page, options = this.given.options }) {
    let tab = this.tabs.get(name);
    if (!tab) {
      tab = new Tab(this, name);
      this.tabs.set(name, tab);
      await tab.show(page ?? {}, options ?? {});
    }
    return tab;
  }

  async run() {
    const { flags, host, server = [], steps } = this.given;
    if (flags) this.world.flags.answer = flags;
    if (host) this.answerHost(host);
    this.world.server.answerNext(...server);
    if (steps[0]?.tab === undefined) await this.#tabOf({});
    for (const step of steps) {
      const tab = await this.#tabOf(step);
      const name = Object.keys(STEPS).find((known) => Object.hasOwn(step, known));
      if (!name && step.tab === undefined) throw new Error(`no step: ${JSON.stringify(step)}`);
      if (name) await STEPS[name](tab, step);
    }
    await this.#end();
    return this.#result();
  }

  /** Whatever can still be delivered is; what a page has left, by the next one, which waits a minute before it takes it. */
  async #end() {
    await this.world.settle();
    for (const { page, tracker } of this.tabs.values()) if (page.isOpen) void tracker.flush();
    const isLeft = this.world.pages.some(({ isOpen }) => !isOpen);
    await this.world.pass(isLeft ? 2 * MINUTE : 3 * SECOND);
    await this.world.settle();
  }

  #result() {
    const tabs = [...this.tabs.values()];
    const by = (read) => Object.fromEntries(tabs.map((tab) => [tab.name, read(tab)]));
    const whole = {
      calls: by(({ calls }) => calls),
      told: by(({ told }) => told),
      console: by(({ consoles }) => consoles.flat().filter(isOfCalls).map(withoutError)),
      events: this.#events(),
      flags: this.world.flags.requests.map(({ body }) => body),
      hostAsked: [...new Set(this.world.hostAsked)],
      posthog: this.posthog,
      stats: by(({ page, tracker }) => (page.isOpen ? statsOf(tracker.stats()) : null)),
    };
    return withoutChance(JSON.parse(JSON.stringify(whole)), JSON.stringify(this.given) + makePostHog);
  }

  /**
   * The events that have arrived, in the order in which they happened: in which order and how often they are sent is not held
   * here, but one that is sent twice, and not as the same, is here twice.
   */
  #events() {
    const accepted = this.world.server.requests.filter(({ status }) => status === 200);
    const versions = new Map(accepted.flatMap(({ events }) => events).map((event) => [JSON.stringify(event), event]));
    const placed = [...versions.values()].map((event) => ({ event, place: `${event.timestamp} ${placeOf(event)}` }));
    return placed.sort((a, b) => (a.place < b.place ? -1 : Number(a.place > b.place))).map(({ event }) => event);
  }
}

const UUID = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/gi;

const placeOf = (event) => JSON.stringify(sorted(event)).replace(UUID, "");

/** Whether a line on the console is about what the page has called, and not about how the tracker is loaded. */
const isOfCalls = (line) => !/\b(engine|module)\b|WebAssembly/.test(line);

/** Without the words of the JavaScript engine, which are not ours to hold. */
const withoutError = (line) => line.replace(/(an error was kept from the page: ).*/s, "$1<error>");

/** Only the reasons for which something was dropped. */
function statsOf({ engine: _, dropped, ...counts }) {
  return { ...counts, dropped: Object.fromEntries(Object.entries(dropped).filter(([, count]) => count !== 0)) };
}

/** What a page is given, as JSON that tells it apart. */
function plain(value) {
  if (value === undefined || typeof value === "function") return { $value: typeof value };
  return value;
}

/** An object whose keys are in order: in which order they are sent is not held here. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.keys(value)
    .sort()
    .map((name) => [name, sorted(value[name])]);
  return Object.fromEntries(entries);
}

/**
 * Without what is made by chance, and the version: each uuid that neither the case nor its posthog-js names becomes a placeholder,
 * by the order of first appearance. The time that each of them carries is no chance, and is kept beside them.
 */
function withoutChance(result, given) {
  const placeholders = new Map();
  const isGiven = (uuid) => given.toLowerCase().includes(uuid.toLowerCase());
  const placeholderOf = (uuid) => {
    if (isGiven(uuid)) return uuid;
    if (!placeholders.has(uuid)) placeholders.set(uuid, `<uuid ${placeholders.size + 1}>`);
    return placeholders.get(uuid);
  };
  const cleaned = (value, name) => {
    if (typeof value === "string") return name === "$lib_version" && value === VERSION ? "<version>" : text(value);
    if (Array.isArray(value)) return value.map((item) => cleaned(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [text(key), cleaned(item, key)]));
  };
  const text = (value) => value.replace(UUID, placeholderOf);
  const clean = cleaned(sorted(result));
  return { ...clean, uuids: [...placeholders.keys()].map(timeOf) };
}

/** What version a uuid is of, and the time that it carries. */
function timeOf(uuid) {
  const ms = Number.parseInt(uuid.replace(/-/g, "").slice(0, 12), 16);
  return `v${uuid[14]} ${new Date(ms).toISOString()}`;
}

/** Plays a case; gives what came of it, with what is empty left out. */
export async function play(given) {
  const result = await new Play(given).run();
  const isEmpty = (value) => value === null || (typeof value === "object" && Object.values(value).every(isEmpty));
  return Object.fromEntries(Object.entries(result).filter(([, value]) => !isEmpty(value)));
}

/** Where two results differ, a line each. */
export function differences(recorded, now, path = "") {
  if (Object.is(recorded, now)) return [];
  const areBoth = (is) => is(recorded) && is(now);
  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  if (areBoth(isObject) || areBoth(Array.isArray)) {
    const names = new Set([...Object.keys(recorded), ...Object.keys(now)]);
    const deeper = (name) => (Array.isArray(recorded) ? `${path}[${name}]` : [path, name].filter(Boolean).join("."));
    return [...names].flatMap((name) => differences(recorded[name], now[name], deeper(name)));
  }
  const said = (value) => (value === undefined ? "nothing" : JSON.stringify(value).slice(0, 300));
  return [`${path}: recorded ${said(recorded)}, now ${said(now)}`];
}
