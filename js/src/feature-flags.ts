// Feature flags: loads them for the visitor when the page wants them first, keeps them up to date, and tells PostHog which
// of them the visitor has met: once for each flag and value (PostHog's SDK specification, feature-flag-called-tracker).

import { environment } from "./environment.js";
import { LIBRARY } from "./event.js";
import { type Flag, FlagCache, payloadOf } from "./flag-cache.js";
import { type FlagsAnswer, isQuotaLimited, requestFlags } from "./flags-request.js";
import type { CheckedOptions } from "./options.js";
import { plainCopy } from "./properties.js";
import type { FeatureFlagResult, FeatureFlagsListener, FlagOptions, FlagValue } from "./types.js";

/** How long to wait for further changes before flags are loaded anew, as posthog-js does. */
const FLAGS_DEBOUNCE_MS = 5;

/** Flags are loaded anew after this time, while the page is seen. */
const FLAGS_REFRESH_MS = 300_000;

/** So many values of flags are remembered as met, the ones that were met last. */
const FLAG_CALLS_MAX = 200;

/** The visitor, as flags are evaluated for. */
export interface FlagVisitor {
  readonly distinctId: string;
  readonly deviceId: string;
  readonly groups: Readonly<Record<string, string>>;
  /** Where it came from first. */
  readonly initial: Record<string, unknown> | undefined;
}

/** What the flags need of those who know the visitor. */
export interface FlagContext {
  /** Whether something about the visitor may be sent now. */
  isAllowed(): boolean;
  visitor(): FlagVisitor;
  /** Does something in its turn. */
  run(call: () => void): void;
  /** Captures `$feature_flag_called`, as a minimal event where PostHog wants that; whether it is captured. */
  emit(properties: Record<string, unknown>, isMinimal: boolean): boolean;
  /** The flags of a posthog-js that shares its visitor, where this page has none of its own. */
  shared(): Record<string, FlagValue> | undefined;
}

/** The feature flags of one tracker. */
export class FeatureFlags {
  readonly cache: FlagCache;
  readonly #options: CheckedOptions;
  readonly #context: FlagContext;
  readonly #listeners = new Set<FeatureFlagsListener>();
  #bootstrapped: Readonly<Record<string, FlagValue>> | undefined;
  #isWanted = false;
  #isLoading = false;
  /** Whether something has changed since the request that is under way. */
  #isOutdated = false;
  /** Whether a request has come to an end, however it ended. */
  #hasLoaded = false;
  /** Whether an answer has come, so that a bootstrap is not what is read any more. */
  #hasAnswer = false;
  /** What was wrong with the last request. */
  #error: string | undefined;
  /** Who the visitor was until it became known, told once. */
  #anonymousId: string | undefined;
  #loadedMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshTimer: ReturnType<typeof setTimeout> | undefined;
  #waiting: (() => void)[] = [];

  constructor(options: CheckedOptions, context: FlagContext) {
    this.#options = options;
    this.#context = context;
    this.cache = new FlagCache(options.project, options.bootstrap);
    this.#bootstrapped = options.bootstrap?.featureFlags ?? undefined;
  }

