// Holds docs/options.md, and what the types say of options, against the code.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";

import { defaultHost, numberOptions, optionLevels, postHogJsNames, wordOptions } from "./option-tables.js";
import { readText, repositoryUrl } from "./repository.js";

const page = readText("docs/options.md");

/** The rows of the table under a heading: their cells by the name in the first one, which stands in backticks. */
function rowsUnder(heading: string): Map<string, string[]> {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  assert.ok(section, `docs/options.md lacks "${heading}"`);
  const rows = [...section.matchAll(/^\| `(\w+)` \|(.*)\|$/gm)];
  const cells = rows.map(([, name = "", rest = ""]): [string, string[]] => {
    return [name, rest.split("|").map((cell) => cell.trim())];
  });
  assert.equal(new Map(cells).size, rows.length, `a name stands twice under "${heading}"`);
  return new Map(cells);
}

/** A whole number as people write it. */
const grouped = (value: number) => String(value).replace(/\B(?=(\d{3})+$)/g, ",");

const UNITS: [string, number][] = [
  ["day", 24 * 3_600_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1_000],
  ["millisecond", 1],
];

/** A time in the largest unit of which it is a whole number; a single day is given in hours. */
function duration(ms: number): string {
  for (const [unit, length] of UNITS) {
    if (ms % length === 0 && !(unit === "day" && ms === length)) {
      return `${grouped(ms / length)} ${unit}${ms === length ? "" : "s"}`;
    }
  }
  return assert.fail(`${ms} is no whole number of milliseconds`);
}

const bytes = (count: number) => (count % 1_024 === 0 ? `${grouped(count / 1_024)} KiB` : `${grouped(count)} bytes`);

/** The value of a constant as the page gives it. */
function inPlainUnits(name: string, value: number | string): string {
  if (typeof value === "string") return `\`${value}\``;
  if (name.endsWith("_MS")) return duration(value);
  return name.includes("_BYTES_") ? bytes(value) : grouped(value);
}

const RUST_NUMBER = /^(?:pub(?:\(super\))? )?const ([A-Z][A-Z\d_]*): [uf]\w+ = (.+);$/gm;
const CONSTANT = /^(?:export |pub(?:\(super\))? )?const ([A-Z][A-Z\d_]*)(?:: [&\w]+)? = ([\d_ *]+|"[^"]*");$/gm;

/** A number, a product of numbers or a text, as Rust and TypeScript write them. */
function evaluate(expression: string): number | string {
  if (expression.startsWith('"')) return expression.slice(1, -1);
  assert.match(expression, /^\d[\d_]*( \* \d[\d_]*)*$/, "an expression that this test cannot read");
  return expression.split(" * ").reduce((product, factor) => product * Number(factor.replaceAll("_", "")), 1);
}

function constantsOf(files: readonly string[], declaration: RegExp): Map<string, number | string> {
  const found = new Map<string, number | string>();
  for (const file of files) {
    for (const [, name = "", expression = ""] of readText(file).matchAll(declaration)) {
      found.set(name, evaluate(expression));
    }
  }
  return found;
}

test("every option of the types has a row, and no other", () => {
  const [, members = ""] =
    /^export interface TrackerOptions \{\n(.*?)^\}/ms.exec(readText("src/bindings/configuration.d.ts")) ?? [];
  const names = [...members.matchAll(/^ {2}(\w+)\?: /gm)].map(([, name]) => name);
  assert.ok(names.includes("host"));
  assert.deepEqual([...rowsUnder("Options").keys()], names);
});

test("the row of an option that is a number has its default, its least and its most", () => {
  const rows = rowsUnder("Options");
  for (const [name, { default: fallback, min, max }] of Object.entries(numberOptions())) {
    const [, defaultCell, range] = rows.get(name) ?? [];
    assert.equal(defaultCell, grouped(fallback), name);
    assert.equal(range, `${grouped(min)} to ${grouped(max)}`, name);
  }
});

test("the rows of the other options have their defaults", () => {
  const rows = rowsUnder("Options");
  const none = ["teamId", "isTeamEnabled", "teamGateUrl", "posthog", "bootstrap", "beforeSend"].map((name) => [
    name,
    "none",
  ]);
  const off = ["debug", "teamFlag", "respectDnt", "respectGpc", "crossSubdomain", "featureFlags"].map((name) => [
    name,
    "false",
  ]);
  const words = Object.entries(wordOptions()).map(([name, [first]]) => [name, `\`"${first}"\``]);
  const defaults = new Map([["host", `\`${defaultHost()}\``], ...none, ...off, ...words] as [string, string][]);
  assert.equal(defaults.size + Object.keys(numberOptions()).length, rows.size);
  for (const [name, value] of defaults) assert.equal(rows.get(name)?.[1], value, name);
  for (const [name, choice] of Object.entries(wordOptions())) {
    const type = choice
      .map((word) => `\`"${word}"\``)
      .join(", ")
      .replace(/, (?=[^,]*$)/, " or ");
    assert.equal(rows.get(name)?.[0], type, name);
  }
});

