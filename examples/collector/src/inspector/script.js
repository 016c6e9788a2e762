// The inspector page. Everything shown came from the network, so text goes into the page by textContent only.
"use strict";

// More rows than this make the page slow; older ones stay in GET /events.
const MOST_SHOWN = 500;
const STAGES = [
  ["started", "Started"],
  ["completed", "Completed"],
  ["failed", "Failed"],
];

const byId = (id) => document.getElementById(id);
const shownRows = new Map(); // seq -> {row, element}
const waitingRows = new Map(); // seq -> row, to be drawn in the next frame
let stats = null;
let pages = null; // what the pages say of themselves, the last one first
let rowsLoaded = false;
let frameAsked = false;

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function tone(name) {
  if (name.startsWith("$")) return "system";
  if (name.startsWith("payment")) return "payment";
  if (/(failed|error)$/.test(name)) return "failed";
  if (/(completed|executed|created)$/.test(name)) return "completed";
  return /(started|scheduled)$/.test(name) ? "started" : "other";
}

function teamOf(properties) {
  return properties.teamId ?? properties.$groups?.team;
}

/** What the booking came to: its uid, or why there is none. */
function outcomeOf(properties) {
  const error = properties.errorCode ?? properties.error;
  return error ? [error, "wrong"] : [properties.bookingUid, "id"];
}

