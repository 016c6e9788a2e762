import assert from "node:assert/strict";
import { test } from "node:test";

import { isMustSend } from "../src/must-send.js";

test("what a page is left after, and what money depends on, goes at once", () => {
  for (const event of ["booking_completed", "booking_failed", "$identify", "payment_processed", "payment_"]) {
    assert.equal(isMustSend(event), true, event);
  }
  for (const event of ["booking_started", "booking_completed2", "a booking_failed", "$identify ", "my_payment_", ""]) {
    assert.equal(isMustSend(event), false, event);
  }
});
