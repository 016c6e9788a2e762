// Consent: whether this visitor may be tracked. The one thing of ours that is read and written without it is the answer.
// How it is stored stands in `consent-answer.ts`.

import { answered, answerText, browserDenies } from "./consent-answer.js";
import type { CheckedOptions } from "./options.js";
import * as storage from "./storage.js";
import { nounKey } from "./storage-keys.js";
import type { ConsentState } from "./types.js";

/** The consents of this page: no browser tells a page what it has stored itself. */
const known = new Set<Consent>();

/** Looks whether something has changed, for every tracker of the page. */
function refreshAll(): void {
  for (const consent of known) consent.refresh();
}

/** The consent of one visitor for one project. */
export class Consent {
  readonly #key: string;
  readonly #options: CheckedOptions;
  readonly #isOptedOut: () => boolean;
  readonly #listeners = new Set<(state: ConsentState) => void>();
  /** Is called where something was denied and agreed to again while this page slept. */
  onMissedDenial: () => void = () => {};
  /** What was said on this page, or read by it: it holds where storage does not. */
  #own = "";
  #told = "";
  /** What was read in this task: within one, nothing that another page says can come in. */
  #read: string | undefined;

  /** `isOptedOut` says whether another tracker was told not to track, whose word counts; `said` is what the visitor has said on this page before. */
  constructor(options: CheckedOptions, isOptedOut: () => boolean, said: string) {
    this.#key = nounKey("consent", options.project);
    this.#own = said;
    this.#options = options;
    this.#isOptedOut = isOptedOut;
    this.#told = this.#present;
    known.add(this);
  }

  /** What the visitor has said, where the browser does not say it for every page; else what the page presumes. */
  get state(): ConsentState {
    return this.#present.split(":", 1)[0] as ConsentState;
  }

  /** Whether something may be stored and sent. */
  get isGranted(): boolean {
    return this.state === "granted";
  }

  /** When the visitor has denied last; 0, where it never has. */
  get deniedMs(): number {
    return Number.parseInt(this.#present.split(":")[1] ?? "", 36) || 0;
  }

  /** Stores what the visitor says. Where storage refuses, it holds for this page. */
  say(state: "granted" | "denied"): void {
    this.#own = answerText(state, this.#answer);
    const isStored = storage.put(this.#key, this.#own);
    refreshAll();
    // A full storage may have room, now that everything else of ours is removed.
    if (!isStored) storage.put(this.#key, this.#own);
  }

  /** Calls `listener` with every change, whichever tab it was made in, until the function that this gives is called. */
  listen(listener: (state: ConsentState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks whether something has changed since it was told last. */
  refresh(): void {
    this.#read = undefined;
    const present = this.#present;
    if (present === this.#told) return;
    const [told, deniedAt] = this.#told.split(":");
    this.#told = present;
    const { state } = this;
    if (state !== "denied" && present.split(":")[1] !== deniedAt) this.onMissedDenial();
    if (state !== told) for (const listener of [...this.#listeners]) listener(state);
  }

  get #present(): string {
    if (browserDenies(this.#options) || this.#isOptedOut()) return "denied";
    return this.#answer || (this.#options.consent === "required" ? "pending" : "granted");
  }

  /** What the visitor has said, with the time of the last denial; empty, where it has said nothing. */
  get #answer(): string {
    if (this.#read === undefined) {
      this.#read = storage.get(this.#key) ?? "";
      queueMicrotask(() => {
        this.#read = undefined;
      });
      if (answered(this.#read)) this.#own = this.#read;
    }
    return this.#own;
  }
}
