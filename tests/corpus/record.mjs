// Records the corpus: `node tests/corpus/record.mjs`, after `make pkg`. One line for each call, event and request.

import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { casesOf, fixtureUrl, folded, groups, play } from "./corpus.mjs";

const line = (value) => JSON.stringify(value);

/** The parts of which each element has a line of its own. */
const LISTS = ["calls", "told", "console", "events", "flags", "posthog"];

/** JSON text, broken into lines down to this depth. */
function linesOf(value, depth, indent = "") {
  const isLeaf = typeof value !== "object" || value === null || Object.keys(value).length === 0;
  if (depth === 0 || isLeaf) return line(value);
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const members = Object.entries(value).map(([name, member]) => {
    const key = Array.isArray(value) ? "" : `${line(name)}: `;
    return inner + key + linesOf(member, depth - 1, inner);
  });
  return `${open}\n${members.join(",\n")}\n${indent}${close}`;
}

/** The text of a result, and of all of a group. */
function textOf(results) {
  const texts = Object.entries(results).map(([name, result]) => {
    const parts = Object.entries(result).map(([part, value]) => {
      const isByTab = !Array.isArray(value);
      const depth = LISTS.includes(part) ? 1 + Number(isByTab) : 0;
      return `    ${line(part)}: ${linesOf(value, depth, "    ")}`;
    });
    return `  ${line(name)}: {\n${parts.join(",\n")}\n  }`;
  });
  return `{\n${texts.join(",\n")}\n}\n`;
}

const recorded = new Set();
let cases = 0;
for (const group of groups()) {
  const results = {};
  for (const given of casesOf(group)) {
    if (Object.hasOwn(results, given.name)) throw new Error(`two cases of ${group} are called ${given.name}`);
    try {
      results[given.name] = folded(await play(given));
    } catch (error) {
      throw new Error(`${group}, ${given.name}`, { cause: error });
    }
    cases++;
  }
  writeFileSync(fixtureUrl(group), textOf(results));
  recorded.add(`${group}.json`);
}
for (const name of readdirSync(new URL("fixtures/", import.meta.url))) {
  if (!recorded.has(name)) rmSync(new URL(`fixtures/${name}`, import.meta.url));
}
console.log(`${cases} cases in ${recorded.size} groups`);
