// Makes trackers: has the module read what the page configures, say what is wrong with it, and run. After a trap a facade takes the calls,
// and makes a tracker with a fresh instance.

import type { Finding, TrackerOptions } from "../engine/engine.js";
import { facade } from "./facade.js";
import type { Instances } from "./instance.js";
import { makeTracker } from "./tracker.js";
import type { OpenTracker } from "./tracker-source.js";
import { tried } from "./tried.js";

// A page gets one fresh instance after a trap, whichever of its trackers it is for: what traps twice would trap for ever.
let hasRevived = false;

/** Makes trackers whose module comes from `instances`. */
export function openerOf(instances: Instances): OpenTracker {
  const open: OpenTracker = (apiKey, given, shared) => {
    const { Configuration } = instances.make();
    const configuration = new Configuration(apiKey, given);
    configuration.say(false);
    if (configuration.isOff()) return () => configuration.say(true);
    const shelter = () => facade(apiKey, given, { load: revival(open) }, shared.listeners)[0];
    return makeTracker(configuration, instances.kind, shared, shelter);
  };
  return open;
}

/** Loads what makes a tracker after a trap. */
function revival(open: OpenTracker): () => Promise<OpenTracker> {
  const isLast = hasRevived;
  hasRevived = true;
  return async () => {
    if (isLast) throw new Error("the module has trapped twice");
    // In a task of its own: a trap may be deep inside a call of the page.
    await new Promise((resolve) => setTimeout(resolve));
    return open;
  };
}

const UNCHECKED = "Nothing was checked: WebAssembly cannot be started here. Check in Node, or by the entry no-wasm.";

/** What says what is wrong with a configuration, without making a tracker of it: nothing, where it is good. */
export const checkerOf = (from: Instances) => (apiKey: string | null | undefined, options?: TrackerOptions | null) =>
  tried(
    (): readonly Finding[] => new (from.make().Configuration)(apiKey, options).findings(),
    [{ code: "unchecked", option: "", level: "warning", message: UNCHECKED }],
  );
