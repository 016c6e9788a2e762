// The booking page that people try the tracker with, and the switch on it by which they see the team gate at work.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startBookingPage } from "../../examples/booking-page/server.mjs";
import { openPage, storedRecords } from "./browser.mjs";
import { collector, context, names, setStage } from "./stage.mjs";

setStage();

/** What every visit that books captures. */
const VISIT = ["booking_page_viewed", "booking_started", "booking_completed"];

/** Starts a booking page whose trackers send to the collector and report to its inspector. */
const startPage = () =>
  startBookingPage({
    packageDir: fileURLToPath(new URL("../../pkg", import.meta.url)),
    posthogHost: collector.url,
    inspector: collector.inspector,
  });

const says = (page, verdict) => page.getByText(`The tracker says ${verdict}`).waitFor();

const switchTo = (page, answer) => page.getByTestId(`team-gate-${answer}`).click();

/** Books the first free slot as a visitor does, and ends on the page behind it. */
async function book(page) {
  await page.getByTestId("first-slot").click();
  await page.getByTestId("name").fill("Ada Sample");
  await page.getByTestId("email").fill("ada@sample.example");
  await page.getByTestId("confirm").click();
  await page.getByTestId("success").waitFor();
}

/** Waits until the inspector shows the page of this path that said something last with these words. */
const inspectorShows = (inspector, path, words) =>
  inspector.waitForFunction(
    ([start, parts]) => {
      const rows = [...document.querySelectorAll("#pages tr")].map((row) =>
        [...row.cells].map(({ innerText }) => innerText.trim()),
      );
      const cells = rows.find(([, page]) => page.startsWith(`${start} `));
      return cells !== undefined && parts.every((part) => cells.includes(part));
    },
    [path, words],
  );

test("the switch shows what becomes of a booking while the gate is unknown, open and shut", async (t) => {
  const bookingPage = await startPage();
  t.after(() => bookingPage.close());
  const inspector = await openPage(context, collector.inspector);
  const page = await openPage(context, bookingPage.url);
  await says(page, "open");
  await page.evaluate(() => window.tracker.flush());
  await collector.wait({ received: 1 });

  // The page starts over, as on a first visit.
  await switchTo(page, "unknown");
  await says(page, "unknown · 1 held");
  await book(page);
  await says(page, "unknown · 3 held · 0 dropped");
  await inspectorShows(inspector, "/success", ["unknown", "3"]);
  assert.equal((await storedRecords(page)).length, 3);
  assert.equal((await collector.stats()).received, 1);

  await switchTo(page, "open");
  await collector.wait({ received: 4 });
  await says(page, "open · 0 held · 0 dropped");
  await inspectorShows(inspector, "/success", ["open", "0"]);
  assert.deepEqual(names(await collector.events()), ["booking_page_viewed", ...VISIT]);

  await switchTo(page, "shut");
  await says(page, "shut");
  await page.getByTestId("book-another").click();
  await says(page, "shut · 0 held · 1 dropped");
  await book(page);
  await says(page, "shut");
  await inspectorShows(inspector, "/", ["shut", "gate_shut 3"]);
  assert.equal((await collector.stats()).received, 4);
  assert.deepEqual(await storedRecords(page), []);
  assert.deepEqual(page.errors, []);
  assert.deepEqual(inspector.errors, []);
});
