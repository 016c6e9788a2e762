// Which texts PostHog takes as the id of a person.

const ILLEGAL_ID =
  /^(0|[0-]{36}|\[object object\]|anonymous|anonymous-user|backend|distinct_?id|email|false|guest|id|nan|none|not_authenticated|null|system|true|undefined|user|\$posthog_cookieless)$/i;

/** Whether PostHog takes an id as a person's: a text that is neither empty nor too long nor stands for a missing value. */
export const isLegalDistinctId = (id: unknown): id is string =>
  typeof id === "string" && id.trim() !== "" && id.length <= 200 && !ILLEGAL_ID.test(id.trim());
