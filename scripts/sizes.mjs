// What a page loads, in bytes, held against sizes.json.
//
//   node scripts/sizes.mjs            prints the table; fails where something has grown past the tolerance
//   node scripts/sizes.mjs --write    writes what it is now into sizes.json and the README
//
// Figures of another tool-chain than the one that ships are printed and not compared: only a rebuilt std is this small.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const TOLERANCE = 1.005;

/** The most bytes of brotli, whatever sizes.json says: ARCHITECTURE.md, "Size". */
const BUDGETS = {
  "glue, wrapper and keel (index.js)": 20 * 1024,
  "glue, wrapper and keel (script.js)": 20 * 1024,
  "all that a page loads (index.js, module)": 31 * 1024,
};
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(root, "sizes.json");

const weigh = (...paths) => {
  const total = { raw: 0, gzip: 0, brotli: 0 };
  for (const path of paths) {
    const bytes = readFileSync(join(root, path));
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 };
    total.raw += bytes.length;
    total.gzip += gzipSync(bytes, { level: 9 }).length;
    total.brotli += brotliCompressSync(bytes, { params }).length;
  }
  return total;
};

const sizes = {
  "module (tracker_bg.wasm)": weigh("pkg/dist/tracker_bg.wasm"),
  "glue (part of index.js and script.js)": weigh("js/engine/glue.js"),
  "glue, wrapper and keel (index.js)": weigh("pkg/dist/index.js"),
  "glue, wrapper and keel (script.js)": weigh("pkg/dist/script.js"),
  "all that a page loads (index.js, module)": weigh("pkg/dist/index.js", "pkg/dist/tracker_bg.wasm"),
};
console.log(`${"bytes".padEnd(44)}${"raw".padStart(9)}${"gzip".padStart(9)}${"brotli".padStart(9)}`);
for (const [name, { raw, gzip, brotli }] of Object.entries(sizes)) {
  console.log(name.padEnd(44) + [raw, gzip, brotli].map((bytes) => String(bytes).padStart(9)).join(""));
}

/** The README with the figures of `of` in its table. */
const readme = join(root, "README.md");
const withFigures = (of) =>
  Object.entries({
    "`index.js`: all that a page loads whose teams are not tracked": of["glue, wrapper and keel (index.js)"],
    "module `tracker_bg.wasm`, as soon as one is tracked": of["module (tracker_bg.wasm)"],
    "all together": of["all that a page loads (index.js, module)"],
  }).reduce(
    (text, [name, { brotli }]) =>
      text.replace(new RegExp(`(\\| ${name} \\| )[^|]*`), `$1${brotli.toLocaleString("en")} `),
    readFileSync(readme, "utf8"),
  );

if (process.argv.includes("--write")) {
  writeFileSync(file, `${JSON.stringify(sizes, null, 2)}\n`);
  writeFileSync(readme, withFigures(sizes));
} else if (readFileSync(join(root, "js/engine/toolchain"), "utf8").trim() !== "build-std") {
  console.log("not comparable: built without a rebuilt std");
} else {
  const limits = JSON.parse(readFileSync(file, "utf8"));
  const grown = Object.entries(sizes).flatMap(([name, now]) =>
    Object.keys(now)
      .filter((kind) => !(now[kind] <= (limits[name]?.[kind] ?? 0) * TOLERANCE))
      .map((kind) => `${name}: ${kind} ${now[kind]}, was ${limits[name]?.[kind]}`),
  );
  for (const line of grown) console.error(`grown: ${line}`);
  const over = Object.entries(BUDGETS).filter(([name, budget]) => sizes[name].brotli > budget);
  for (const [name, budget] of over) console.error(`over its budget of ${budget} bytes: ${name}`);
  if (over.length > 0) process.exitCode = 1;
  if (withFigures(limits) !== readFileSync(readme, "utf8")) {
    console.error("README.md quotes other figures than sizes.json: run `node scripts/sizes.mjs --write`.");
    process.exit(1);
  }
  if (grown.length > 0) {
    console.error(
      "If this growth is worth it, run `node scripts/sizes.mjs --write` and commit sizes.json with the change.",
    );
    process.exit(1);
  }
}
