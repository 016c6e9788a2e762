// The tracker's module translated to JavaScript, for pages that must not run WebAssembly.

import { createGlue } from "../engine/glue.js";
import { instantiate } from "../engine/no-wasm.js";
import type { Instances } from "./instance.js";

/** Instances of the translated module. */
export const noWasm: Instances = {
  kind: "no-wasm",
  make() {
    const { imports, link } = createGlue();
    return link(instantiate(imports)).Engine;
  },
};
