// The site of the faults: a page for each way to load the tracker, and files that come late or not at all.

import { once } from "node:events";
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = fileURLToPath(new URL("../../pkg/dist", import.meta.url));

/** A page that makes the class of a module global, as the classic script does. */
const byModule = (file) =>
  `<script type="module">import * as all from "/tracker/${file}"; Object.assign(window, all);</script>`;

/** What the pages carry. */
const SCRIPTS = {
  "/page": `<script src="/tracker/script.js"></script>`,
  "/lazy": byModule("lazy.js"),
  "/no-wasm": byModule("no-wasm.js"),
  "/plain": "",
};

/** Forbids WebAssembly, which takes 'wasm-unsafe-eval'. */
const POLICY = "script-src 'self' 'unsafe-inline'";

/** What every page does first: keeps whatever reaches its error handlers, and finds out whether it may run WebAssembly. */
const prelude = () => {
  window.thrown = [];
  addEventListener("error", (event) => window.thrown.push(event.message));
  addEventListener("unhandledrejection", (event) => window.thrown.push(String(event.reason)));
  try {
    // WebKit compiles where it must not instantiate.
    window.runsWasm = Boolean(
      new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))),
    );
  } catch {
    window.runsWasm = false;
  }
};

/**
 * Starts a site on a free port. `/page` carries the classic script, `/lazy` and `/no-wasm` the modules of these names, `/plain` no
 * tracker; with `?csp`, a page must not run WebAssembly.
 */
export async function startSite() {
  /** By the names of files that are not served as they should be: what happens to a request instead. */
  const spells = new Map();
  /** Answers that are held back. */
  const held = [];
  let asked = 0;

  function serveFile(name, response) {
    const file = join(DIST, name);
    if (!existsSync(file)) return response.writeHead(404).end();
    const send = () => {
      response.writeHead(200, { "content-type": "text/javascript" });
      createReadStream(file).pipe(response);
    };
    const spell = spells.get(name) ?? send;
    if (spell !== send) asked++;
    return spell(send, response);
  }

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const [, name] = /^\/tracker\/([\w.-]+)$/.exec(pathname) ?? [];
    if (name) return serveFile(name, response);
    const script = SCRIPTS[pathname];
    if (script === undefined) return response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      ...(searchParams.has("csp") && { "content-security-policy": POLICY }),
    });
    return response.end(
      `<!doctype html><title>${pathname}</title><script>(${prelude})()</script>${script}<p>${pathname}</p>`,
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  return {
    url: `http://127.0.0.1:${port}`,
    /** The same server under another origin. */
    otherUrl: `http://other.localhost:${port}`,
    /** How often files have been asked for while they were held or blocked, since all were served the last time. */
    asked: () => asked,
    /** Keeps a file of the tracker back until all is served again. */
    hold(name) {
      spells.set(name, (send) => held.push(send));
    },
    /** Cuts the connection of whoever asks for a file of the tracker. */
    block(name) {
      spells.set(name, (_, response) => response.destroy());
    },
    /** Serves every file, also to those who wait for one. */
    serve() {
      spells.clear();
      asked = 0;
      for (const send of held.splice(0)) send();
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
