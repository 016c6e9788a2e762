// Checks what the page configures, and fills in the defaults.

import { ConfigurationError } from "./errors.js";
import { isLegalDistinctId } from "./identity.js";
import { plainCopy, wellFormedText } from "./properties.js";
import { projectHash } from "./record.js";
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

/** The longest project key that PostHog takes. */
const API_KEY_LENGTH_MAX = 64;

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

/** Checks everything at once; throws {@link ConfigurationError}. */
export function checkOptions(apiKey: unknown, given?: TrackerOptions | null): CheckedOptions {
  const options = given ?? {};
  const { isTeamEnabled } = options;
  const team = teamOf(options.teamId);
  if (team === undefined) throw invalid("teamId", "a number or a text");
  if (!["boolean", "function", "undefined"].includes(typeof isTeamEnabled)) {
    throw invalid("isTeamEnabled", "true, false or a function that is given a team id");
  }
  const key = checkApiKey(apiKey);
  return {
    apiKey: key,
    project: projectHash(key),
    host: checkHost(options.host ?? DEFAULT_HOST),
    team,
    isTeamEnabled,
    teamGateUrl: checkGateUrl(options.teamGateUrl),
    posthog: options.posthog ?? undefined,
    bootstrap: checkBootstrap(options.bootstrap),
    beforeSend: checkHooks(options.beforeSend),
    ...byName(Object.keys(NUMBER_OPTIONS) as (keyof Numbers)[], (name) => checkNumber(name, options[name])),
    ...byName(SWITCHES, (name) => options[name] === true),
    ...(byName(Object.keys(WORD_OPTIONS) as (keyof Words)[], (name) => checkWord(name, options[name])) as Words),
  };
}

const byName = <Name extends string, Value>(names: readonly Name[], check: (name: Name) => Value) =>
  Object.fromEntries(names.map((name) => [name, check(name)])) as Record<Name, Value>;

function checkWord(name: keyof Words, value: unknown): unknown {
  const words: readonly unknown[] = WORD_OPTIONS[name];
  const word = value === undefined ? words[0] : value;
  if (!words.includes(word)) throw invalid(name, words.map((known) => `"${known}"`).join(" or "));
  return word;
}

function checkBootstrap(given: unknown): Bootstrap | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given !== "object") throw invalid("bootstrap", "an object");
  const value: Bootstrap = plainCopy(given);
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

/** A team as it is stored and asked for: empty for none, `undefined` for what names no team. */
export function teamOf(id: unknown): string | undefined {
  if (id === undefined || id === null) return "";
  return /^(string|number|bigint)$/.test(typeof id) ? wellFormedText(String(id)) : undefined;
}

function checkGateUrl(url: unknown): string {
  if (url === undefined || url === null) return "";
  try {
    const { href, protocol } = new URL(url as string, globalThis.location?.href);
    if (/^https?:$/.test(protocol) && url !== "") return href;
  } catch {
    // Said below.
  }
  throw invalid("teamGateUrl", "an http(s) URL of your application");
}

function checkHooks(value: TrackerOptions["beforeSend"]): readonly BeforeSend[] {
  const hooks = value === undefined || value === null ? [] : [value].flat();
  if (hooks.some((hook) => typeof hook !== "function"))
    throw invalid("beforeSend", "a function or several in an array");
  return hooks as readonly BeforeSend[];
}

function checkApiKey(apiKey: unknown): string {
  if (typeof apiKey !== "string" || apiKey.trim() === "") {
    throw new ConfigurationError(
      "api_key_missing",
      "The project API key is missing. Pass the key that starts with phc_.",
    );
  }
  const key = apiKey.trim();
  if (key.startsWith("phx_")) {
    throw new ConfigurationError(
      "api_key_personal",
      "A personal API key (phx_) must never be in a page. Revoke it and pass the project API key (phc_).",
    );
  }
  if (key.length > API_KEY_LENGTH_MAX || !/^[\x21-\x7e]+$/.test(key)) {
    throw new ConfigurationError(
      "api_key_invalid",
      `A project API key has at most ${API_KEY_LENGTH_MAX} ASCII characters without spaces.`,
    );
  }
  return key;
}

function checkHost(host: unknown): string {
  try {
    const url = new URL(host as string);
    if (url.protocol === "https:" || url.protocol === "http:") {
      return (url.origin + url.pathname).replace(/\/+$/, "");
    }
  } catch {
    // Said below.
  }
  throw new ConfigurationError(
    "host_invalid",
    "host must be https://us.i.posthog.com, https://eu.i.posthog.com or the full http(s) URL of your proxy.",
  );
}

function checkNumber(name: keyof typeof NUMBER_OPTIONS, value: unknown): number {
  const { default: fallback, min, max } = NUMBER_OPTIONS[name];
  if (value === undefined) return fallback;
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
    throw new ConfigurationError(
      "option_out_of_range",
      `${name} must be a whole number from ${min} to ${max}; leave it out for ${fallback}.`,
    );
  }
  return value as number;
}

function invalid(name: string, allowed: string): ConfigurationError {
  return new ConfigurationError("option_invalid", `${name} must be ${allowed}, or left out.`);
}
