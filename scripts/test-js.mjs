// Bundles the unit tests of the wrapper, js/test/*.test.ts, into target/js-test/ and runs them with Node's own runner.
//
//   node scripts/test-js.mjs [arguments of `node --test`, e.g. --test-name-pattern=uuid]
//
// Needs js/node_modules and js/engine (`make pkg`).

import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const js = join(root, "js");
const out = join(root, "target/js-test");
const { build } = createRequire(join(js, "package.json"))("esbuild");
const version = /^version = "(.*)"$/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))[1];

const tests = readdirSync(join(js, "test")).filter((name) => name.endsWith(".test.ts"));
if (tests.length === 0) throw new Error("js/test holds no *.test.ts");

rmSync(out, { recursive: true, force: true });
await build({
  absWorkingDir: js,
  entryPoints: tests.map((name) => join("test", name)),
  outdir: out,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  // A dynamic import stays one, so that a test can watch what importing does.
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: "linked",
  logLevel: "warning",
  define: { __VERSION__: JSON.stringify(version) },
});

const files = tests.map((name) => join(out, name.replace(/\.ts$/, ".mjs")));
const nodeArguments = ["--enable-source-maps", "--test", "--test-reporter=spec", ...process.argv.slice(2), ...files];
const { status } = spawnSync(process.execPath, nodeArguments, { stdio: "inherit" });
process.exit(status ?? 1);