  /** What every event says of the flags. */
  get properties(): Record<string, unknown> {
    const own = this.#values;
    const values = Object.keys(own).length > 0 ? own : (this.#context.shared() ?? {});
    const properties = Object.entries(values).map(([key, value]) => [`$feature/${key}`, value]);
    return properties.length > 0 ? { ...Object.fromEntries(properties), $active_feature_flags: activeOf(values) } : {};
  }

  /** What a flag says; nothing, where it is not known. Tells PostHog that the visitor has met it. */
  result(key: string, options?: FlagOptions): FeatureFlagResult | undefined {
    this.want();
    const { flags } = this.cache;
    const flag = Object.hasOwn(flags, key) ? flags[key] : undefined;
    if (this.#isReady && options?.sendEvent !== false) this.#context.run(() => this.#report(key, flag));
    if (!flag) return undefined;
    const { value } = flag;
    const payload = payloadOf(flag);
    return {
      key,
      enabled: value !== false,
      ...(typeof value === "string" && { variant: value }),
      ...(payload !== undefined && { payload }),
    };
  }

  /** The values and the payloads of all flags. Tells nobody. */
  all(): { flags: Record<string, FlagValue>; payloads: Record<string, unknown> } {
    this.want();
    const payloads = Object.entries(this.cache.flags).map(([key, flag]) => [key, payloadOf(flag)] as const);
    return {
      flags: this.#values,
      payloads: Object.fromEntries(payloads.filter(([, payload]) => payload !== undefined)),
    };
  }

  /** Calls `listener` now, where flags are known, and after each load, until the function that this gives is called. */
  listen(listener: FeatureFlagsListener): () => void {
    this.want();
    this.#listeners.add(listener);
    if (this.#isReady) this.#tell(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The page wants flags: loads them, and keeps them up to date from now on. */
  want(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#schedule();
  }

  /** Loads them anew. Is fulfilled when that has succeeded or failed, or may not be done now. Never rejects. */
  reload(): Promise<void> {
    this.#isWanted = true;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#schedule();
    });
  }

  /** Something that flags are evaluated by has changed. */
  changed(): void {
    if (this.#isWanted) this.#schedule();
  }

  /** The visitor is known by another id from now on; `earlier`, while it was anonymous. */
  identified(earlier: string | undefined): void {
    this.#anonymousId = earlier;
    this.cache.edit((state) => {
      state.called = [];
    });
    this.changed();
  }

  /** Adds to what persons' flags are evaluated by. */
  addPerson(properties: object | undefined): void {
    if (!properties) return;
    const copy = plainCopy(properties);
    this.cache.edit((state) => {
      state.person = { ...state.person, ...copy };
    });
    this.changed();
  }

  /** Adds to what a group's flags are evaluated by. */
  addGroup(type: string, properties: object | undefined): void {
    if (!properties) return;
    const copy = plainCopy(properties);
    this.cache.edit((state) => {
      state.groups = { ...state.groups, [type]: { ...state.groups[type], ...copy } };
    });
    this.changed();
  }

  resetPerson(): void {
    this.cache.edit((state) => {
      state.person = {};
    });
    this.changed();
  }

  /** Forgets what was added for groups of a type, or of every type. */
  resetGroups(type?: string): void {
    this.cache.edit((state) => {
      const { [type ?? ""]: _, ...others } = state.groups;
      state.groups = type === undefined ? {} : others;
    });
    this.changed();
  }

  /** Somebody else uses the page from now on. */
  clear(): void {
    this.cache.clear();
    this.#bootstrapped = undefined;
    this.#anonymousId = undefined;
    this.#hasLoaded = false;
    this.changed();
  }

  /** What kept flags from being loaded may be over, or the page is seen again. */
  refresh(): void {
    const isDue = performance.now() - this.#loadedMs >= FLAGS_REFRESH_MS;
    if (this.#isWanted && isDue && document.visibilityState !== "hidden") this.#schedule();
  }

  /** Forgets everything, as the cache does. */
  forget(isOurs: boolean): void {
    this.cache.forget(isOurs);
    this.#hasLoaded = false;
    this.#loadedMs = Number.NEGATIVE_INFINITY;
  }

  /** Nothing is loaded by itself any more, and what the visitor has met is forgotten. */
  rest(): void {
    this.#isWanted = false;
    clearTimeout(this.#timer);
    clearTimeout(this.#refreshTimer);
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.cache.edit((state) => {
      state.called = [];
    });
  }

  get #values(): Record<string, FlagValue> {
    return Object.fromEntries(Object.entries(this.cache.flags).map(([key, { value }]) => [key, value]));
  }

  get #isReady(): boolean {
    return this.#hasLoaded || Object.keys(this.cache.flags).length > 0;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#load();
    }, FLAGS_DEBOUNCE_MS);
  }

  async #load(): Promise<void> {
    if (this.#isLoading) {
      this.#isOutdated = true;
      return;
    }
    const waiting = this.#waiting.splice(0);
    this.#loadedMs = performance.now();
    const isAllowed = () => this.#context.isAllowed();
    if (isAllowed()) {
      this.#isLoading = true;
      const body = this.#body();
      const answer = await requestFlags(this.#options, body, isAllowed);
      this.#isLoading = false;
      // An answer about an earlier visitor is none.
      if (isAllowed() && body.distinct_id === this.#context.visitor().distinctId) this.#take(answer);
      // It is tried again as soon as there is a network.
      if (answer === "connection_error") this.#loadedMs = Number.NEGATIVE_INFINITY;
      clearTimeout(this.#refreshTimer);
      if (this.#isWanted) this.#refreshTimer = setTimeout(() => this.refresh(), FLAGS_REFRESH_MS + 1);
    } else {
      // Until it is allowed, which whoever allows it says.
      this.#loadedMs = Number.NEGATIVE_INFINITY;
    }
    for (const resolve of waiting) resolve();
    if (this.#isOutdated && this.#isWanted) this.#schedule();
    this.#isOutdated = false;
  }

  #body() {
    const { distinctId, deviceId, groups, initial } = this.#context.visitor();
    const { person, groups: groupProperties } = this.cache.current;
    const { $timezone } = environment();
    return {
      distinct_id: distinctId,
      $anon_distinct_id: this.#anonymousId,
      $device_id: deviceId,
      groups,
      person_properties: { ...initial, ...person, ...LIBRARY },
      group_properties: groupProperties,
      timezone: $timezone,
      sent_at: new Date(),
    };
  }

  #take(answer: FlagsAnswer | string): void {
    this.#hasLoaded = true;
    this.#error = undefined;
    if (typeof answer === "string") this.#error = answer;
    else if (isQuotaLimited(answer)) this.#error = "quota_limited";
    else {
      if (answer.errorsWhileComputingFlags) this.#error = "errors_while_computing_flags";
      this.#anonymousId = undefined;
      this.#hasAnswer = true;
      this.cache.take(answer);
    }
    // What is known stays as it was, and there is nothing wrong that a page could do something about.
    if (this.#error !== "quota_limited") for (const listener of [...this.#listeners]) this.#tell(listener);
  }

  #tell(listener: FeatureFlagsListener): void {
    const values = this.#values;
    listener(activeOf(values), values, { errorsLoading: this.#error !== undefined });
  }

  /** Tells PostHog that the visitor has met a value, once for each. */
  #report(key: string, flag: Flag | undefined): void {
    const { called, isMinimal = false, requestId, evaluatedAt } = this.cache.current;
    const met = `${key}=${flag?.value}`;
    if (called.includes(met)) return;
    const errors = [this.#error, flag ? undefined : "flag_missing"].filter(Boolean);
    const properties = {
      $feature_flag: key,
      $feature_flag_response: flag?.value,
      $feature_flag_payload: payloadOf(flag) ?? null,
      $feature_flag_request_id: requestId,
      $feature_flag_evaluated_at: evaluatedAt,
      $feature_flag_id: flag?.id,
      $feature_flag_version: flag?.version,
      $feature_flag_reason: flag?.reason,
      $feature_flag_has_experiment: flag?.hasExperiment,
      $feature_flag_error: errors.length > 0 ? errors.join() : undefined,
      ...this.#bootstrapProperties(key),
    };
    if (!this.#context.emit(properties, isMinimal && flag?.hasExperiment === false)) return;
    this.cache.edit((state) => {
      state.called = [...state.called.slice(1 - FLAG_CALLS_MAX), met];
    });
  }

  #bootstrapProperties(key: string): Record<string, unknown> {
    if (!this.#bootstrapped) return {};
    return {
      $feature_flag_bootstrapped_response: this.#bootstrapped[key] ?? null,
      $feature_flag_bootstrapped_payload: this.#options.bootstrap?.featureFlagPayloads?.[key] ?? null,
      $used_bootstrap_value: !this.#hasAnswer,
    };
  }
}

/** The keys of the flags that are on. */
const activeOf = (values: Record<string, FlagValue>): string[] =>
  Object.keys(values).filter((key) => values[key] !== false);
