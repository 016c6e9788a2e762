// The entry of the variant whose engine tests kill on purpose.

import { createGlue } from "../engine/glue.js";

/** Kills every engine of this page that meets `needle`, by the export that only the variant has. */
export function plantTrap(needle: string, module: WebAssembly.Module): void {
  const glue = createGlue() as ReturnType<typeof createGlue> & { plantTrap(needle: string): void };
  glue.instantiate(module);
  glue.plantTrap(needle);
}

export { loadModule } from "../src/load.js";
export { PostHogBookingTracker } from "../src/tracker.js";
