// The mirror: a copy of every record in IndexedDB. A browser that is killed loses what it has not written to disk, and
// localStorage is written seconds later (Chromium: 5 s, then once a minute), IndexedDB within milliseconds.

const DATABASE = "phbt";

/** A database that does not open by then is done without: the changes that wait for it would grow and grow. */
const OPEN_TIMEOUT_MS = 10_000;
const RECORDS = "records";

let opening: Promise<IDBDatabase | undefined> | undefined;
let changes = new Map<string, string | undefined>();
/** For each read that is going on, what was removed since it began: its answer may not know that yet. */
const removedSince = new Set<Set<string>>();
/** For each erasure that is going on, what was stored since it began: that stays. */
const savedSince = new Set<Set<string>>();
let erasures = 0;

/** Notes that a record has this value from now on, or none. What a task notes is written at its end, in one go. */
export function note(key: string, value?: string): void {
  if (changes.size === 0) queueMicrotask(write);
  changes.set(key, value);
  for (const keys of value === undefined ? removedSince : savedSince) keys.add(key);
}

/** Everything that the mirror holds, key and value. Never rejects; empty, where there is no mirror to be had. */
export async function read(): Promise<[key: string, value: string][]> {
  const removed = new Set<string>();
  const erasuresBefore = erasures;
  removedSince.add(removed);
  const store = recordsOf(await open(), "readonly");
  const records = await new Promise<[string, string][]>((resolve) => {
    if (!store) return resolve([]);
    const keys = store.getAllKeys();
    const values = store.getAll();
    values.onsuccess = () => resolve(keys.result.map((key, place) => [String(key), String(values.result[place])]));
    values.onerror = () => resolve([]);
    return undefined;
  });
  removedSince.delete(removed);
  return erasures === erasuresBefore ? records.filter(([key]) => !removed.has(key)) : [];
}

/**
 * Removes the chosen records, and the whole database where nothing is left in it. One that is not open is opened only where
 * `isUsed` says that there may be something in it. Never rejects.
 */
export async function erase(isChosen: (key: string) => boolean, isUsed: boolean): Promise<void> {
  erasures++;
  for (const key of [...changes.keys()].filter(isChosen)) changes.delete(key);
  const saved = new Set([...changes].flatMap(([key, value]) => (value === undefined ? [] : key)));
  const removed = new Set(changes.keys());
  savedSince.add(saved);
  if (opening || isUsed || (await exists())) {
    const isEmpty = await eraseFrom(
      recordsOf(await open(), "readwrite"),
      (key) => isChosen(key) && !saved.has(key),
      removed,
    );
    if (isEmpty && saved.size === 0) {
      close();
      indexedDB.deleteDatabase(DATABASE);
    }
  }
  savedSince.delete(saved);
}

/** Whether nothing is left but what is about to be `removed`. */
function eraseFrom(
  store: IDBObjectStore | undefined,
  isChosen: (key: string) => boolean,
  removed: ReadonlySet<string>,
): Promise<boolean> {
  return new Promise((resolve) => {
    if (!store) return resolve(false);
    const keys = store.getAllKeys();
    keys.onsuccess = () => {
      const [...all] = keys.result.map(String);
      for (const key of all.filter(isChosen)) store.delete(key);
      store.transaction.oncomplete = () => resolve(all.every((key) => isChosen(key) || removed.has(key)));
    };
    store.transaction.onabort = () => resolve(false);
    return undefined;
  });
}

/** Whether there is a database; one that cannot be looked for may be there. */
export async function exists(): Promise<boolean> {
  try {
    return (await indexedDB.databases()).some(({ name }) => name === DATABASE);
  } catch {
    return true;
  }
}

/** Lets the database go, so that a page that is left keeps nobody waiting. The next change opens it again. */
export function close(): void {
  void opening?.then((database) => database?.close());
  opening = undefined;
}

async function write(): Promise<void> {
  // From a database that is not there nothing has to be removed.
  const isThere = opening || hasValues() || (await exists());
  const database = isThere || hasValues() ? await open() : undefined;
  let store = recordsOf(database, "readwrite");
  if (!store && database && (hasValues() || (await exists()))) {
    // Somebody has closed or deleted the database since it was opened: once more, from the start.
    close();
    store = recordsOf(await open(), "readwrite");
  }
  const batch = changes;
  changes = new Map();
  for (const [key, value] of batch) {
    if (value === undefined) store?.delete(key);
    else store?.put(value, key);
  }
}

function recordsOf(database: IDBDatabase | undefined, mode: IDBTransactionMode): IDBObjectStore | undefined {
  try {
    return database?.transaction(RECORDS, mode).objectStore(RECORDS);
  } catch {
    // It has been closed.
    return undefined;
  }
}

/** Opens the database, or does nothing where it is open: the first event of a page should not have to wait for it. */
export function open(): Promise<IDBDatabase | undefined> {
  opening ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(RECORDS);
      request.onsuccess = () => {
        const database = request.result;
        // Another version, or somebody who deletes it, waits until nobody has it open.
        database.onversionchange = close;
        database.onclose = close;
        resolve(database);
      };
      request.onerror = () => resolve(undefined);
      setTimeout(resolve, OPEN_TIMEOUT_MS, undefined);
    } catch {
      // Blocked together with the other storage of the page, or absent.
      resolve(undefined);
    }
  });
  return opening;
}

/** Whether something is to be stored, and not only removed. */
const hasValues = (): boolean => [...changes.values()].some((value) => value !== undefined);
