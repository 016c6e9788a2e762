// A site that carries the tracker: a bare page with the script tag, and what can go wrong around it.

import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".map": "application/json" };

/** What the pages carry. */
const SCRIPTS = {
  "/page": `<script src="/tracker/script.js"></script>`,
  "/module": `<script type="module">import * as all from "/planted-trap/index.js"; Object.assign(window, all);</script>`,
  "/plain": "",
};

/** The real posthog-js, as its snippet loads it, without the files that it would load after itself. */
const POSTHOG_JS = join(ROOT, "js/node_modules/posthog-js/dist/array.no-external.js");

/**
 * Starts a site on a free port. `/page` carries the tracker, `/plain` does not, `/module` loads it as a module from the
 * variant that can be killed. `/page?csp` forbids WebAssembly.
 */
export async function startSite() {
  // While it is set, the module is not served; the waiting answers go out when it is released.
  let held = null;
  let broken = 0;
  let type = TYPES[".wasm"];
  const serveFile = (folder, name, response) => {
    const file = join(ROOT, folder === "tracker" ? "pkg/dist" : "target/planted-trap/dist", name);
    if (!existsSync(file)) return response.writeHead(404).end();
    const isModule = extname(name) === ".wasm";
    const send = () => {
      if (isModule && broken > 0) {
        broken--;
        return response.writeHead(503).end();
      }
      response.writeHead(200, { "content-type": isModule ? type : TYPES[extname(name)] });
      return createReadStream(file).pipe(response);
    };
    return held && isModule ? held.push(send) : send();
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const [, folder, name] = /^\/(tracker|planted-trap)\/([\w.]+)$/.exec(pathname) ?? [];
    if (folder) return serveFile(folder, name, response);
    if (pathname === "/posthog.js") {
      response.writeHead(200, { "content-type": TYPES[".js"] });
      return createReadStream(POSTHOG_JS).pipe(response);
    }
    const script = SCRIPTS[pathname];
    if (script === undefined) return response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      ...(searchParams.has("csp") && { "content-security-policy": "script-src 'self' 'unsafe-inline'" }),
    });
    return response.end(`<!doctype html><title>${pathname}</title>${script}<p>${pathname}</p>`);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  return {
    url: `http://127.0.0.1:${port}`,
    /** The same server under another origin. */
    otherUrl: `http://other.localhost:${port}`,
    /** Keeps the module back until it is released. */
    holdModule() {
      held = [];
    },
    releaseModule() {
      const sends = held ?? [];
      held = null;
      for (const send of sends) send();
    },
    /** The next `count` requests for the module are answered 503. */
    breakModule(count) {
      broken = count;
    },
    /** Serves the module under another type. */
    typeModule(other) {
      type = other;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