test("the comments of the types give the defaults and bounds of the code", () => {
  const types = readText("src/bindings/configuration.d.ts");
  for (const [name, { default: fallback, min, max }] of Object.entries(numberOptions())) {
    const comment = `: ${grouped(min)} to ${grouped(max)}. Default ${grouped(fallback)}. */\n  ${name}?: number;`;
    assert.ok(types.includes(comment), name);
  }
  assert.ok(types.includes(`Default \`${defaultHost()}\`. */\n  host?: string | null | undefined;`));
});

const FINDINGS = "What the constructor finds";

test("every code of a finding has a row, and no other", () => {
  const [, union = ""] =
    /^export type FindingCode =\n(.*?);$/ms.exec(readText("src/bindings/configuration.d.ts")) ?? [];
  const codes = [...union.matchAll(/"(\w+)"/g)].map(([, code]) => code);
  assert.ok(codes.includes("host_invalid"));
  assert.deepEqual([...rowsUnder(FINDINGS).keys()], codes);
  for (const [code, [level = ""]] of rowsUnder(FINDINGS)) {
    assert.match(level, /^(error|warning|info|error or warning)$/, code);
  }
});

test("every option has its level, and no name is on both sides", () => {
  const named = (level: string) => {
    const [, list = ""] = new RegExp(`^- \\*\\*${level}\\*\\*: (.*?)\\.`, "ms").exec(page) ?? [];
    return [...list.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  };
  const ofLevel = (level: string) => Object.entries(optionLevels()).filter(([, own]) => own === level);
  for (const level of ["error", "warning"]) {
    const names = ofLevel(level).map(([name]) => name);
    assert.deepEqual(named(level), names, level);
  }
});

test("every name of posthog-js that is known has a row with the option that does the same", () => {
  const rows = [...rowsUnder("Names of posthog-js")].map(([name, [option]]) => [name, option]);
  assert.deepEqual(
    rows,
    Object.entries(postHogJsNames()).map(([name, option]) => [name, `\`${option}\``]),
  );
});

test("every bound of the outbox has a row with its value, and no other", () => {
  const modules = ["answer", "config", "backoff", "drain", "gate", "reach", "delivery", "dispatch"];
  const files = modules.map((module) => `src/outbox/${module}.rs`);
  const bounds = constantsOf(files, RUST_NUMBER);
  const rows = rowsUnder("Bounds of the outbox");
  assert.deepEqual([...rows.keys()], [...bounds.keys()]);
  for (const [name, value] of bounds) assert.equal(rows.get(name)?.[0], inPlainUnits(name, value), name);
});

/** Holds a section against the constants of these files. */
function holds(heading: string, files: readonly string[]): void {
  const constants = constantsOf(files, CONSTANT);
  const rows = rowsUnder(heading);
  assert.deepEqual([...rows.keys()], [...constants.keys()]);
  for (const [name, value] of constants) assert.equal(rows.get(name)?.[0], inPlainUnits(name, value), name);
}

test("every bound of the tracker has a row with its value, and no other", () => {
  const configuration = ["configuration/checks", "configuration/mod", "configuration/names"];
  const event = ["event/distinct_id", "event/emails", "person/session", "person/stored"];
  const flags = ["flags/cache", "flags/feature_flags", "flags/gate", "flags/request"];
  const tracker = ["asking", "clock", "held", "quarantine", "recorder", "replay", "sharing", "timezone"].map(
    (name) => `tracker/${name}`,
  );
  const browser = ["driver", "driver/outputs", "mirror", "posthog", "requests", "value", "web"].map(
    (name) => `browser/${name}`,
  );
  holds(
    "Bounds of the tracker",
    [...configuration, ...event, ...flags, ...tracker, ...browser].map((module) => `src/${module}.rs`),
  );
});

test("every constant of the page's side has a row with its value, and no other", () => {
  const modules = ["facade", "facade-gate", "journal", "entries/script"];
  holds(
    "Constants of the page's side",
    modules.map((module) => `js/src/${module}.ts`),
  );
});

test("every row says why", () => {
  const bounds = ["Bounds of the outbox", "Bounds of the tracker", "Constants of the page's side"];
  const headings = ["Options", FINDINGS, "Names of posthog-js", ...bounds];
  for (const [name, cells] of headings.flatMap((heading) => [...rowsUnder(heading)])) {
    assert.match(cells.at(-1) ?? "", /^[A-Z].*\.$/, name);
  }
});

test("constants that the engine and the wrapper share have one value", () => {
  const filesIn = (folder: string, ending: string) =>
    readdirSync(repositoryUrl(folder), { encoding: "utf8" })
      .filter((name) => name.endsWith(ending))
      .map((name) => folder + name);
  const folders = ["src/outbox/", "src/tracker/", "src/flags/", "src/person/"];
  const engine = constantsOf(
    folders.flatMap((folder) => filesIn(folder, ".rs")),
    CONSTANT,
  );
  const wrapper = constantsOf(filesIn("js/src/", ".ts"), CONSTANT);
  const shared = [...wrapper.keys()].filter((name) => engine.has(name)).sort();
  const known = ["KEY_PREFIX", "QUARANTINE_MAX", "RECORD_FORMAT"];
  assert.deepEqual(shared, known);
  for (const name of shared) assert.equal(wrapper.get(name), engine.get(name), name);
});
