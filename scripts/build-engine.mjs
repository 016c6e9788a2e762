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
const gluePath = join(folder, "engine.js");
let glueText = readFileSync(gluePath, "utf8");
for (const [what, text, instead] of trimmings()) {
  if (!text.test(glueText)) throw new Error(`the glue makes its ${what} otherwise`);
  glueText = glueText.replace(text, instead);
}
// Short names put all imports into one module. The variant that tests kill has imports of its own, and keeps its names.
const isShipped = !glueText.includes("./snippets/");
const renaming = isShipped ? ["--minify-imports-and-exports-and-modules"] : [];
const flags = [...passes, ...renaming, ...FEATURES.map((name) => `--enable-${name}`), ...strip];
const wasmOpt = join(js, "node_modules/.bin/wasm-opt");
const renamed = execFileSync(wasmOpt, [...flags, module, "-o", optimised], { encoding: "utf8" });
renameSync(optimised, module);

// Only what js/ calls: the rest of the glue, which fetches and compiles, is left out.
const names = ["instantiate", "start", "handle", "stats", "plantTrap"];
const glue = isShipped ? rename(glueText, JSON.parse(renamed)) : glueText;
writeFileSync(gluePath, glue);
const called = names.filter((name) => glue.includes(`function ${name}(`));
const { outputFiles } = buildSync({
  absWorkingDir: js,
  stdin: { contents: `import { ${called} } from "./engine.js"; give({ ${called} });`, resolveDir: folder },
  bundle: true,
  format: "iife",
  minify: true,
  // A warning about a form of call that nobody here makes, and the enum, which the wrapper has by its numbers.
  drop: ["console"],
  pure: ["Object.freeze"],
  target: "es2022",
  write: false,
});
const text = `let glue;\nconst give = (exports) => { glue = exports; };\n${outputFiles[0].text};\nreturn glue;`;
writeFileSync(join(folder, "glue.js"), `export function createGlue() {\n${text}\n}\n`);
writeFileSync(
  join(folder, "glue.d.ts"),
  `export type Glue = typeof import("./engine.js") & { instantiate(module: WebAssembly.Module): void };\n/** A new copy of the glue, for a new instance. */\nexport function createGlue(): Glue;\n`,
);

/** What the glue has for others and nobody here needs. */
function trimmings() {
  return [
    // Browsers that lack `encodeInto` lack what the wrapper is written in as well.
    ["encodeInto", /^if \(!\('encodeInto' in cachedTextEncoder\)\) \{\n[\s\S]*?\n\}\n/m, ""],
    // Safari's decoder gives up after 2 GB, which are some million bookings on one page.
    ["decodeText", /(function decodeText\(bytes\) \{\n)[\s\S]*?( {4}return cachedTextDecoder)/, "$1$2"],
    // Each engine has a copy of the glue and one compiled module, given as it is.
    [
      "initSync",
      /function initSync\(module\) \{[\s\S]*?\n\}\n/,
      `export function instantiate(module) {
    wasm = new WebAssembly.Instance(module, __wbg_get_imports()).exports;
}
`,
    ],
    ["exports", /export \{ initSync, /, "export { "],
  ];
}

/**
 * Gives the glue the short names that wasm-opt has given the module's imports and exports. The long ones stand in both
 * files, with a hash that no compression shortens: together some 0.7 KB.
 */
function rename(text, { imports, exports }) {
  let named = text.replace('"./engine_bg.js": import', '"a": import');
  for (const [, name, short] of imports) {
    if (!named.includes(`${name}: function`)) throw new Error(`the glue does not provide ${name}`);
    named = named.replace(`${name}: function`, `${short}: function`);
  }
  for (const [name, short] of exports) named = named.replace(new RegExp(`\\bwasm\\.${name}\\b`, "g"), `wasm.${short}`);
  return named;
}
