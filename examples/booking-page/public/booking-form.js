// @ts-check
/** The form: who books, the confirm button and the banner when it fails. */
import { pageElement } from "./page-element.js";

/**
 * @typedef {object} Attendee
 * @property {string} name
 * @property {string} email
 * @property {string} notes
 */

/** What people read; the API's own message is for logs. @type {Record<string, string>} */
const FAILURE_TEXTS = {
  no_available_users_found_error: "Nobody on the team is free at this time any more.",
  network_error: "We could not reach the booking service.",
};
const UNKNOWN_FAILURE_TEXT = "Something went wrong on our side.";

/**
 * @param {object} handlers
 * @param {(attendee: Attendee) => void} handlers.onSubmit
 * @param {() => void} handlers.onPickAnotherTime
 */
export function setUpBookingForm({ onSubmit, onPickAnotherTime }) {
  const form = pageElement("booking-form", HTMLFormElement);
  const name = pageElement("attendee-name", HTMLInputElement);
  const email = pageElement("attendee-email", HTMLInputElement);
  const notes = pageElement("attendee-notes", HTMLTextAreaElement);
  const confirm = pageElement("confirm", HTMLButtonElement);
  const banner = pageElement("error-banner");

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (confirm.disabled) return;
    onSubmit({ name: name.value.trim(), email: email.value.trim(), notes: notes.value.trim() });
  });
  pageElement("back").addEventListener("click", onPickAnotherTime);
  pageElement("pick-another-time").addEventListener("click", onPickAnotherTime);
  pageElement("try-again").addEventListener("click", () => form.requestSubmit());

  return {
    /** @param {boolean} paymentRequired */
    open(paymentRequired) {
      pageElement("payment-note").hidden = !paymentRequired;
      this.setBusy(false);
      banner.hidden = true;
      name.focus();
    },

    /** @param {boolean} busy */
    setBusy(busy) {
      confirm.disabled = busy;
      confirm.textContent = busy ? "Confirming…" : "Confirm booking";
      form.setAttribute("aria-busy", String(busy));
      if (busy) banner.hidden = true;
    },

    /** @param {string} errorCode */
    showFailure(errorCode) {
      pageElement("error-text").textContent = FAILURE_TEXTS[errorCode] ?? UNKNOWN_FAILURE_TEXT;
      banner.hidden = false;
      banner.focus();
    },
  };
}
