// @ts-check
/**
 * What can be booked, and with whom. Also read by the server, so no DOM here.
 *
 * @typedef {object} EventType
 * @property {number} id
 * @property {string} slug
 * @property {string} title
 * @property {string} description
 * @property {number} duration in minutes
 * @property {string} location
 * @property {string | null} price
 * @property {boolean} paymentRequired
 * @property {boolean} isTeamEvent
 * @property {string[]} hosts
 */

/** The team whose page this is. */
export const TEAM = Object.freeze({ id: 42, name: "Team Meadow", userId: 7 });

/** @type {readonly EventType[]} */
export const EVENT_TYPES = Object.freeze([
  {
    id: 101,
    slug: "intro-call",
    title: "Intro call",
    description: "A first conversation: what you are planning, and whether we are a good fit.",
    duration: 30,
    location: "Video call",
    price: null,
    paymentRequired: false,
    isTeamEvent: false,
    hosts: ["Mira Fields"],
  },
  {
    id: 102,
    slug: "paid-consultation",
    title: "Paid consultation",
    description: "An hour on your own question. You leave with a written summary and next steps.",
    duration: 60,
    location: "Video call",
    price: "€80",
    paymentRequired: true,
    isTeamEvent: false,
    hosts: ["Jonas Alder"],
  },
  {
    id: 103,
    slug: "team-demo",
    title: "Team demo",
    description: "See the product live with the people who build it, and ask them anything.",
    duration: 45,
    location: "Video call",
    price: null,
    paymentRequired: false,
    isTeamEvent: true,
    hosts: ["Mira Fields", "Jonas Alder", "Sefa Brook"],
  },
]);

/**
 * @param {unknown} id
 * @returns {EventType | undefined}
 */
export function eventTypeById(id) {
  return EVENT_TYPES.find((eventType) => eventType.id === id);
}

/**
 * @param {string | null} slug
 * @returns {EventType | undefined}
 */
export function eventTypeBySlug(slug) {
  return EVENT_TYPES.find((eventType) => eventType.slug === slug);
}
