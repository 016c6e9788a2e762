// Reads what the page configures: fills in the defaults, and says what is wrong. Nothing here throws, whatever is passed.

import { copyOf } from "./copy.js";
import { isLegalDistinctId } from "./distinct-id.js";
import type { Finding, FindingCode } from "./findings.js";
import { isOption, meantOption, OPTION_LEVELS, type OptionName } from "./option-names.js";
import { projectHash } from "./storage-keys.js";
import { teamOf } from "./team-id.js";
import type { BeforeSend, Bootstrap, PostHogInstance, TeamGateSource, TrackerOptions } from "./types.js";

/** The defaults, and the least and the most of each number. `docs/options.md` is held against this table. */
export const NUMBER_OPTIONS = {
  flushAt: { default: 20, min: 1, max: 500 },
  flushInterval: { default: 10_000, min: 100, max: 3_600_000 },
  maxRetries: { default: 10, min: 0, max: 100 },
  requestTimeout: { default: 10_000, min: 1_000, max: 60_000 },
  gateTtl: { default: 300_000, min: 1_000, max: 86_400_000 },
  flagRetries: { default: 1, min: 0, max: 10 },
} as const;

/** Where PostHog takes events for projects in its US region. */
export const DEFAULT_HOST = "https://us.i.posthog.com";

/** The options that are on or off; off, where the page says nothing. */
const SWITCHES = ["debug", "teamFlag", "respectDnt", "respectGpc", "featureFlags"] as const;

/** The options that are one of a few words; the first is the default. */
export const WORD_OPTIONS = {
  holdUnknown: ["durable", "memory"],
  ungated: ["ignore", "track"],
  consent: ["granted", "required"],
  personProfiles: ["identifiedOnly", "always", "never"],
  identity: ["own", "posthog-js", "auto"],
} as const;

const NUMBERS = Object.keys(NUMBER_OPTIONS) as (keyof Numbers)[];
const WORDS = Object.keys(WORD_OPTIONS) as (keyof Words)[];

type Numbers = { readonly [Name in keyof typeof NUMBER_OPTIONS]: number };
type Switches = { readonly [Name in (typeof SWITCHES)[number]]: boolean };
type Words = { readonly [Name in keyof typeof WORD_OPTIONS]: (typeof WORD_OPTIONS)[Name][number] };

/** Options that are all there and all right. */
export interface CheckedOptions extends Numbers, Switches, Words {
  readonly apiKey: string;
  /** The hash of the key, by which storage keeps projects apart. */
  readonly project: string;
  /** Without a slash at its end. */
  readonly host: string;
  /** Empty where the page has none. */
  readonly team: string;
  readonly isTeamEnabled: TeamGateSource | undefined;
  /** Empty, where there is none. */
  readonly teamGateUrl: string;
  readonly posthog: PostHogInstance | undefined;
  readonly bootstrap: Bootstrap | undefined;
  readonly beforeSend: readonly BeforeSend[];
}

/** What was read. */
export interface ReadOptions {
  /** Nothing, where the tracker is off. */
  readonly options: CheckedOptions | undefined;
  readonly findings: readonly Finding[];
  /** Whether the page wants to hear everything, on or off. */
  readonly isVerbose: boolean;
}

/** Why a value is not taken. Thrown by the checks below, and caught where they are called. */
class Refusal {
  readonly #isOurs = true;

  constructor(
    readonly code: FindingCode,
    readonly message: string,
  ) {}

  /** Asks nothing of what was thrown, which may be a proxy that throws in its turn. */
  static is(error: unknown): error is Refusal {
    return typeof error === "object" && error !== null && #isOurs in error;
  }
}

const invalid = (name: string, allowed: string) =>
  new Refusal("option_invalid", `${name} must be ${allowed}, or left out.`);

/** Says what is wrong with a configuration, without making a tracker of it: nothing, where it is good. */
export const checkOptions = (apiKey: string | null | undefined, options?: TrackerOptions | null): readonly Finding[] =>
  readOptions(apiKey, options).findings;

