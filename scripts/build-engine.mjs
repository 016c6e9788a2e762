// Turns what cargo has compiled into what js/ imports: the optimised module and its glue.
//
//   node scripts/build-engine.mjs FOLDER COMPILED WASM_BINDGEN
//
// The glue that wasm-bindgen writes keeps its one instance in module variables. A page needs a fresh instance after a
// trap, and trackers that do not share their fate, so the glue is wrapped into a function that makes a new copy of it.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [target, compiled, wasmBindgen] = process.argv.slice(2);
const folder = resolve(target);
const js = join(dirname(dirname(fileURLToPath(import.meta.url))), "js");
const { buildSync } = createRequire(join(js, "package.json"))("esbuild");

// Named one by one: with --all-features wasm-opt writes modules that browsers refuse.
const FEATURES = ["bulk-memory", "bulk-memory-opt", "sign-ext", "mutable-globals", "nontrapping-float-to-int"];

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const bindgen = [
  "--target",
  "web",
  "--omit-default-module-path",
  "--out-dir",
  folder,
  "--out-name",
  "engine",
  compiled,
];
execFileSync(wasmBindgen, bindgen, { stdio: ["ignore", "inherit", "pipe"] });

const module = join(folder, "engine_bg.wasm");
const optimised = join(folder, "optimised.wasm");
const strip = ["--strip-debug", "--strip-producers", "--strip-target-features"];
// Taking the control flow apart and putting it together again is worth 1 % (measured), the order of functions a little.
const passes = ["-Oz", "--flatten", "--rereloop", "-Oz", "-Oz", "--low-memory-unused", "--reorder-functions"];
const flags = [...passes, ...FEATURES.map((name) => `--enable-${name}`), ...strip];
execFileSync(join(js, "node_modules/.bin/wasm-opt"), [...flags, module, "-o", optimised], { stdio: "inherit" });
renameSync(optimised, module);

// Only what js/ calls: the rest of the glue, which fetches and compiles, is left out.
const names = ["initSync", "start", "handle", "stats", "plantTrap"];
const glue = readFileSync(join(folder, "engine.js"), "utf8");
const called = names.filter((name) => glue.includes(`function ${name}(`));
const { outputFiles } = buildSync({
  absWorkingDir: js,
  stdin: { contents: `export { ${called} } from "./engine.js";`, resolveDir: folder },
  bundle: true,
  format: "iife",
  globalName: "glue",
  minify: true,
  target: "es2022",
  write: false,
});
writeFileSync(join(folder, "glue.js"), `export function createGlue() {\n${outputFiles[0].text};\nreturn glue;\n}\n`);
writeFileSync(
  join(folder, "glue.d.ts"),
  `export type Glue = typeof import("./engine.js");\n/** A new copy of the glue, for a new instance. */\nexport function createGlue(): Glue;\n`,
);
