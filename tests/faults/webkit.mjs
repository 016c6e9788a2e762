// WebKitGTK's MiniBrowser on a screen that nobody sees: driven by WebKitWebDriver, and where that forbids the fault, by
// the pages themselves.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { killAll, killTree, treeOf } from "./processes.mjs";
import { startPuppets } from "./puppets.mjs";
import { Session, startDriver } from "./webdriver.mjs";

const BINARY = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

/**
 * What WebKitWebDriver 2.50.6 cannot be asked for: its browsers keep all storage in memory (nothing of a page that stores
 * is written to disk, and the next browser of the profile finds nothing), and when a renderer dies it answers everything
 * with "session deleted because of page crash or hang".
 */
const WITHOUT_DRIVER = ["restart", "crash"];

export const webkit = {
  name: "WebKitGTK",
  cannot: { freeze: "WebKitGTK freezes no page: it has no Page Lifecycle API, and WebDriver no order for it." },
  launch: (profile, needs) => (WITHOUT_DRIVER.includes(needs) ? launchAlone : launchDriven)(profile),
};

async function launchDriven(profile) {
  const screen = await startScreen();
  const driver = await startDriver(
    (port) => ["/usr/bin/WebKitWebDriver", `--port=${port}`],
    environment(profile, screen),
  );
  const session = await Session.start(driver, {
    "webkitgtk:browserOptions": { binary: BINARY, args: ["--automation"] },
  });
  return {
    // A tab would be opened behind the others, where WebKit slows its timers.
    open: async (url) => drivenPage(session, await session.open(url, "window")),
    async kill() {
      await killTree(driver.pid);
      await killTree(screen.pid);
    },
  };
}

const drivenPage = (session, handle) => ({
  run: (script, argument) => session.run(handle, script, argument),
  leaveBy: (script, argument, address) => session.leaveBy(handle, script, argument, address),
  reload: () => session.in(handle, () => session.post("/refresh")),
  close: () => session.in(handle, () => session.delete("/window")),
});

/** The puppets of each profile: a browser that comes back has to find its pages at the same origin. */
const puppetsOf = new Map();

/** A browser as a visitor has it, with storage that lasts. Its first page opens the others. */
async function launchAlone(profile) {
  if (!puppetsOf.has(profile)) puppetsOf.set(profile, await startPuppets());
  const puppets = puppetsOf.get(profile);
  const screen = await startScreen();
  let first;
  let child;
  let spared;
  return {
    async open(url) {
      if (!first) {
        first = puppets.prepare(new URL("/plain", url));
        const parameters = ["--javascript-can-open-windows-automatically=true", first.address];
        child = spawn(BINARY, parameters, { stdio: "ignore", env: environment(profile, screen) });
        await first.run(() => {});
        spared = renderersOf(child.pid);
      }
      const page = puppets.prepare(url);
      await first.run((address) => void window.open(address, "_blank", "noopener"), page.address);
      // The oldest one has the page. A younger one is kept ready for the next page; MiniBrowser dies with that.
      const crash = () =>
        killAll(
          renderersOf(child.pid)
            .filter((pid) => !spared.includes(pid))
            .slice(0, 1),
        );
      return { run: page.run, crash };
    },
    async kill() {
      if (child) await killTree(child.pid);
      await killTree(screen.pid);
    },
  };
}

/** What a browser is told of its surroundings: the screen, and where it keeps what it keeps. */
const environment = (profile, { display }) => ({
  ...process.env,
  DISPLAY: display,
  GDK_BACKEND: "x11",
  LIBGL_ALWAYS_SOFTWARE: "1",
  HOME: profile,
  XDG_DATA_HOME: `${profile}/data`,
  XDG_CACHE_HOME: `${profile}/cache`,
  XDG_CONFIG_HOME: `${profile}/config`,
});

/** Starts an X server on a display that is free. */
async function startScreen() {
  const child = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  for await (const line of createInterface({ input: child.stdio[3] })) return { display: `:${line}`, pid: child.pid };
  throw new Error("Xvfb ended before it had a display");
}

/** The processes that render web pages. */
const renderersOf = (pid) =>
  treeOf(pid)
    .filter(({ command }) => command[0]?.endsWith("WebKitWebProcess"))
    .map(({ pid: renderer }) => renderer);
