// The tracker's module as WebAssembly: its bytes stand in the script, so that the first call of a page finds it there. It is
// compiled once a page, synchronously: browsers allow that for modules under 8 MB (Chrome since 115; Firefox and Safari always).

import { createGlue } from "../engine/glue.js";
import hex from "../engine/module.js";
import type { Instances } from "./instance.js";

let module: WebAssembly.Module | undefined;

/** Instances of the module. Making one throws where the page must not run WebAssembly: by its policy, or in Lockdown Mode. */
export const wasm: Instances = {
  kind: "wasm",
  make() {
    module ??= new WebAssembly.Module(bytesOf(hex));
    const { imports, link } = createGlue();
    return link(new WebAssembly.Instance(module, imports).exports);
  },
};

/** Decodes hexadecimal text: `Uint8Array.fromHex` stands in Chrome since 140, Firefox since 133 and Safari since 18.2. */
function bytesOf(text: string): BufferSource {
  const { fromHex } = Uint8Array as { fromHex?: (text: string) => Uint8Array<ArrayBuffer> };
  if (fromHex) return fromHex.call(Uint8Array, text);
  const bytes = new Uint8Array(text.length / 2);
  for (let place = 0; place < bytes.length; place++) bytes[place] = Number.parseInt(text.substr(place * 2, 2), 16);
  return bytes;
}