function elapsedText(millis) {
  if (typeof millis !== "number") return undefined;
  return millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(1)} s`;
}

function shortId(id) {
  // The end of a v7 id is its random part, its beginning is much the same for all that began together.
  return typeof id === "string" && id.length > 9 ? `…${id.slice(-8)}` : id;
}

function cell(value, className) {
  if (value === undefined || value === null || value === "") return element("span", `${className} none`, "–");
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  const made = element("span", className, text);
  made.title = text;
  return made;
}

function summaryOf(row) {
  const { properties } = row;
  const [outcome, outcomeClass] = outcomeOf(properties);
  const summary = element("summary");
  const name = element("span");
  const chip = element("span", `chip ${tone(row.event)}`, row.event);
  name.title = row.event;
  name.append(chip);
  summary.append(
    cell(row.timestamp.slice(11, 23), "id"),
    name,
    cell(teamOf(properties), ""),
    cell(shortId(properties.attemptId), "id"),
    cell(outcome, outcomeClass),
    cell(elapsedText(properties.elapsedMs), "right"),
    element("span", row.copies > 1 ? "right many" : "right", `×${row.copies}`),
  );
  return summary;
}

function detailsOf(row) {
  const details = element("details", "fresh");
  details.append(summaryOf(row));
  // Most rows are never opened, and their JSON is most of the page.
  details.addEventListener("toggle", () => {
    details.querySelector("pre")?.remove();
    if (details.open) details.append(element("pre", "", JSON.stringify(shownRows.get(row.seq).row, null, 2)));
  });
  return details;
}

function drawRow(row) {
  const shown = shownRows.get(row.seq);
  if (!shown) {
    const made = detailsOf(row);
    shownRows.set(row.seq, { row, element: made });
    made.dataset.seq = row.seq;
    // Mostly this is the first place; rows of the list may arrive after newer ones of the stream.
    const newer = [...byId("events").children].findLast(({ dataset }) => Number(dataset.seq) > row.seq);
    if (newer) newer.after(made);
    else byId("events").prepend(made);
  } else if (row.copies > shown.row.copies) {
    shown.row = row;
    shown.element.querySelector("summary").replaceWith(summaryOf(row));
    const open = shown.element.querySelector("pre");
    if (open) open.textContent = JSON.stringify(row, null, 2);
  }
}

function drawRows() {
  const rows = [...waitingRows.values()].sort((a, b) => a.seq - b.seq);
  waitingRows.clear();
  // Rows that would be removed again at once are not drawn at all.
  rows.slice(-MOST_SHOWN).forEach(drawRow);
  while (shownRows.size > MOST_SHOWN) {
    const oldest = Math.min(...shownRows.keys());
    shownRows.get(oldest).element.remove();
    shownRows.delete(oldest);
  }
  byId("empty").hidden = shownRows.size > 0 || !rowsLoaded;
}

function bar(label, className, count, whole, share) {
  const line = element("div", className);
  const track = element("dd", "track");
  const fill = element("div", "fill");
  fill.style.width = whole > 0 ? `${Math.min(100, (100 * count) / whole)}%` : "0";
  track.append(fill);
  const value = element("dd", "value", String(count));
  if (share !== undefined) value.append(element("small", "", share));
  line.append(element("dt", "", label), track, value);
  return line;
}

function drawFunnel({ attempts, ...counts }) {
  byId("funnel-title").replaceChildren(
    "Booking attempts ",
    element("small", "", attempts > 0 ? `${plural(attempts, "attempt")}, by how far they came` : "none yet"),
  );
  byId("funnel").replaceChildren(
    ...STAGES.map(([stage, label]) => {
      const share = attempts > 0 ? `${((100 * counts[stage]) / attempts).toFixed(1)} %` : "–";
      return bar(label, stage, counts[stage], attempts, share);
    }),
  );
}

function drawNames(names) {
  const sorted = Object.entries(names).sort((a, b) => b[1] - a[1]);
  const most = sorted.length > 0 ? sorted[0][1] : 0;
  byId("names").replaceChildren(...sorted.map(([name, count]) => bar(name, tone(name), count, most)));
  byId("names-empty").hidden = sorted.length > 0;
}

/** A count that somebody may have to look at, where it is not zero. */
function count(number, className) {
  return element("td", number > 0 ? `right ${className}` : "right none", String(number));
}

function pageCell({ path, page, hasLeft }) {
  const cell = element("td", "page", `${path} `);
  cell.append(element("small", "id", shortId(page)));
  if (hasLeft) cell.append(" ", element("small", "tag", "left"));
  return cell;
}

function droppedCell(dropped) {
  const reasons = Object.entries(dropped);
  const cell = element("td", reasons.length > 0 ? "" : "none", reasons.length > 0 ? undefined : "–");
  for (const [reason, number] of reasons) cell.append(element("span", "chip failed", `${reason} ${number}`), " ");
  return cell;
}

function pageRow(page) {
  const row = element("tr", page.hasLeft ? "past" : "");
  const gate = element("td");
  gate.append(element("span", `chip ${page.gate}`, page.gate));
  row.append(
    element("td", "id", page.saidAt.slice(11, 23)),
    pageCell(page),
    element("td", "", page.team),
    gate,
    element("td", "right", String(page.captured)),
    element("td", "right", String(page.confirmed)),
    page.hasLeft ? element("td", "right none", `${page.waiting} when it was left`) : count(page.waiting, ""),
    // What a page held that has left, a later one holds now.
    count(page.held, page.hasLeft ? "" : "many"),
    droppedCell(page.dropped),
  );
  row.dataset.page = page.page;
  return row;
}

function drawPages() {
  byId("pages").replaceChildren(...pages.map(pageRow));
  byId("pages-section").hidden = pages.length === 0;
}

function drawStats() {
  byId("received").textContent = stats.received;
  byId("copies").textContent = stats.received > 0 ? stats.copiesPerEvent.toFixed(2) : "–";
  byId("copies-note").textContent = `${stats.copies === 1 ? "1 copy" : `${stats.copies} copies`} on the wire`;
  byId("requests").textContent = stats.requests;
  const preflights = stats.preflights === 0 ? "no preflight" : plural(stats.preflights, "preflight");
  const faults = stats.faultsMet === 0 ? "" : `, ${plural(stats.faultsMet, "scripted fault")}`;
  byId("requests-note").textContent = preflights + faults;
  byId("refused").textContent = stats.refusedBodies;
  byId("refused-tile").classList.toggle("alarm", stats.refusedBodies > 0);
  drawFunnel(stats.funnel);
  drawNames(stats.names);
}

/** Draws at most once a frame, however many messages a body of 500 events makes. */
function draw() {
  if (frameAsked) return;
  frameAsked = true;
  requestAnimationFrame(() => {
    frameAsked = false;
    drawRows();
    if (stats) drawStats();
    if (pages) drawPages();
  });
}

function take(row) {
  const waiting = waitingRows.get(row.seq);
  if (!waiting || row.copies > waiting.copies) waitingRows.set(row.seq, row);
}

function clear() {
  pages = [];
  shownRows.clear();
  waitingRows.clear();
  byId("events").replaceChildren();
}

/** The stream tells what is new; what was there before it, or was missed, comes from the lists. */
async function load() {
  pages = null;
  const [events, said] = await Promise.all([fetch("/events"), fetch("/page-stats")]);
  (await events.json()).forEach(take);
  const list = await said.json();
  // What the stream has told in the meantime is newer, and whole.
  pages ??= list;
  rowsLoaded = true;
  draw();
}

function showLink(state, text) {
  byId("link").dataset.state = state;
  byId("link").textContent = text;
}

const stream = new EventSource("/stream");
stream.addEventListener("open", () => {
  showLink("live", "live");
  // After a lost connection this may be another collector, whose rows begin at 1 again.
  clear();
  load().catch(() => showLink("waiting", "rows could not be loaded"));
});
stream.addEventListener("error", () => showLink("waiting", "connection lost, trying again"));
stream.addEventListener("message", (message) => {
  take(JSON.parse(message.data));
  draw();
});
stream.addEventListener("stats", (message) => {
  stats = JSON.parse(message.data);
  draw();
});
stream.addEventListener("pages", (message) => {
  pages = JSON.parse(message.data);
  draw();
});
stream.addEventListener("reset", () => {
  clear();
  draw();
});
stream.addEventListener("lagged", () => {
  load().catch(() => showLink("waiting", "rows could not be loaded"));
});
