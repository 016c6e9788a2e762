// Loads the WebAssembly module: once for a page, forgotten and tried again where it fails.

import { __wbg_reset_state, initSync } from "../engine/engine.js";

let compiled: Promise<WebAssembly.Module> | undefined;
let started = false;
let restarted = false;

/** Makes the engine's functions callable. Rejects where there is no module; then the next call tries again. */
export async function loadEngine(url: string | URL): Promise<void> {
  compiled ??= compile(url);
  try {
    const module = await compiled;
    if (!started) initSync({ module });
    started = true;
  } catch (error) {
    compiled = undefined;
    throw error;
  }
}

/**
 * Replaces an instance that has trapped by a fresh one. Once for each page: what traps twice would trap for ever.
 * `false`, where there is none to be had any more.
 */
export function restartEngine(): boolean {
  if (restarted) return false;
  restarted = true;
  try {
    __wbg_reset_state();
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether trying again is of no use: the browser has no WebAssembly (iOS in Lockdown Mode), or the page's
 * Content-Security-Policy forbids it. Each try would be a violation report to the page's owner.
 */
export const isHopeless = (error: unknown): boolean =>
  typeof WebAssembly === "undefined" || error instanceof WebAssembly.CompileError;

async function compile(url: string | URL): Promise<WebAssembly.Module> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} for ${url}`);
  const spare = response.clone();
  try {
    return await WebAssembly.compileStreaming(response);
  } catch (error) {
    if (isHopeless(error)) throw error;
    // The server names another type than application/wasm, or the browser streams nothing.
    return WebAssembly.compile(await spare.arrayBuffer());
  }
}
