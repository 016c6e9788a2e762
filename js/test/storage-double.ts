// A localStorage for Node, which has none.

/** Puts a new, empty `localStorage` on the global object; gives what it holds. */
export function installStorage(): Map<string, string> {
  const entries = new Map<string, string>();
  const methods = {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => void entries.set(key, value),
    removeItem: (key: string) => void entries.delete(key),
  };
  // As in a browser, its own keys are those of the entries.
  const localStorage = new Proxy(methods, {
    ownKeys: () => [...entries.keys()],
    getOwnPropertyDescriptor: (_, key) => ({ value: entries.get(String(key)), enumerable: true, configurable: true }),
  });
  Object.defineProperty(globalThis, "localStorage", { value: localStorage, configurable: true });
  return entries;
}
