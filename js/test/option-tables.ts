// The tables of options in the core, as its source has them: what the tests hold the module, the types and the page of options against.

import { readText } from "./repository.js";

const checks = () => readText("src/configuration/checks.rs");
const names = () => readText("src/configuration/names.rs");

/** A whole number's default, least and most. */
export interface NumberOption {
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

/** What each match of `pattern` makes of its groups, under the name in the first one. */
function table<Value>(text: string, pattern: RegExp, read: (...groups: string[]) => Value): Record<string, Value> {
  const rows = [...text.matchAll(pattern)].map(([, name = "", ...groups]) => [name, read(...groups)]);
  if (rows.length === 0) throw new Error(`the core has no table like ${pattern}`);
  return Object.fromEntries(rows);
}

const number = (text = "") => Number(text.replaceAll("_", ""));

/** The options that are whole numbers. */
export const numberOptions = (): Record<string, NumberOption> =>
  table(
    checks(),
    /NumberOption \{ name: "(\w+)", default: ([\d_]+), min: ([\d_]+), max: ([\d_]+) \}/g,
    (fallback, min, max) => ({ default: number(fallback), min: number(min), max: number(max) }),
  );

/** The options that are one of a few words; the first is the default. */
export const wordOptions = (): Record<string, string[]> =>
  table(checks(), /WordOption \{\s*name: "(\w+)",\s*words: &\[(.*?)\],?\s*\}/gs, (words = "") =>
    [...words.matchAll(/"([\w-]+)"/g)].map(([, word = ""]) => word),
  );

/** Where events go if the page names no host. */
export const defaultHost = (): string => /DEFAULT_HOST: &str = "(.*?)"/.exec(checks())?.[1] ?? "";

/** The level of a finding about the value of each option. */
export const optionLevels = (): Record<string, string> =>
  table(names(), /^ {4}\("(\w+)", FindingLevel::(\w+)\),$/gm, (level = "") => level.toLowerCase());

/** Options of posthog-js, and what does the same here. */
export const postHogJsNames = (): Record<string, string> =>
  table(names(), /^ {4}\("(\w+)", "(\w+)"\),$/gm, (option = "") => option);
