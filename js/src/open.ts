// Makes trackers: reads what the page configures, and says what is wrong with it.

import { sayFindings } from "./findings.js";
import type { Instances } from "./instance.js";
import { readOptions } from "./options.js";
import { Tracker } from "./tracker.js";
import type { OpenTracker } from "./tracker-source.js";

/** Makes trackers whose module comes from `instances`. */
export const openerOf =
  (instances: Instances): OpenTracker =>
  (apiKey, given, shared) => {
    // First of all: where the page cannot have an instance, nothing has happened.
    let ready: ReturnType<Instances["make"]> | undefined = instances.make();
    const make = () => {
      const made = ready ?? instances.make();
      ready = undefined;
      return made;
    };
    const { options, findings, isVerbose } = readOptions(apiKey, given);
    sayFindings(findings, isVerbose);
    return options ? new Tracker(options, { ...instances, make }, shared) : () => sayFindings(findings, true);
  };
