// @ts-check
/** The booking page: pick a meeting, a day and a time, then confirm. */
import { firstBookableDay } from "./availability.js";
import { setUpBookingForm } from "./booking-form.js";
import { book, BookingError, successUrl } from "./booking.js";
import { showCalendar } from "./calendar.js";
import { formatShortDay } from "./dates.js";
import { showEventTypeCards } from "./event-type-cards.js";
import { EVENT_TYPES, TEAM } from "./event-types.js";
import { showMeetingSummary } from "./meeting-summary.js";
import { pageElement } from "./page-element.js";
import { showTimeSlots } from "./time-slots.js";
import { keepTrackerStatusShown, showTrackerStatus, tracker } from "./tracker.js";

/** @typedef {import("./booking-form.js").Attendee} Attendee */
/** @typedef {import("./event-types.js").EventType} EventType */

const today = new Date();
let eventType = EVENT_TYPES[0];
let day = firstBookableDay(today);
/** @type {Date | undefined} */
let start;

const cards = showEventTypeCards(pageElement("event-types"), selectEventType);
const calendar = showCalendar(
  {
    month: pageElement("month"),
    days: pageElement("days"),
    previous: pageElement("previous-month", HTMLButtonElement),
    next: pageElement("next-month", HTMLButtonElement),
  },
  today,
  selectDay,
);
const form = setUpBookingForm({ onSubmit: submit, onPickAnotherTime: pickAnotherTime });

selectEventType(eventType);
tracker.capture("booking_page_viewed", { eventTypeSlug: eventType.slug, teamId: TEAM.id });
keepTrackerStatusShown();

// Back from the success page: the page may return as it was left, mid-submit.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) form.setBusy(false);
});

/** @param {EventType} selected */
function selectEventType(selected) {
  eventType = selected;
  start = undefined;
  cards.select(eventType);
  showPickingStage();
}

/** @param {Date} selected */
function selectDay(selected) {
  day = selected;
  showPickingStage();
}

function pickAnotherTime() {
  start = undefined;
  showPickingStage();
  pageElement("slots").querySelector("button")?.focus();
}

function showPickingStage() {
  calendar.select(day);
  showMeetingSummary(eventType, undefined);
  pageElement("slots-day").textContent = formatShortDay(day);
  showTimeSlots(pageElement("slots"), day, eventType.duration, selectTime);
  showStage("picking");
}

/** @param {Date} selected */
function selectTime(selected) {
  start = selected;
  showMeetingSummary(eventType, start);
  showStage("form");
  form.open(eventType.paymentRequired);
}

/** @param {"picking" | "form"} stage */
function showStage(stage) {
  pageElement("picking").hidden = stage !== "picking";
  pageElement("booking-form").hidden = stage !== "form";
}

/** @param {Attendee} attendee */
async function submit(attendee) {
  if (!start) return;
  const wish = { eventType, start, attendee };
  const facts = {
    eventTypeId: eventType.id,
    userId: TEAM.userId,
    teamId: TEAM.id,
    isReschedule: false,
    isTeamEvent: eventType.isTeamEvent,
    paymentRequired: eventType.paymentRequired,
  };
  const { duration } = eventType;

  tracker.trackBookingStarted({ ...facts, duration });
  showTrackerStatus();
  form.setBusy(true);
  try {
    const { bookingId, bookingUid } = await book(wish);
    tracker.trackBookingCompleted({ ...facts, bookingId, bookingUid, duration });
    location.href = successUrl(wish, bookingUid, location);
  } catch (error) {
    if (!(error instanceof BookingError)) throw error;
    tracker.trackBookingFailed({ ...facts, error: error.message, errorCode: error.errorCode });
    form.setBusy(false);
    form.showFailure(error.errorCode);
  }
  showTrackerStatus();
}
