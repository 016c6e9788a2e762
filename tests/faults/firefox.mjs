// Firefox, driven by geckodriver.

import { killAll, killTree, treeOf } from "./processes.mjs";
import { Session, startDriver } from "./webdriver.mjs";

/** Whatever the browser might want to reach beside the test goes to a port of this machine where nobody listens. */
const PREFERENCES = {
  "network.proxy.type": 1,
  "network.proxy.http": "127.0.0.1",
  "network.proxy.http_port": 9,
  "network.proxy.ssl": "127.0.0.1",
  "network.proxy.ssl_port": 9,
  "network.proxy.no_proxies_on": "127.0.0.1, localhost, .localhost",
  "network.proxy.allow_hijacking_localhost": false,
};

export const firefox = {
  name: "Firefox",
  cannot: { freeze: "Firefox freezes no page: it has no Page Lifecycle API, and WebDriver no order for it." },
  launch,
};

async function launch(profile) {
  const geckodriver = process.env.GECKODRIVER ?? "geckodriver";
  const driver = await startDriver((port) => [geckodriver, "--host", "127.0.0.1", "--port", String(port)]);
  const session = await Session.start(driver, {
    "moz:firefoxOptions": {
      binary: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
      args: ["-headless", "-profile", profile],
      prefs: PREFERENCES,
    },
  });
  const { "moz:processID": pid } = session.capabilities;
  return {
    open: async (url) => pageOf(session, await session.open(url, "tab"), pid),
    async kill() {
      await killTree(pid);
      await driver.close();
    },
  };
}

const pageOf = (session, handle, pid) => ({
  run: (script, argument) => session.run(handle, script, argument),
  leaveBy: (script, argument, address) => session.leaveBy(handle, script, argument, address),
  reload: () => session.in(handle, () => session.post("/refresh")),
  close: () => session.in(handle, () => session.delete("/window")),
  /** All processes that render pages die; which one renders this page is not to be learned from outside. */
  crash: () => killAll(renderersOf(pid)),
});

/** The processes of a browser that render web pages: their last argument says so. */
const renderersOf = (pid) =>
  treeOf(pid)
    .filter(({ command }) => command.at(-1) === "tab")
    .map(({ pid: renderer }) => renderer);