/** Reads everything at once. */
export function readOptions(apiKey: unknown, given?: unknown): ReadOptions {
  const findings: Finding[] = [];
  const unknown = unknownNames(given, findings);
  const values = (unknown ? given : undefined) as Record<string, unknown> | null | undefined;
  /** What `check` makes of an option; `fallback`, where it makes nothing of it. */
  const take = <Value>(name: OptionName, check: (value: unknown) => Value, fallback: Value): Value => {
    try {
      return check(values?.[name]);
    } catch (error) {
      findings.push(refusedOption(name, error));
      return fallback;
    }
  };
  const key = keyOf(apiKey, findings);
  const options: CheckedOptions = {
    apiKey: key,
    project: projectHash(key),
    host: take("host", hostOf, ""),
    team: take("teamId", readTeam, ""),
    isTeamEnabled: take("isTeamEnabled", gateOf, undefined),
    teamGateUrl: take("teamGateUrl", gateUrlOf, ""),
    posthog: take("posthog", instanceOf, undefined),
    bootstrap: take("bootstrap", bootstrapOf, undefined),
    beforeSend: take("beforeSend", hooksOf, []),
    ...byName(NUMBERS, (name) => take(name, numberOf(name), NUMBER_OPTIONS[name].default)),
    ...byName(SWITCHES, (name) => take(name, switchOf(name), false)),
    ...(byName(WORDS, (name) => take(name, wordOf(name), WORD_OPTIONS[name][0])) as Words),
  };
  findings.push(...(unknown ?? []).map(unknownOption));
  const isOff = findings.some(({ level }) => level !== "warning");
  return { options: isOff ? undefined : options, findings, isVerbose: options.debug };
}

const byName = <Name extends string, Value>(names: readonly Name[], read: (name: Name) => Value) =>
  Object.fromEntries(names.map((name) => [name, read(name)])) as Record<Name, Value>;

/** The names that are no options; `undefined`, where what is passed holds no options at all. */
function unknownNames(given: unknown, findings: Finding[]): string[] | undefined {
  try {
    if (given === undefined || given === null) return [];
    if (typeof given === "object" && !Array.isArray(given)) {
      return Object.keys(given).filter((name) => !isOption(name));
    }
  } catch {
    // A proxy that does not want to be listed.
  }
  const message = "The second argument must be an object of options, for example { host }, or left out.";
  findings.push({ code: "options_invalid", option: "options", level: "error", message });
  return undefined;
}

function refusedOption(option: OptionName, error: unknown): Finding {
  const isRefusal = Refusal.is(error);
  const code = isRefusal ? error.code : "option_unreadable";
  const what = isRefusal ? error.message : `${option} cannot be read, because reading it throws. Pass a plain value.`;
  const level = OPTION_LEVELS[option];
  return { code, option, level, message: level === "error" ? what : `${what} The default is used.` };
}

/** The longest name of an option that is repeated on the console. */
const SAID_LENGTH_MAX = 60;

function unknownOption(option: string): Finding {
  const meant = meantOption(option);
  const name = option.slice(0, SAID_LENGTH_MAX);
  if (!meant) {
    const message = `${name} is no option, and is ignored. Leave it out, or take one from the table in docs/options.md.`;
    return { code: "option_unknown", option, level: "warning", message };
  }
  const what = meant.isPostHogJs ? `${name} is an option of posthog-js` : `${name} is no option`;
  const mend = `Use ${meant.name} instead; docs/options.md says what it takes.`;
  return meant.isStrict
    ? { code: "option_misspelt", option, level: "error", message: `${what}. ${mend}` }
    : { code: "option_misspelt", option, level: "warning", message: `${what}, and is ignored. ${mend}` };
}

/** The longest project key that PostHog takes. */
const API_KEY_LENGTH_MAX = 64;

const isAbsent = (value: unknown) =>
  value === undefined || value === null || (typeof value === "string" && value.trim() === "");

/** The project key; empty, where there is none that can be used. */
function keyOf(apiKey: unknown, findings: Finding[]): string {
  const key = typeof apiKey === "string" ? apiKey.trim() : "";
  const find = (code: FindingCode, level: Finding["level"], message: string) => {
    findings.push({ code, option: "apiKey", level, message });
    return "";
  };
  if (isAbsent(apiKey)) {
    const message = "The tracker is off, because the project API key is missing. Pass the key that starts with phc_.";
    return find("api_key_missing", "info", message);
  }
  if (key.startsWith("phx_")) {
    const message = "A personal API key (phx_) must never be in a page. Revoke it and pass the project API key (phc_).";
    return find("api_key_personal", "error", message);
  }
  if (key.length > API_KEY_LENGTH_MAX || !/^[\x21-\x7e]+$/.test(key)) {
    const message = `The project API key must be a text of at most ${API_KEY_LENGTH_MAX} ASCII characters without spaces. Copy it from the settings of your PostHog project.`;
    return find("api_key_invalid", "error", message);
  }
  return key;
}

