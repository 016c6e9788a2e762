// Makes trackers: reads what the page configures, and says what is wrong with it.

import { sayFindings } from "./findings.js";
import type { Instances } from "./instance.js";
import { readOptions } from "./options.js";
import { makeTracker } from "./tracker.js";
import type { OpenTracker } from "./tracker-source.js";

/** Makes trackers whose module comes from `instances`. */
export function openerOf(instances: Instances): OpenTracker {
  const open: OpenTracker = (apiKey, given, shared) => {
    // First of all: where the page cannot have an instance, nothing has happened.
    const Engine = instances.make();
    const { options, findings, isVerbose } = readOptions(apiKey, given);
    sayFindings(findings, isVerbose);
    if (!options) return () => sayFindings(findings, true);
    return makeTracker(options, { ...instances, make: () => Engine }, shared, { apiKey, given, open });
  };
  return open;
}
