// Where there is no page: on a server that renders it, or in a worker.

import { write } from "./console.js";

/** What is said of a tracker that has nothing to do. */
const NOTHING_TO_DO = "Off: no page or no key.";

let isSaid = false;

/** Whether this code runs in a page. */
export const hasPage = (): boolean => typeof window === "object" && typeof document === "object";

/** Says why the tracker is off, to those who want to hear everything. */
export const sayNothingToDo = (): void => write("debug", NOTHING_TO_DO);

/** Says that there is no page, once a process: a server renders many pages in one. */
export function sayNoPage(): void {
  if (!isSaid) write("warn", NOTHING_TO_DO);
  isSaid = true;
}
