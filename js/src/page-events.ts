// The events by which a browser tells a page that it is left, seen again or connected again.
//
// On a navigation Chromium fires `pagehide` before `visibilitychange`; when a tab is switched or an app goes to the
// background, only the latter comes. Never `unload` or `beforeunload`: they make a page ineligible for the back/forward
// cache.

/** What happened to the page. */
export type PageEvent = "hidden" | "leaving" | "returned" | "online";

/** Calls `happened` for every event until the function that this gives is called. */
export function listenToPage(happened: (event: PageEvent) => void): () => void {
  const listeners: [EventTarget, string, () => void][] = [
    [window, "pagehide", () => happened("leaving")],
    [window, "pageshow", () => happened("returned")],
    [document, "resume", () => happened("returned")],
    [window, "online", () => happened("online")],
    [document, "visibilitychange", () => happened(document.visibilityState === "hidden" ? "hidden" : "returned")],
  ];
  for (const [target, name, listener] of listeners) target.addEventListener(name, listener);
  return () => {
    for (const [target, name, listener] of listeners) target.removeEventListener(name, listener);
  };
}
