// The tracker's module translated to JavaScript, for pages that must not run WebAssembly.
//
// Where its memory grows, the translation goes on with a new buffer and leaves the old one as it is, while WebAssembly detaches the
// old one, by which wasm-bindgen's glue sees that it has to look at the new one. So the old one is detached here, before the glue
// looks: whenever a call comes out of the module, or out of the module into an import.

import { createGlue } from "../engine/glue.js";
import { instantiate } from "../engine/no-wasm.js";
import type { Instances } from "./instance.js";

type Callable = (...args: unknown[]) => unknown;

/** Instances of the translated module. */
export const noWasm: Instances = {
  kind: "no-wasm",
  make() {
    const { imports, link } = createGlue();
    const state: { memory?: WebAssembly.Memory; buffer?: ArrayBuffer } = {};
    const detachOld = () => {
      const { memory, buffer } = state;
      if (!memory || memory.buffer === buffer) return;
      state.buffer = memory.buffer;
      if (buffer) detach(buffer);
    };
    const watch = (members: object) =>
      Object.entries(members).map(([name, member]) => [name, typeof member === "function" ? watched(member) : member]);
    const watched =
      (run: Callable): Callable =>
      (...args) => {
        detachOld();
        try {
          return run(...args);
        } finally {
          detachOld();
        }
      };
    const watchedImports = Object.entries(imports).map(([name, members]) => [name, Object.fromEntries(watch(members))]);
    const exports = instantiate(Object.fromEntries(watchedImports));
    state.memory = Object.values(exports).find(isMemory) as WebAssembly.Memory;
    detachOld();
    return link(Object.fromEntries(watch(exports)));
  },
};

/** Detaches a buffer in the one way that every browser has: by giving it away. */
function detach(buffer: ArrayBuffer): void {
  const { port1 } = new MessageChannel();
  port1.postMessage(buffer, [buffer]);
  port1.close();
}

const isMemory = (member: unknown): boolean => typeof member === "object" && member !== null && "grow" in member;
