// Turns what cargo has compiled into what js/ imports.
//
//   node scripts/build-engine.mjs FOLDER COMPILED WASM_BINDGEN
//
// glue.js       the code that wasm-bindgen generates, whole, in a function that makes a fresh copy of it: a tracker whose
//               module has trapped needs a new instance, and two trackers must not share one fate
// module.js     the bytes of the optimised module as hexadecimal text, which brotli packs to within 8 % of the module itself
// no-wasm.js    the same module translated to JavaScript by wasm2js, for pages that may not run WebAssembly
// engine.d.ts   the types that wasm-bindgen generates

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const [target, compiled, wasmBindgen] = process.argv.slice(2);
const folder = resolve(target);
const js = join(dirname(dirname(fileURLToPath(import.meta.url))), "js");
const { buildSync, build } = createRequire(join(js, "package.json"))("esbuild");
const binaryen = (tool, flags) =>
  execFileSync(join(js, "node_modules/.bin", tool), flags, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

// Named one by one: with --all-features wasm-opt writes modules that browsers refuse.
const FEATURES = ["bulk-memory", "bulk-memory-opt", "sign-ext", "mutable-globals", "nontrapping-float-to-int"].map(
  (name) => `--enable-${name}`,
);
const STRIP = ["--strip-debug", "--strip-producers", "--strip-target-features"];
// Found by measuring: what is inlined is larger, and packs worse.
const PASSES = [
  "-Oz",
  "--low-memory-unused",
  "--always-inline-max-function-size=0",
  "--one-caller-inline-max-function-size=30",
  "--reorder-functions",
];
/** wasm2js knows none of these instructions; simpler ones take their place. */
const LOWERING = [
  "--llvm-nontrapping-fptoint-lowering",
  "--signext-lowering",
  "--llvm-memory-copy-fill-lowering",
  "--disable-bulk-memory",
];

const SCRIPT = { absWorkingDir: js, bundle: true, format: "iife", target: "es2022", write: false, logLevel: "warning" };

/** The glue would have the browser free what is collected, past the guard: an instance goes as a whole. */
const UNGUARDED = "const FinalizationRegistry = undefined;\n";

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const bindgen = ["--target", "bundler", "--out-dir", folder, "--out-name", "engine", compiled];
execFileSync(wasmBindgen, bindgen, { stdio: ["ignore", "inherit", "pipe"] });

const module = join(folder, "engine_bg.wasm");
const lowered = join(folder, "lowered.wasm");
const renaming = "--minify-imports-and-exports-and-modules";
const optimised = join(folder, "optimised.wasm");
const names = JSON.parse(binaryen("wasm-opt", [...PASSES, renaming, ...FEATURES, ...STRIP, module, "-o", optimised]));
writeFileSync(join(folder, "module.js"), `export default "${readFileSync(optimised).toString("hex")}";\n`);
writeFileSync(
  join(folder, "module.d.ts"),
  "/** The bytes of the module, as hexadecimal text. */\ndeclare const hex: string;\nexport default hex;\n",
);

writeFileSync(join(folder, "link.js"), linkOf(names));
const glue = textOf("link.js", "glue");
writeFileSync(join(folder, "glue.js"), `export function createGlue() {\n${UNGUARDED}${glue}\nreturn glue;\n}\n`);
writeFileSync(
  join(folder, "glue.d.ts"),
  `import type * as engine from "./engine.js";
export interface Glue {
  /** What the module imports. */
  readonly imports: WebAssembly.Imports;
  /** Gives the glue the exports of an instance; gives the classes of that instance. */
  link(exports: WebAssembly.Exports): typeof engine;
}
/** A fresh copy of the glue, for one instance. */
export function createGlue(): Glue;
`,
);

binaryen("wasm-opt", [...FEATURES, ...LOWERING, optimised, "-o", lowered]);
binaryen("wasm2js", ["-Oz", "--enable-mutable-globals", lowered, "-o", join(folder, "translated.js")]);
const translated = await translatedText();
writeFileSync(
  join(folder, "no-wasm.js"),
  `export function instantiate(imports) {\n${translated}\nreturn translated;\n}\n`,
);
writeFileSync(
  join(folder, "no-wasm.d.ts"),
  "/** Makes an instance of the translated module; gives its exports. */\nexport function instantiate(imports: WebAssembly.Imports): WebAssembly.Exports;\n",
);

/** The module that joins glue and instance by the short names that wasm-opt has given to imports and exports. */
function linkOf({ imports, exports }) {
  const provided = imports.map(([, name, short]) => `${short}: glue.${name}`);
  const used = exports.map(([name, short]) => `${JSON.stringify(name)}: exports.${short}`);
  return `import * as glue from "./engine_bg.js";
export const imports = { a: { ${provided.join(", ")} } };
export function link(exports) {
  glue.__wbg_set_wasm({ ${used.join(", ")} });
  return glue;
}
`;
}

/** A file and what it imports as one script that declares `name`. */
function textOf(file, name) {
  const { outputFiles } = buildSync({ ...SCRIPT, globalName: name, entryPoints: [join(folder, file)] });
  return outputFiles[0].text;
}

/** The translation, as a script that takes what the module imports from the variable `imports`. */
async function translatedText() {
  const given = {
    name: "imports",
    setup(b) {
      b.onResolve({ filter: /^a$/ }, () => ({ path: "a", namespace: "imports" }));
      b.onLoad({ filter: /.*/, namespace: "imports" }, () => ({ contents: "module.exports = imports.a;" }));
    },
  };
  const entryPoints = [join(folder, "translated.js")];
  const { outputFiles } = await build({ ...SCRIPT, globalName: "translated", entryPoints, plugins: [given] });
  return outputFiles[0].text;
}
