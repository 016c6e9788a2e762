// Chromium, driven by Playwright over a debugging port, so that its process tree is ours to kill.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { ARGUMENTS as COMMON_ARGUMENTS, chromium as playwright } from "../e2e/browser.mjs";
import { killTree } from "./processes.mjs";

const ARGUMENTS = [
  ...COMMON_ARGUMENTS,
  "--headless=new",
  "--disable-breakpad",
  // Whatever else the browser might want to reach is not found.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost",
  "--remote-debugging-port=0",
];

/** Chromium can do every fault. */
export const chromium = { name: "Chromium", cannot: {}, launch };

/** Starts a browser with a profile, which may be an earlier browser's. */
async function launch(profile) {
  const binary = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const child = spawn(binary, [...ARGUMENTS, `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  const browser = await playwright.connectOverCDP(await debuggingAddress(child), {
    // Playwright would make every tab believe that it is seen.
    noDefaults: true,
  });
  const [context] = browser.contexts();
  return {
    async open(url) {
      const page = await context.newPage();
      await page.goto(url);
      return pageOf(page);
    },
    /** The power goes: nothing is written any more, nobody is told. */
    async kill() {
      await killTree(child.pid);
      await exited;
    },
  };
}

/** Where the browser listens, which it says on its error stream once it does. */
async function debuggingAddress(child) {
  const lines = createInterface({ input: child.stderr });
  for await (const line of lines) {
    const [address] = /ws:\S+/.exec(line) ?? [];
    if (!address) continue;
    // A pipe that nobody reads would stop the browser once it is full.
    child.stderr.resume();
    return address;
  }
  throw new Error("Chromium ended before it listened");
}

const pageOf = (page) => ({
  run: (script, argument) => page.evaluate(script, argument),
  async leaveBy(script, argument, address) {
    const result = await page.evaluate(script, argument);
    await page.waitForURL(address);
    return result;
  },
  reload: () => page.reload(),
  /** Fires `pagehide`. */
  close: () => page.close(),
  /** The renderer dies in the middle of things; no event tells the page. */
  async crash() {
    const session = await page.context().newCDPSession(page);
    const crashed = once(page, "crash");
    // Nobody is left to answer this.
    session.send("Page.crash").catch(() => {});
    await crashed;
  },
  /** Another tab comes in front. */
  async hide() {
    const other = await page.context().newPage();
    await other.bringToFront();
    await page.waitForFunction(() => document.visibilityState === "hidden");
  },
  async freeze() {
    const session = await page.context().newCDPSession(page);
    await session.send("Page.setWebLifecycleState", { state: "frozen" });
  },
});
