// What the journal stores of a call, and what it does not.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { ENTRIES_LENGTH_MAX, ENTRIES_MAX, type Entry, isPlain, storeEntry } from "../src/journal.js";
import { closePage, openPage } from "./page-double.js";

const PROJECT = "1plaeh8";
const NOW = 1_767_323_045_678;
const UUID = "0190b3a2-7c1e-7a3b-9f00-0123456789ab";
const KEY = `phbt:journal:${PROJECT}:${NOW.toString(36)}:3:${UUID}`;

let stored = new Map<string, string>();
beforeEach(() => {
  stored = openPage().stored;
});

/** The entry of a completed booking, as the facade makes it. */
const entryOf = (parts: Partial<Entry> = {}): Entry => ({
  ms: NOW,
  monotonicMs: 5.5,
  sequence: 3,
  uuid: UUID,
  name: "trackBookingCompleted",
  args: [{ bookingId: 7, bookingUid: "b" }],
  page: "page",
  team: "42",
  mustSend: true,
  visitor: '{"distinct_id":"ada"}',
  identity: [["identify", "ada", UUID]],
  href: "https://book.example/ada",
  referrer: "",
  ...parts,
});

/** Removes every entry of the project. */
function eraseAll(): void {
  for (const key of [...stored.keys()]) if (key.startsWith(`phbt:journal:${PROJECT}:`)) stored.delete(key);
}

/** What is stored of an entry. */
function textOf(parts: Partial<Entry>): string {
  const key = storeEntry(PROJECT, entryOf(parts));
  return stored.get(key) ?? "";
}

const argsOf = (...args: unknown[]) => JSON.parse(textOf({ args })).args;
const hrefOf = (href: string) => JSON.parse(textOf({ href })).href;
const referrerOf = (referrer: string) => JSON.parse(textOf({ referrer })).referrer;

test("an entry lies under its project, time, sequence and uuid, with everything else as its text", () => {
  const { ms, sequence, uuid, ...rest } = entryOf({ trapped: "0.0.1" });
  assert.equal(storeEntry(PROJECT, { ms, sequence, uuid, ...rest }), KEY);
  assert.deepEqual(JSON.parse(stored.get(KEY) ?? ""), { ...rest, href: "https://book.example/ada" });
});

test("of properties only numbers, booleans and identifiers are stored", () => {
  const identifiers = {
    bookingId: "7",
    bookingUid: "uid",
    attemptId: "a",
    eventTypeId: "e",
    teamId: "t",
    userId: "u",
    errorCode: "SLOT_TAKEN",
    distinctId: "ada",
    timestamp: "2026-01-02T03:04:05.678Z",
  };
  const others = {
    title: "Intro",
    name: "Ada Lovelace",
    error: "The slot is taken.",
    bookingUidOfAda: "x",
    myBookingUid: "x",
    nothing: null,
    nested: { bookingUid: "uid" },
    list: [1],
  };
  const plain = { duration: 30, isReschedule: false, price: 1.5 };
  assert.deepEqual(argsOf({ ...identifiers, ...others, ...plain }), [{ ...identifiers, ...plain }]);
});

test("an identifier that holds an e-mail address is not stored, encoded or not", () => {
  for (const address of ["ada@lovelace.org", "ada%40lovelace.org", "x ada@lovelace.org y", "@"]) {
    assert.deepEqual(argsOf({ userId: address, bookingId: 7 }), [{ bookingId: 7 }], address);
  }
});

test("a call whose first argument holds an e-mail address is not stored at all", () => {
  for (const [name, first] of [
    ["identify", "ada@lovelace.org"],
    ["identify", "ada%40lovelace.org"],
    ["alias", "ada@lovelace.org"],
    ["capture", "mail to ada@lovelace.org"],
  ] as const) {
    assert.equal(storeEntry(PROJECT, entryOf({ name, args: [first] })), "");
  }
  assert.deepEqual([...stored], []);
});

test("of a further argument what holds an e-mail address is left out, and a text keeps the call from being stored", () => {
  assert.equal(storeEntry(PROJECT, entryOf({ name: "alias", args: ["ada", "ada@lovelace.org"] })), "");
  assert.deepEqual(argsOf("ada", { email: "ada@lovelace.org", plan: 1 }), ["ada", { plan: 1 }]);
});

