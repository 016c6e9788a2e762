// Where there is no page: on a server that renders it, or in a worker.

import { write } from "./console.js";

/** What is said there. */
export const NO_PAGE_MESSAGE = "The tracker is off: there is no page here.";

let isSaid = false;

/** Whether this code runs in a page. */
export const hasPage = (): boolean => typeof window === "object" && typeof document === "object";

/** Says that it does not, once a process: a server renders many pages in one. */
export function sayNoPage(): void {
  if (!isSaid) write("warn", NO_PAGE_MESSAGE);
  isSaid = true;
}