function hostOf(host: unknown): string {
  try {
    const url = new URL((isAbsent(host) ? DEFAULT_HOST : host) as string);
    if (/^https?:$/.test(url.protocol)) return (url.origin + url.pathname).replace(/\/+$/, "");
  } catch {
    // Said below.
  }
  throw new Refusal(
    "host_invalid",
    "host must be https://us.i.posthog.com, https://eu.i.posthog.com or the full http(s) URL of your proxy.",
  );
}

function readTeam(id: unknown): string {
  const team = teamOf(id);
  if (team === undefined || Number.isNaN(id)) throw invalid("teamId", "a number or a text");
  return team;
}

function gateOf(value: unknown): TeamGateSource | undefined {
  if (/^(boolean|function|undefined)$/.test(typeof value)) return value as TeamGateSource | undefined;
  throw invalid("isTeamEnabled", "true, false or a function that is given a team id");
}

function gateUrlOf(url: unknown): string {
  if (url === undefined || url === null) return "";
  try {
    if (url instanceof URL || (typeof url === "string" && url.trim() !== "")) {
      // A test of a configuration may run where there is no page.
      const { href, protocol } = new URL(url, globalThis.location?.href ?? "http://localhost");
      if (/^https?:$/.test(protocol)) return href;
    }
  } catch {
    // Said below.
  }
  throw invalid("teamGateUrl", "an http(s) URL of your application");
}

function instanceOf(value: unknown): PostHogInstance | undefined {
  if (value === undefined || value === null) return undefined;
  if (!/^(object|function)$/.test(typeof value)) throw invalid("posthog", "an instance of posthog-js");
  return value as PostHogInstance;
}

function bootstrapOf(given: unknown): Bootstrap | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given !== "object") throw invalid("bootstrap", "an object");
  // JSON of a server has null for what it does not know.
  const members = Object.entries(copyOf(given) as object).filter(([, member]) => member !== null);
  const value: Bootstrap = Object.fromEntries(members);
  const { distinctId, teams } = value;
  if (distinctId !== undefined && !isLegalDistinctId(distinctId)) {
    throw invalid("bootstrap.distinctId", "your own id, of at most 200 characters");
  }
  for (const name of ["featureFlags", "featureFlagPayloads", "teams"] as const) {
    if (typeof value[name] !== "object" && value[name] !== undefined) {
      throw invalid(`bootstrap.${name}`, "an object");
    }
  }
  if (Object.values(teams ?? {}).some((open) => typeof open !== "boolean")) {
    throw invalid("bootstrap.teams", "an object of true or false by team id");
  }
  return value;
}

function hooksOf(value: unknown): readonly BeforeSend[] {
  const hooks = value === undefined || value === null ? [] : [value].flat();
  if (hooks.some((hook) => typeof hook !== "function")) {
    throw invalid("beforeSend", "a function or several in an array");
  }
  return hooks as BeforeSend[];
}

const switchOf = (name: OptionName) => (value: unknown) => {
  if (![true, false, undefined, null].includes(value as boolean)) throw invalid(name, "true or false");
  return value === true;
};

const wordOf = (name: keyof Words) => (value: unknown) => {
  const words: readonly unknown[] = WORD_OPTIONS[name];
  const word = value === undefined ? words[0] : value;
  if (!words.includes(word)) throw invalid(name, words.map((known) => `"${known}"`).join(" or "));
  return word;
};

const numberOf = (name: keyof Numbers) => (value: unknown) => {
  const { default: fallback, min, max } = NUMBER_OPTIONS[name];
  if (value === undefined) return fallback;
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
    const message = `${name} must be a whole number from ${min} to ${max}; leave it out for ${fallback}.`;
    throw new Refusal("option_out_of_range", message);
  }
  return value as number;
};
