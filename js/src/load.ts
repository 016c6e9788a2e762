// Loads the WebAssembly module: once for a page, forgotten and tried again where it fails.

/** A module that takes longer is given up, and asked for again. */
const LOAD_TIMEOUT_MS = 30_000;

let compiled: Promise<WebAssembly.Module> | undefined;

/** The compiled module. Rejects where there is none to be had; then the next call tries again. */
export async function loadModule(url: string | URL): Promise<WebAssembly.Module> {
  compiled ??= compile(url);
  try {
    return await compiled;
  } catch (error) {
    compiled = undefined;
    throw error;
  }
}

/**
 * Whether trying again is of no use: the browser has no WebAssembly (iOS in Lockdown Mode), or the page's
 * Content-Security-Policy forbids it. Each try would be a violation report to the page's owner.
 */
export const isHopeless = (error: unknown): boolean =>
  typeof WebAssembly === "undefined" || error instanceof WebAssembly.CompileError;

async function compile(url: string | URL): Promise<WebAssembly.Module> {
  const response = await fetch(url, { signal: AbortSignal.timeout(LOAD_TIMEOUT_MS) });
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
