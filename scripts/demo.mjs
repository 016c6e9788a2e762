// A real booking, from a real page, through the real package: starts the collector and the booking page, books once in
// Chromium and shows what arrived. Then keeps serving until Ctrl-C, or with ONCE=1 ends: non-zero when anything is lost.

import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBookingPage } from "../examples/booking-page/server.mjs";
import { launchChromium } from "../tests/e2e/browser.mjs";
import { startCollector } from "../tests/e2e/collector.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const shots = join(root, "target/demo");
const once = Boolean(process.env.ONCE);

/** Counts, over all pages of the visit, what their trackers have captured. */
const countCaptures = () => {
  const before = () => Number(sessionStorage.getItem("captured") ?? 0);
  window.capturedSoFar = () => before() + (window.tracker?.stats().captured ?? 0);
  addEventListener("pagehide", () => sessionStorage.setItem("captured", window.capturedSoFar()));
};

/** Books as a visitor does; gives the number of events that the pages have captured. */
async function book(context, url) {
  const page = await context.newPage();
  await page.addInitScript(countCaptures);
  await page.goto(`${url}/?utm_source=demo`);
  await page.getByTestId("first-slot").click();
  await page.getByTestId("name").fill("Ada Sample");
  await page.getByTestId("email").fill("ada@sample.example");
  await page.getByTestId("notes").fill("Looking forward to it.");
  await page.screenshot({ path: join(shots, "booking-page.png") });
  await page.getByTestId("confirm").click();
  await page.getByTestId("success").waitFor();
  await page.locator("#uid:not(:empty)").waitFor();
  await page.getByTestId("team-gate-verdict").filter({ hasText: "says" }).waitFor();
  await page.screenshot({ path: join(shots, "success-page.png") });
  return page.evaluate(() => window.capturedSoFar());
}

/** Prints what arrived, a line for each event. */
function show(events) {
  const rows = events.map(({ event, timestamp, copies, properties }) => ({
    event,
    time: timestamp.slice(11, 23),
    team: properties.teamId ?? "",
    attempt: (properties.attemptId ?? "").slice(-6),
    booking: properties.bookingUid ?? "",
    "elapsed ms": properties.elapsedMs ?? "",
    page: properties.$pathname,
    copies,
  }));
  console.table(rows);
}

mkdirSync(shots, { recursive: true });
const port = (name, fallback) => Number(process.env[name] ?? (once ? 0 : fallback));
const collector = await startCollector({
  port: port("COLLECTOR_PORT", 8010),
  controlPort: port("INSPECTOR_PORT", 8011),
});
const site = await startBookingPage({
  port: port("PAGE_PORT", 8012),
  packageDir: join(root, "pkg"),
  posthogHost: collector.url,
  inspector: collector.inspector,
});
console.log(`booking page  ${site.url}`);
console.log(`inspector     ${collector.inspector}`);

const browser = await launchChromium();
let captured = 0;
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  captured = await book(context, site.url);
  await collector.wait({ received: String(captured) });
  const inspector = await context.newPage();
  await inspector.goto(collector.inspector);
  await inspector.getByText("booking_completed").first().waitFor();
  await inspector.screenshot({ path: join(shots, "inspector.png") });
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
await browser.close();

show(await collector.events());
const { received } = await collector.stats();
const lost = captured - received;
if (lost !== 0 || captured === 0) process.exitCode = 1;
if (once) {
  console.log("screenshots in target/demo/");
  await Promise.all([site.close(), collector.close()]);
} else {
  console.log("Book some more on the booking page and watch the inspector. Ctrl-C ends.");
}
console.log(`demo: captured ${captured}, received ${received}, lost ${lost}`);
