// W3C WebDriver over fetch: the few commands that playing a fault takes, the same for every browser that speaks it.

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { killTree } from "./processes.mjs";

/** How often a driver that has been started is knocked at, 50 ms apart. */
const KNOCKS_MAX = 200;

/** Longer than any script of a fault waits for anything. */
const TIMEOUTS = { script: 120_000, pageLoad: 60_000 };

/** Starts a driver on a free port; `command` is given the port. */
export async function startDriver(command, environment = {}) {
  const port = await freePort();
  const [binary, ...parameters] = command(port);
  const child = spawn(binary, parameters, { stdio: "ignore", env: { ...process.env, ...environment } });
  let failure;
  child.on("error", (error) => {
    failure = error;
  });
  const url = `http://127.0.0.1:${port}`;
  for (let knocks = 0; knocks < KNOCKS_MAX; knocks++) {
    if (failure) throw failure;
    const status = await fetch(`${url}/status`).catch(() => undefined);
    if (status?.ok) return { url, pid: child.pid, close: () => killTree(child.pid) };
    await sleep(50);
  }
  throw new Error(`${binary} does not answer`);
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function command(method, url, body) {
  const content = method === "POST" && {
    body: JSON.stringify(body ?? {}),
    headers: { "content-type": "application/json" },
  };
  const response = await fetch(url, { method, ...content });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${url}: ${value.error}: ${value.message}`);
  return value;
}

/** A browser under a driver. Commands go to one window at a time, so they are queued. */
export class Session {
  #url;
  #last = Promise.resolve();
  /** The window that the browser came with. It stays open, because a browser ends with its last one. */
  #first;

  constructor(url, capabilities) {
    this.#url = url;
    this.capabilities = capabilities;
  }

  /** Starts a browser under a driver; where that fails, the driver ends. */
  static async start(driver, alwaysMatch) {
    try {
      const order = { capabilities: { alwaysMatch } };
      const { sessionId, capabilities } = await command("POST", `${driver.url}/session`, order);
      const session = new Session(`${driver.url}/session/${sessionId}`, capabilities);
      await session.post("/timeouts", TIMEOUTS);
      session.#first = await session.get("/window");
      return session;
    } catch (error) {
      await driver.close();
      throw error;
    }
  }

  post(path, body) {
    return command("POST", this.#url + path, body);
  }

  get(path) {
    return command("GET", this.#url + path);
  }

  delete(path = "") {
    return command("DELETE", this.#url + path);
  }

  /** Opens an address in a "tab" or "window" of its own; gives its handle. */
  async open(address, type) {
    const { handle } = await this.in(this.#first, () => this.post("/window/new", { type }));
    await this.in(handle, () => this.post("/url", { url: address }));
    return handle;
  }

  /** Does something in a tab, when what was asked before is done. */
  in(handle, act) {
    return this.#queue(async () => {
      await this.post("/window", { handle });
      return act();
    });
  }

  /** Runs a function in a tab; what it gives may be a promise. */
  run(handle, script, argument) {
    const text = `const done = arguments[arguments.length - 1];
      Promise.resolve().then(() => (${script})(arguments[0]))
        .then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    return this.in(handle, async () => {
      const { value, error } = await this.post("/execute/async", { script: text, args: [argument ?? null] });
      if (error) throw new Error(error);
      return value;
    });
  }

  /** Runs a function in a tab that goes to another address by it, and waits until it is there. */
  leaveBy(handle, script, argument, address) {
    return this.in(handle, async () => {
      const text = `return (${script})(arguments[0])`;
      const value = await this.post("/execute/sync", { script: text, args: [argument] });
      while ((await this.get("/url")) !== address) await sleep(20);
      return value;
    });
  }

  #queue(act) {
    const result = this.#last.then(act);
    this.#last = result.catch(() => {});
    return result;
  }
}
