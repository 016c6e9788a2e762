// Requests to PostHog's `/flags` endpoint: CORS-simple, and repeated only where no answer came or a gateway failed
// (502, 504), as PostHog's SDK specification wants it (http-client).

import type { CheckedOptions } from "./options.js";
import { stringifyProperties } from "./properties.js";
import { ask, type JsonAnswer } from "./transport.js";

/** The path of the endpoint, behind `host`; the second version of its answers. */
const FLAGS_PATH = "/flags/?v=2";

/** The wait before a request is repeated; it doubles. PostHog's SDK specification, http-client. */
const FLAGS_RETRY_MS = 300;

/** One flag, as the endpoint answers it. */
export interface FlagDetail {
  readonly enabled: boolean;
  readonly variant?: string | null;
  readonly failed?: boolean;
  readonly reason?: { readonly code?: string; readonly description?: string };
  readonly metadata?: {
    readonly id?: number;
    readonly version?: number;
    readonly payload?: string | null;
    readonly has_experiment?: boolean;
  };
}

/** What the endpoint answers. */
export interface FlagsAnswer {
  readonly flags: Readonly<Record<string, FlagDetail>>;
  readonly errorsWhileComputingFlags?: boolean;
  readonly quotaLimited?: readonly string[];
  readonly requestId?: string;
  readonly evaluatedAt?: number;
  readonly minimalFlagCalledEvents?: boolean;
}

/** Asks for flags; gives the answer, or what has failed, as PostHog names it. Never rejects. */
export async function requestFlags(
  options: CheckedOptions,
  body: object,
  mayGoOn: () => boolean,
): Promise<FlagsAnswer | string> {
  const text = stringifyProperties({ token: options.apiKey, ...body });
  for (let attempt = 0; ; attempt++) {
    const answer = await ask(options.host + FLAGS_PATH, text, options.requestTimeout);
    const isTransient = [0, 502, 504].includes(answer.status);
    if (!isTransient || attempt >= options.flagRetries) return read(answer);
    await new Promise((resolve) => setTimeout(resolve, FLAGS_RETRY_MS * 2 ** attempt));
    if (!mayGoOn()) return read(answer);
  }
}

function read({ status, value, isLate }: JsonAnswer): FlagsAnswer | string {
  if (status === 0) return isLate ? "timeout" : "connection_error";
  if (status < 200 || status > 299) return `api_error_${status}`;
  const { flags } = (value ?? {}) as Partial<FlagsAnswer>;
  return typeof flags === "object" && flags !== null ? (value as FlagsAnswer) : "unknown_error";
}

/** Whether the project has used up its flag requests, so that an answer says nothing. */
export const isQuotaLimited = ({ quotaLimited }: FlagsAnswer): boolean =>
  [quotaLimited].flat().includes("feature_flags");
