// A page for Node, which has none: as much of one as the facade asks for.

import { installStorage } from "./storage-double.js";

const NAMES = [
  "window",
  "document",
  "location",
  "navigator",
  "localStorage",
  "innerWidth",
  "innerHeight",
  "addEventListener",
];

/** Puts a page on the global object; gives what it has stored, and what tells its listeners of something. */
export function openPage(href = "https://book.example/ada", referrer = "") {
  const target = new EventTarget();
  const document = Object.assign(new EventTarget(), { referrer, prerendering: false, visibilityState: "visible" });
  const stored = installStorage();
  const globals = {
    window: globalThis,
    document,
    location: new URL(href),
    navigator: {},
    innerWidth: 1280,
    innerHeight: 720,
    addEventListener: target.addEventListener.bind(target),
  };
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  return {
    stored,
    document,
    /** Tells those who listen on the window, as a browser does. */
    tell: (type: string) => target.dispatchEvent(new Event(type)),
  };
}

/** Takes the page off the global object again, or a part of it. */
export function closePage(names: readonly string[] = NAMES): void {
  for (const name of names) Reflect.deleteProperty(globalThis, name);
}
