// Sharing a page with posthog-js: one person stays one person. Its instance says who the events are about, in which session
// and in which groups, whenever one is captured; its opt-out is ours, and its reset as well.

import { isLegalDistinctId } from "./distinct-id.js";
import type { Who } from "./event.js";
import type { CheckedOptions } from "./options.js";
import { plainCopy } from "./properties.js";
import type { FlagValue, PostHogInstance } from "./types.js";

/** How long events wait for posthog-js to be sealed, and how often it is looked for. */
const SHARE_TIMEOUT_MS = 2_000;
const SHARE_POLL_MS = 50;

/** So much is passed on to a posthog-js that comes late, the newest of it. */
const UNTOLD_MAX = 20;

/** The identity that posthog-js lends. No method throws, whatever the page has put in its place. */
export class SharedIdentity {
  readonly #options: CheckedOptions;
  #instance: PostHogInstance | undefined;
  #isWaiting: boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #onSettled: (found: boolean) => void = () => {};
  #settle: () => void = () => {};
  /** Is fulfilled when it is known who the events are about. */
  readonly settled: Promise<void>;
  /** What was said before the instance was there. */
  #untold: ((instance: PostHogInstance) => void)[] = [];

  constructor(options: CheckedOptions) {
    this.#options = options;
    this.#isWaiting = options.identity !== "own";
    this.settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    if (!this.#isWaiting) this.#settle();
  }

  /** Whether events wait, because it is still open who they are about. */
  get isPending(): boolean {
    this.#find();
    return this.#isWaiting;
  }

  /** Waits for posthog-js, and calls `onSettled` once: with whether it has come, or because nobody waits any more. */
  wait(onSettled: (found: boolean) => void): void {
    if (!this.#isWaiting) return;
    this.#onSettled = onSettled;
    const end = performance.now() + SHARE_TIMEOUT_MS;
    const look = () => {
      if (performance.now() >= end) this.settle();
      else if (this.isPending) this.#timer = setTimeout(look, SHARE_POLL_MS);
    };
    look();
  }

  /** Nothing waits any more: the page is left, or something has to be done now. posthog-js may still come. */
  settle(): void {
    if (this.isPending) this.#end(false);
  }

  /** Who an event is about, as posthog-js says it. */
  who(): (Omit<Who, "hasProfile"> & { profile: boolean }) | undefined {
    return this.#ask((instance) => {
      const { sessionId = "", windowId = "" } = instance.sessionManager?.checkAndGetSessionAndWindowId(true) ?? {};
      const distinctId = instance.get_distinct_id();
      if (!isLegalDistinctId(distinctId)) return undefined;
      return {
        distinctId,
        deviceId: String(instance.get_property("$device_id") ?? ""),
        isIdentified: instance.get_property("$user_state") === "identified",
        profile: instance.get_property("$epp") === true,
        sessionId,
        windowId,
        groups: plainCopy(instance.getGroups?.()) as Record<string, string>,
      };
    });
  }

  /** The values of its feature flags, where it has loaded any. */
  flags(): Record<string, FlagValue> | undefined {
    return this.#ask(
      (instance) => plainCopy(instance.get_property("$enabled_feature_flags")) as Record<string, FlagValue>,
    );
  }

  /** Whether the visitor has told posthog-js not to capture. That it waits to be told otherwise is no such answer. */
  isOptedOut(): boolean {
    const isOptedOut = this.#ask((instance) =>
      instance.get_explicit_consent_status
        ? instance.get_explicit_consent_status() === "denied"
        : instance.has_opted_out_capturing?.(),
    );
    return isOptedOut === true;
  }

  /** Passes something on to posthog-js, now or when it has come. */
  tell(run: (instance: PostHogInstance) => void): void {
    if (this.#options.identity === "own") return;
    if (this.#find()) this.#ask(run);
    else this.#untold = [...this.#untold, run].slice(-UNTOLD_MAX);
  }

  #ask<T>(read: (instance: PostHogInstance) => T): T | undefined {
    try {
      const instance = this.#find();
      return instance && read(instance);
    } catch {
      // Another version, which answers otherwise: this tracker's own visitor is better than none.
      return undefined;
    }
  }

  #find(): PostHogInstance | undefined {
    if (this.#instance || this.#options.identity === "own") return this.#instance;
    try {
      this.#instance = this.#candidates().find(
        (candidate) => candidate?.__loaded === true && candidate.config?.token === this.#options.apiKey,
      );
    } catch {
      // Something else of this name.
    }
    if (this.#instance) {
      for (const run of this.#untold.splice(0)) this.#ask(run);
      if (this.#isWaiting) this.#end(true);
    }
    return this.#instance;
  }

  /** The instance that the page names; else the one on the page, and the ones that it has named. */
  #candidates(): (PostHogInstance | undefined)[] {
    if (this.#options.posthog) return [this.#options.posthog];
    const { posthog } = globalThis as { posthog?: PostHogInstance & Record<string, PostHogInstance> };
    return posthog ? [posthog, ...Object.values(posthog)] : [];
  }

  #end(found: boolean): void {
    this.#isWaiting = false;
    clearTimeout(this.#timer);
    this.#onSettled(found);
    this.#settle();
  }
}
