// Starts the collector, scripts it and asks it what it got. Tests wait on it, never on time.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const BINARY = process.env.COLLECTOR ?? fileURLToPath(new URL("../../target/debug/collector", import.meta.url));

/** Starts a collector on the loopback address, on free ports unless some are named. */
export async function startCollector({ port = 0, controlPort = 0 } = {}) {
  const ports = ["--port", String(port), "--control-port", String(controlPort)];
  const child = spawn(BINARY, ports, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const { ingest, control } = JSON.parse(line);
  const call = async (method, path, body) => {
    const response = await fetch(control + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    return response.json();
  };
  return {
    /** Where trackers send to. */
    url: ingest,
    /** Where the inspector is. */
    inspector: control,
    /** The stored rows, in order of arrival. */
    events: () => call("GET", "/events"),
    stats: () => call("GET", "/stats"),
    /** The requests with a body, in order of arrival. */
    requests: async () => (await call("GET", "/requests")).filter(({ method }) => method === "POST"),
    /** Waits until the counts are reached; throws what is there at the limit. */
    async wait(conditions) {
      const query = new URLSearchParams({ limitMs: "20000", ...conditions });
      const stats = await call("GET", `/wait?${query}`);
      if (!stats.ok) throw new Error(`waited in vain for ${JSON.stringify(conditions)}: ${JSON.stringify(stats)}`);
      return stats;
    },
    /** What `/flags` answers from now on. */
    flags: (flags) => call("POST", "/flags", flags),
    fault: (fault) => call("POST", "/faults", fault),
    listen: (on) => call("POST", "/listen", { on }),
    release: () => call("POST", "/release", {}),
    reset: () => call("POST", "/reset", {}),
    close: () => {
      child.kill("SIGTERM");
      return once(child, "exit");
    },
  };
}
