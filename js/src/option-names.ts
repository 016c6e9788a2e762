// The names of the options, and which of them somebody has meant by another name.

import type { TrackerOptions } from "./types.js";

export type OptionName = keyof TrackerOptions;

/**
 * What a value means that an option does not allow. Where the option decides whether, where or about whom something is sent, the
 * tracker is off ("error"); otherwise the default is used ("warning").
 */
export const OPTION_LEVELS: Readonly<Record<OptionName, "error" | "warning">> = {
  host: "error",
  consent: "error",
  respectDnt: "error",
  respectGpc: "error",
  teamId: "error",
  isTeamEnabled: "error",
  teamGateUrl: "error",
  teamFlag: "error",
  holdUnknown: "error",
  ungated: "error",
  personProfiles: "error",
  identity: "error",
  bootstrap: "error",
  beforeSend: "error",
  posthog: "warning",
  debug: "warning",
  featureFlags: "warning",
  flushAt: "warning",
  flushInterval: "warning",
  maxRetries: "warning",
  requestTimeout: "warning",
  gateTtl: "warning",
  flagRetries: "warning",
};

const OPTION_NAMES = Object.keys(OPTION_LEVELS) as OptionName[];

/**
 * The options that turn the tracker off where they are misspelt: it would send elsewhere, of somebody who does not want it, or what a
 * hook was to take out.
 */
const STRICT_NAMES: readonly OptionName[] = ["host", "consent", "respectDnt", "respectGpc", "beforeSend"];

/** Options of posthog-js, and what does the same here. `docs/options.md` is held against this table. */
export const POSTHOG_JS_NAMES: Readonly<Record<string, OptionName>> = {
  api_host: "host",
  flags_api_host: "host",
  ui_host: "host",
  opt_out_capturing_by_default: "consent",
  opt_out_persistence_by_default: "consent",
  cookieless_mode: "consent",
  disable_persistence: "consent",
  persistence: "consent",
  respect_dnt: "respectDnt",
  person_profiles: "personProfiles",
  process_person: "personProfiles",
  before_send: "beforeSend",
  sanitize_properties: "beforeSend",
  property_denylist: "beforeSend",
  request_queue_config: "flushInterval",
  feature_flag_request_timeout_ms: "requestTimeout",
  feature_flag_request_max_retries: "flagRetries",
  advanced_disable_feature_flags_on_first_load: "featureFlags",
};

/** Parts of a name that leave no doubt about what it is for. */
const TELLING: readonly [part: RegExp, OptionName][] = [
  [/^host|host$/, "host"],
  [/consent/, "consent"],
  [/dnt|donottrack/, "respectDnt"],
  [/gpc|globalprivacycontrol/, "respectGpc"],
];

/** What a name may have been meant to be. */
export interface MeantOption {
  readonly name: OptionName;
  /** Whether it is called so in posthog-js. */
  readonly isPostHogJs: boolean;
  /** Whether the tracker must not run without it. */
  readonly isStrict: boolean;
}

export const isOption = (name: string): name is OptionName => Object.hasOwn(OPTION_LEVELS, name);

/** The known option that `unknown` is nearest to; nothing, where none is near. */
export function meantOption(unknown: string): MeantOption | undefined {
  const plain = plainName(unknown);
  const [, ofPostHogJs] = Object.entries(POSTHOG_JS_NAMES).find(([name]) => plainName(name) === plain) ?? [];
  const name = ofPostHogJs ?? nearest(plain);
  const isPostHogJs = Object.hasOwn(POSTHOG_JS_NAMES, unknown.toLowerCase());
  return name && { name, isPostHogJs, isStrict: STRICT_NAMES.includes(name) };
}

/** The longest name that is compared; nobody misspells one of ours by something longer. */
const NAME_LENGTH_MAX = 40;

const plainName = (name: string) =>
  name
    .replace(/[_\-\s]/g, "")
    .slice(0, NAME_LENGTH_MAX)
    .toLowerCase();

/** A third of a name may differ. Where two names are equally near, the first one counts. */
function nearest(plain: string): OptionName | undefined {
  const steps = OPTION_NAMES.map((name) => ({ name, steps: editDistance(plain, plainName(name)) }));
  const [best] = steps.sort((a, b) => a.steps - b.steps);
  if (best && best.steps <= best.name.length / 3) return best.name;
  return TELLING.find(([part]) => part.test(plain))?.[1];
}

/** How many letters have to be put in, left out, replaced or swapped with their neighbour to make one text of the other. */
function editDistance(one: string, other: string): number {
  let rowBefore: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let line = 1; line <= one.length; line++) {
    const next = [line];
    for (let column = 1; column <= other.length; column++) {
      const [above = 0, left = 0, corner = 0] = [row[column], next[column - 1], row[column - 1]];
      const isSame = one[line - 1] === other[column - 1];
      const isSwapped = one[line - 1] === other[column - 2] && one[line - 2] === other[column - 1];
      const swapped = isSwapped && line > 1 ? (rowBefore[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min(above + 1, left + 1, corner + (isSame ? 0 : 1), swapped));
    }
    [rowBefore, row] = [row, next];
  }
  return row[other.length] ?? 0;
}
