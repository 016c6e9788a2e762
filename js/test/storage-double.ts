// A localStorage for Node, which has none.

/** Puts a new, empty `localStorage` on the global object; gives what it holds. */
export function installStorage(): Map<string, string> {
  const entries = new Map<string, string>();
  const localStorage = {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem: (key: string, value: string) => entries.set(key, value),
    removeItem: (key: string) => entries.delete(key),
  };
  Object.defineProperty(globalThis, "localStorage", { value: localStorage, configurable: true });
  return entries;
}
