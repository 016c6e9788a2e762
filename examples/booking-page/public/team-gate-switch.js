// @ts-check
/**
 * The switch by which a visitor sees the team gate at work: what the server answers, and what the
 * tracker makes of it.
 */
import { TEAM } from "./event-types.js";
import { startOver } from "./first-visit.js";
import { pageElement } from "./page-element.js";

const GATE_URL = `/api/team-gate?teamId=${TEAM.id}`;

/** @type {Record<GateState, { label: string, meaning: string }>} */
const ANSWERS = {
  unknown: {
    label: "Unknown",
    meaning: "Nobody can say. Events are held in this browser, and the tracker keeps asking. Choosing this starts the page over, as for a first visit.",
  },
  open: {
    label: "Open",
    meaning: "The team is tracked. Events are sent, and those that were held go with them.",
  },
  shut: {
    label: "Shut",
    meaning: "The team is not tracked. Events are dropped, and those that were held as well.",
  },
};

const box = pageElement("team-gate");
const meaning = lineOf("team-gate-meaning", "");
const verdict = lineOf("team-gate-verdict", "");
verdict.dataset.testid = "team-gate-verdict";
verdict.setAttribute("role", "status");
const options = Object.entries(ANSWERS).map(([answer, { label }]) => optionOf(answer, label));
box.append(titleOf("Team tracking: what the server answers"), groupOf(options), verdict, meaning);
void showAnswer();
// Another page may have switched it since.
addEventListener("pageshow", ({ persisted }) => void (persisted && showAnswer()));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void showAnswer();
});

/**
 * Shows what the tracker knows, and what has become of events for it.
 * @param {GateState} gate
 * @param {TrackerStats} stats
 */
export function showTeamGate(gate, { held, dropped }) {
  const given = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  const text = `The tracker says ${gate} · ${held} held · ${given} dropped`;
  if (verdict.textContent !== text) verdict.textContent = text;
  verdict.dataset.gate = gate;
  meaning.textContent = ANSWERS[gate].meaning;
}

/** Marks what the server answers at present. */
async function showAnswer() {
  const response = await fetch(GATE_URL);
  const { enabled } = await response.json();
  mark(response.ok ? (enabled ? "open" : "shut") : "unknown");
}

/** @param {string} answer */
function mark(answer) {
  for (const { input } of options) input.checked = input.value === answer;
}

/** @param {string} answer */
async function switchTo(answer) {
  await fetch(GATE_URL, { method: "POST", body: JSON.stringify({ answer }) });
  if (answer === "unknown") startOver();
  // A tracker that was left without an answer waits longer each time, but not where it is online again.
  else dispatchEvent(new Event("online"));
}

/** @param {string} text */
function titleOf(text) {
  const title = document.createElement("h2");
  title.id = "team-gate-title";
  title.textContent = text;
  return title;
}

/**
 * @param {string} className
 * @param {string} text
 */
function lineOf(className, text) {
  const line = document.createElement("p");
  line.className = className;
  line.textContent = text;
  return line;
}

/**
 * @param {string} answer
 * @param {string} text
 */
function optionOf(answer, text) {
  const input = document.createElement("input");
  input.type = "radio";
  input.name = "team-gate";
  input.value = answer;
  input.addEventListener("change", () => void switchTo(answer));
  const label = document.createElement("label");
  label.dataset.testid = `team-gate-${answer}`;
  label.append(input, document.createTextNode(text));
  return { input, label };
}

/** @param {{ label: HTMLLabelElement }[]} all */
function groupOf(all) {
  const group = document.createElement("div");
  group.className = "segments";
  group.setAttribute("role", "radiogroup");
  group.setAttribute("aria-labelledby", "team-gate-title");
  group.append(...all.map(({ label }) => label));
  return group;
}
