// A site that carries the tracker: a page for each way to load it, the policies that a host may have, and what can go wrong around it.

import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TYPES = { ".js": "text/javascript", ".map": "application/json" };

/** Where the files of each folder lie. */
const FOLDERS = { tracker: "pkg/dist", "planted-trap": "target/planted-trap/dist" };

/** What trackers load by `import()`. */
const CHUNKS = ["index.js", "no-wasm.js"];

/** What every script of a page with a nonce carries. */
const NONCE = "cGhidA";

/** A script element that puts what a module exports on the window. */
const moduleScript = (path) =>
  `<script type="module" nonce="${NONCE}">import * as all from "${path}"; Object.assign(window, all);</script>`;

/** What the pages carry; `origin` is where the script comes from. */
const SCRIPTS = {
  "/page": (origin) => `<script src="${origin}/tracker/script.js" nonce="${NONCE}"></script>`,
  "/module": () => moduleScript("/planted-trap/index.js"),
  "/lazy": () => moduleScript("/tracker/lazy.js"),
  "/no-wasm": () => moduleScript("/tracker/no-wasm.js"),
  "/plain": () => "",
};

/** The policies that a page can have; each forbids WebAssembly. */
const POLICIES = {
  "allow-list": () => "script-src 'self' 'unsafe-inline'",
  nonce: () => `script-src 'nonce-${NONCE}'`,
  "strict-dynamic": () => `script-src 'strict-dynamic' 'nonce-${NONCE}'`,
  "trusted-types": () => `require-trusted-types-for 'script'; script-src 'self' 'nonce-${NONCE}'`,
  "other-origin": (origin) => `script-src ${origin}`,
};

/** The real posthog-js, as its snippet loads it, without the files that it would load after itself. */
const POSTHOG_JS = join(ROOT, "js/node_modules/posthog-js/dist/array.no-external.js");

/**
 * Starts a site on a free port. `/page` carries the script tag, `/lazy` and `/no-wasm` load these entries as modules, `/module` loads
 * the variant whose module tests make trap, `/plain` carries nothing. `?policy=nonce` gives the page a policy that forbids
 * WebAssembly, `?policy=nonce&wasm` one that allows it. `?first` has the page book in its first script.
 */
export async function startSite() {
  // While it is set, no chunk is served; the waiting answers go out when it is released.
  let held = null;
  let broken = 0;
  const serveFile = (folder, name, response) => {
    const file = join(ROOT, FOLDERS[folder], name);
    if (!existsSync(file)) return response.writeHead(404).end();
    const isChunk = folder === "tracker" && CHUNKS.includes(name);
    const send = () => {
      const isBroken = isChunk && broken > 0;
      if (isBroken) broken--;
      // What is broken must not be remembered, and scripts of another origin have to be allowed to be read.
      const headers = { "content-type": TYPES[extname(name)], "access-control-allow-origin": "*" };
      response.writeHead(isBroken ? 503 : 200, { ...headers, "cache-control": "no-store" });
      return isBroken ? response.end() : createReadStream(file).pipe(response);
    };
    return held && isChunk ? held.push(send) : send();
  };
  const servePage = (pathname, searchParams, response) => {
    const policy = searchParams.get("policy");
    const origin = policy === "other-origin" ? site.otherUrl : "";
    const allowed = searchParams.has("wasm") ? " 'wasm-unsafe-eval'" : "";
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      ...(policy && { "content-security-policy": POLICIES[policy](origin) + allowed }),
    });
    const scripts = SCRIPTS[pathname](origin) + (searchParams.has("first") ? firstScript(pathname, searchParams) : "");
    response.end(`<!doctype html><title>${pathname}</title>${scripts}<p>${pathname}</p>`);
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://localhost");
    const [, folder, name] = /^\/(tracker|planted-trap)\/([\w.-]+)$/.exec(pathname) ?? [];
    if (folder) return serveFile(folder, name, response);
    if (pathname === "/posthog.js") {
      response.writeHead(200, { "content-type": TYPES[".js"] });
      return createReadStream(POSTHOG_JS).pipe(response);
    }
    // A page that asks for this synchronously stands still.
    if (pathname === "/never-answered") return undefined;
    if (!Object.hasOwn(SCRIPTS, pathname)) return response.writeHead(404).end();
    return servePage(pathname, searchParams, response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  const site = {
    url: `http://127.0.0.1:${port}`,
    /** The same server under another origin. */
    otherUrl: `http://other.localhost:${port}`,
    /** Keeps back what trackers load by `import()`, until it is released. */
    holdChunks() {
      held = [];
    },
    releaseChunks() {
      const sends = held ?? [];
      held = null;
      for (const send of sends) send();
    },
    /** The next `count` requests for a chunk are answered 503. */
    breakChunks(count) {
      broken = count;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
  return site;
}

/** The first script of a page's own: it books and stands still in the same tick, before anything else of the page has come. */
function firstScript(pathname, searchParams) {
  const { key, host } = Object.fromEntries(searchParams);
  const type = pathname === "/page" ? "" : ` type="module"`;
  return `<script${type}>
    const tracker = new PostHogBookingTracker(${JSON.stringify(key)}, { host: ${JSON.stringify(host)}, isTeamEnabled: true });
    tracker.trackBookingCompleted({ bookingId: 7, bookingUid: "uid", teamId: 42 });
    const request = new XMLHttpRequest();
    request.open("GET", "/never-answered", false);
    request.send();
  </script>`;
}
