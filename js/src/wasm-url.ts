// Where the WebAssembly module lies: beside this file, in a form that every bundler recognises as an asset.

/** The address of the module. */
export const wasmUrl = (): URL => new URL("./tracker_bg.wasm", import.meta.url);
