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

/** Notes that a record has this value from now on, or none. What a task notes is written at its end, in one go. */
export function note(key: string, value?: string): void {
  if (changes.size === 0) queueMicrotask(write);
  changes.set(key, value);
  if (value === undefined) for (const removed of removedSince) removed.add(key);
}

/** Everything that the mirror holds, key and value. Never rejects; empty, where there is no mirror to be had. */
export async function read(): Promise<[key: string, value: string][]> {
  const removed = new Set<string>();
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
  return records.filter(([key]) => !removed.has(key));
}

/** Lets the database go, so that a page that is left keeps nobody waiting. The next change opens it again. */
export function close(): void {
  void opening?.then((database) => database?.close());
  opening = undefined;
}

async function write(): Promise<void> {
  const database = await open();
  let store = recordsOf(database, "readwrite");
  if (!store && database) {
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
