// Requests and beacons: CORS-simple, without credentials, never redirected; large ones compressed.

import type { CheckedOptions } from "./options.js";

/** What a server answered; status 0, where no answer came. */
export interface Answer {
  readonly status: number;
  /** What a 2xx says: PostHog's answer, PostHog's that it takes no events, or something that somebody in between says. */
  readonly content: "api" | "quota_limited" | "foreign";
  /** What `Retry-After` asks for; 0, where it says nothing in seconds. */
  readonly retryAfterS: number;
}

/** PostHog's answers are under a hundred characters; what is cut here is no JSON any more, and none of PostHog's. */
const ANSWER_LENGTH_MAX = 4_096;

/** Where a project's events go. */
type Project = Pick<CheckedOptions, "host" | "apiKey">;

/** The path of PostHog's capture endpoint. */
const CAPTURE_PATH = "/i/v0/e/";

/**
 * Posts events, which are given with commas between them, as `text/plain`, which needs no preflight, and reads the answer to
 * its end, because a keepalive request whose body is left unread may hold its quota for ever. A redirect is an error: it is
 * a proxy's or a login's, and a followed one turns the POST into a GET. Never rejects.
 */
export async function post(
  { host, apiKey }: Project,
  events: string,
  keepalive: boolean,
  signal?: AbortSignal,
): Promise<Answer> {
  try {
    const url = host + CAPTURE_PATH;
    const body = bodyOf(apiKey, events);
    const packed = keepalive ? undefined : await gzip(body);
    const response = await fetch(packed ? `${url}?compression=gzip-js` : url, {
      method: "POST",
      body: packed ?? body,
      keepalive,
      credentials: "omit",
      redirect: "error",
      signal: signal ?? null,
    });
    const text = await response.text();
    const [retryAfter] = /^\s*\d+\s*$/.exec(response.headers.get("Retry-After") ?? "") ?? [0];
    return { status: response.status, content: contentOf(text), retryAfterS: Math.min(Number(retryAfter), 0xffff) };
  } catch {
    return { status: 0, content: "api", retryAfterS: 0 };
  }
}

/** PostHog answers with an empty body or a JSON one; a web page comes from somebody in between. */
function contentOf(body: string): Answer["content"] {
  try {
    const { quota_limited } = JSON.parse(body.slice(0, ANSWER_LENGTH_MAX).trim() || "0") ?? {};
    return [quota_limited].flat().includes("events") ? "quota_limited" : "api";
  } catch {
    return "foreign";
  }
}

/**
 * `sent_at` is fresh on every attempt: PostHog takes what it differs from the server's time for the skew of the page's
 * clock, and moves every timestamp by it.
 */
const bodyOf = (apiKey: string, events: string): string =>
  `${JSON.stringify({ api_key: apiKey, sent_at: new Date() }).slice(0, -1)},"batch":[${events}]}`;

/**
 * The body, compressed; nothing, where the browser cannot. Only requests that need not outlive the page wait for this:
 * what such a request carries goes out again with a leave, so there is no moment in which an event is nowhere.
 */
async function gzip(body: string): Promise<Blob | undefined> {
  try {
    const stream = new Blob([body]).stream().pipeThrough(new CompressionStream("gzip"));
    return new Blob([await new Response(stream).arrayBuffer()], { type: "text/plain" });
  } catch {
    // No compressor, or one that a page has replaced.
    return undefined;
  }
}

/**
 * Hands events over for sending after the page is gone, by beacon or, where that is refused, by a keepalive request.
 * Nobody hears of the answer: a beacon that the browser accepts is no confirmation, above some 256 in flight Chromium
 * drops them without a word.
 */
export function exit(project: Project, events: string): void {
  let accepted = false;
  try {
    accepted = navigator.sendBeacon(`${project.host + CAPTURE_PATH}?beacon=1`, bodyOf(project.apiKey, events));
  } catch {
    // No such function, or a page that has replaced it.
  }
  if (!accepted) void post(project, events, true);
}

/** What somebody has answered who was asked for something; status 0, where no answer came. */
export interface JsonAnswer {
  readonly status: number;
  /** The body. */
  readonly text: string;
  /** Whether the answer was given up, because it took too long. */
  readonly isLate: boolean;
}

/** Asks for a JSON value: by GET, or by POST where there is a body. As simple as {@link post}, and never rejects. */
export async function ask(url: string, body: string | undefined, timeoutMs: number): Promise<JsonAnswer> {
  const controller = new AbortController();
  const timeout = setTimeout(() => controller.abort(), timeoutMs);
  try {
    const response = await fetch(url, {
      ...(body === undefined ? {} : { method: "POST", body }),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: controller.signal,
    });
    const text = await response.text().catch(() => "");
    return { status: response.status, text, isLate: false };
  } catch {
    return { status: 0, text: "", isLate: controller.signal.aborted };
  } finally {
    clearTimeout(timeout);
  }
}
