// `make faults`: plays every fault in every browser, with the real package and the real collector, and prints what became
// of twenty events each. ENGINES=chromium,firefox,webkit and FAULTS=name,name play some. Ends non-zero where an event is
// lost, counted twice or sent more often than its fault explains, without a stated limit.

import { startCollector } from "../e2e/collector.mjs";
import { chromium } from "./chromium.mjs";
import { FAULTS } from "./faults.mjs";
import { firefox } from "./firefox.mjs";
import { EVENTS, Scene } from "./scene.mjs";
import { startSite } from "./site.mjs";
import { STATED_LIMITS } from "./stated-limits.mjs";
import { webkit } from "./webkit.mjs";

const ENGINES = { chromium, firefox, webkit };

/** "unaided" is what has arrived without the visitor coming back. It is told, and makes no row bad. */
const HEADER = ["captured", "unaided", "stored", "lost", "counted twice", "copies"];
const TITLE_WIDTH = Math.max(...FAULTS.map(({ title }) => title.length)) + 2;

/** The members of `all` that a list from the environment names; all of them, where it names none. */
function choose(all, list, nameOf) {
  const wanted = (list ?? "").split(",").filter(Boolean);
  const unknown = wanted.filter((name) => !all.some((member) => nameOf(member) === name));
  if (unknown.length > 0) throw new Error(`${unknown} unknown; there are ${all.map(nameOf).join(", ")}`);
  return all.filter((member) => wanted.length === 0 || wanted.includes(nameOf(member)));
}

/** Plays one fault; an error of the play is a result as well. */
async function play(fault, engine, collector, site) {
  const reason = engine.cannot[fault.needs];
  if (reason) return { verdict: "n/a", notes: [reason] };
  try {
    return judge(await new Scene(engine, collector, site).play(fault), fault, STATED_LIMITS[engine.name]?.[fault.name]);
  } catch (error) {
    return { verdict: "failed", notes: [String(error?.stack ?? error)], isBad: true };
  }
}

/** Says whether a result is as it should be, or at least as it is stated to be. */
function judge({ captured, unaided, stored, lost, twice, copies, notes }, { copiesMax = 1 }, limit) {
  const isWhole = captured === EVENTS && lost === 0 && twice === 0 && copies <= copiesMax;
  const cells = [captured, unaided, stored, lost, twice, copies.toFixed(2)];
  if (isWhole) return { cells, verdict: "", notes };
  return { cells, verdict: limit ? "limit" : "BAD", notes: limit ? [limit, ...notes] : notes, isBad: !limit };
}

const row = (title, cells, verdict) => {
  const columns = HEADER.map((header, index) => String(cells[index] ?? "").padStart(header.length + 2));
  return `${title.padEnd(TITLE_WIDTH)}${columns.join("")}  ${verdict}`.trimEnd();
};

/** Prints one table as it comes into being, with its footnotes; gives how many of its rows are bad. */
async function printTable(engine, faults, collector, site) {
  const footnotes = [];
  let bad = 0;
  console.log(`\n${row(engine.name, HEADER, "")}`);
  for (const fault of faults) {
    const { cells = [], verdict, notes, isBad = false } = await play(fault, engine, collector, site);
    const marks = notes.map((note) => `[${footnotes.push(note)}]`);
    console.log(row(fault.title, cells, [verdict, ...marks].join(" ").trim()));
    bad += Number(isBad);
  }
  footnotes.forEach((sentence, index) => {
    console.log(`[${index + 1}] ${sentence}`);
  });
  return bad;
}

const engines = choose(Object.entries(ENGINES), process.env.ENGINES, ([name]) => name);
const faults = choose(FAULTS, process.env.FAULTS, ({ name }) => name);
const [collector, site] = await Promise.all([startCollector(), startSite()]);
let bad = 0;
try {
  for (const [, engine] of engines) {
    bad += await printTable(engine, faults, collector, site);
  }
} finally {
  await Promise.all([collector.close(), site.close()]);
}
if (bad > 0) console.log(`\nRows with an event lost, counted twice or sent too often, or a failed play: ${bad}`);
process.exitCode = bad > 0 ? 1 : 0;