test("the name of an event and what is no object stay as they are", () => {
  assert.deepEqual(argsOf("slot_selected", 7, true, null), ["slot_selected", 7, true, null]);
});

test("a path with an e-mail address is not stored, encoded or not", () => {
  for (const path of ["/ada@lovelace.org", "/u/ada%40lovelace.org/intro", "/@ada", "/a/%40"]) {
    assert.equal(hrefOf(`https://book.example${path}?utm_source=mail`), "https://book.example/", path);
  }
});

test("of an address neither query nor fragment is stored", () => {
  for (const query of ["?name=Ada&utm_source=mail", "?payment_intent_client_secret=pi_secret", "#top", "?", ""]) {
    assert.equal(hrefOf(`https://book.example/ada${query}`), "https://book.example/ada", query);
  }
});

test("who the visitor is, and what was said of it, keeps an entry from being stored where it holds an e-mail address", () => {
  assert.equal(storeEntry(PROJECT, entryOf({ visitor: '{"distinct_id":"ada@lovelace.org"}' })), "");
  assert.equal(storeEntry(PROJECT, entryOf({ identity: [["identify", "ada@lovelace.org", UUID]] })), "");
});

test("of where the visitor came from only the origin is stored", () => {
  for (const [referrer, kept] of [
    ["https://blog.example/posts/7?q=ada#top", "https://blog.example"],
    ["http://localhost:3000/", "http://localhost:3000"],
    ["android-app://com.example/", ""],
    ["", ""],
  ] as const) {
    assert.equal(referrerOf(referrer), kept, referrer);
  }
});

test("a text is plain that holds no e-mail address, encoded or not", () => {
  for (const text of ["", "ada", "0190b3a2-7c1e", "a%20b"]) assert.equal(isPlain(text), true, text);
  for (const text of ["ada@lovelace.org", "ada%40lovelace.org", "ada%252540lovelace.org", "@", "%40"])
    assert.equal(isPlain(text), false, text);
});

test("the 101st entry of a project is not stored; another project has a journal of its own", () => {
  for (let n = 0; n < ENTRIES_MAX; n++) assert.notEqual(storeEntry(PROJECT, entryOf({ sequence: n })), "");
  assert.equal(storeEntry(PROJECT, entryOf({ sequence: 100 })), "");
  assert.equal(stored.size, 100);
  assert.notEqual(storeEntry("other", entryOf()), "");
  eraseAll();
  assert.deepEqual([...stored.keys()], [KEY.replace(PROJECT, "other")]);
});

test("entries of more than 64 KB are not stored", () => {
  const long = entryOf({ args: ["slot_selected", { bookingUid: "x".repeat(15_000) }] });
  for (let n = 0; n < 4; n++) assert.notEqual(storeEntry(PROJECT, { ...long, sequence: n }), "");
  assert.equal(storeEntry(PROJECT, { ...long, sequence: 4 }), "");
  assert.notEqual(storeEntry(PROJECT, entryOf({ sequence: 5 })), "", "a short one still fits");
  const length = [...stored.values()].reduce((sum, text) => sum + text.length, 0);
  assert.ok(length <= ENTRIES_LENGTH_MAX);
});

test("the last character that fits is stored, and one more is not", () => {
  const uid = (length: number) => entryOf({ args: [{ bookingUid: "x".repeat(length) }] });
  const around = textOf({ args: [{ bookingUid: "" }] }).length;
  eraseAll();
  assert.equal(storeEntry(PROJECT, uid(ENTRIES_LENGTH_MAX - around + 1)), "");
  assert.notEqual(storeEntry(PROJECT, uid(ENTRIES_LENGTH_MAX - around)), "");
});

test("storage that refuses gives no key, and nothing is thrown", () => {
  const setItem = () => {
    throw new Error("QuotaExceededError");
  };
  Object.defineProperty(globalThis, "localStorage", { value: { setItem }, configurable: true });
  assert.equal(storeEntry(PROJECT, entryOf()), "");
});

test("a page without storage stores no entry", () => {
  closePage(["localStorage"]);
  assert.equal(storeEntry(PROJECT, entryOf()), "");
});
