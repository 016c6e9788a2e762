// The bundlers as they come: no plugin, and no setting that would be for the tracker.

import { once } from "node:events";
import { copyFileSync, createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import * as esbuild from "esbuild";
import * as vite5 from "vite5";
import * as vite8 from "vite8";
import webpack from "webpack";

const MODULE = `<script type="module" src="/main.js"></script>`;
const DEFERRED = `<script defer src="/main.js"></script>`;
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Serves the files of a folder, and 404 for what it has not: a bundler's dev server may answer such with its page. */
async function serveFolder(folder) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const file = join(folder, pathname === "/" ? "index.html" : pathname);
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(file)] });
    return createReadStream(file).pipe(response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What somebody has who has not configured Vite; its complaints go to `said`. */
function viteConfig(vite, root, said) {
  // Vite sets one where there is none, and the next Vite of this process would obey it.
  delete process.env.NODE_ENV;
  const customLogger = vite.createLogger("warn");
  for (const level of ["warn", "warnOnce", "error"]) customLogger[level] = (message) => said.push(message);
  return { root, configFile: false, customLogger };
}

const viteDev = (vite) => ({
  scriptTag: MODULE,
  /** Where the package comes from when Vite has bundled it beforehand, which changes what `import.meta.url` is. */
  serves: /\/node_modules\/\.vite\/deps\/posthog-booking-tracker/,
  async start(root) {
    const said = [];
    // With port 0, Vite 8 takes a free one and Vite 5 the first that is free from its own default on.
    const server = await vite.createServer({
      ...viteConfig(vite, root, said),
      server: { host: "127.0.0.1", port: 0 },
    });
    await server.listen();
    const { port } = server.httpServer.address();
    return { url: `http://127.0.0.1:${port}/`, said, close: () => server.close() };
  },
});

const viteBuild = (vite) => ({
  scriptTag: MODULE,
  async start(root) {
    const said = [];
    await vite.build(viteConfig(vite, root, said));
    return { said, ...(await serveFolder(join(root, "dist"))) };
  },
});

const webpackBuild = (mode) => ({
  scriptTag: DEFERRED,
  // Each module of a development build is a text that is evaluated.
  evaluates: mode === "development",
  async start(root) {
    const path = join(root, "dist");
    const compiler = webpack({ mode, context: root, entry: "./main.js", output: { path, filename: "main.js" } });
    const stats = await new Promise((resolve, reject) => {
      compiler.run((error, result) => compiler.close(() => (error ? reject(error) : resolve(result))));
    });
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join("\n"));
    copyFileSync(join(root, "index.html"), join(path, "index.html"));
    return { said: warnings.map(({ message }) => message), ...(await serveFolder(path)) };
  },
});

const esbuildBundle = (scriptTag, options) => ({
  scriptTag,
  async start(root) {
    const outdir = join(root, "dist");
    const entryPoints = [join(root, "main.js")];
    const { warnings } = await esbuild.build({ entryPoints, bundle: true, outdir, logLevel: "silent", ...options });
    copyFileSync(join(root, "index.html"), join(outdir, "index.html"));
    return { said: warnings.map(({ text }) => text), ...(await serveFolder(outdir)) };
  },
});

/** By their names: `start` serves the application of a folder and gives its address, and what the tool complained of. */
export const TOOLS = {
  "Vite 5, dev server": viteDev(vite5),
  "Vite 5, build": viteBuild(vite5),
  "Vite 8, dev server": viteDev(vite8),
  "Vite 8, build": viteBuild(vite8),
  "webpack 5, production": webpackBuild("production"),
  "webpack 5, development": webpackBuild("development"),
  "esbuild, one file": esbuildBundle(DEFERRED, {}),
  "esbuild, split": esbuildBundle(MODULE, { format: "esm", splitting: true }),
};
