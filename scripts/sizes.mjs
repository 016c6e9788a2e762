// What the files of the package weigh, in bytes, held against sizes.json.
//
//   node scripts/sizes.mjs            prints the table; fails where a file is over its budget or has grown past the tolerance
//   node scripts/sizes.mjs --parts    prints what the parts of index.js weigh, each compressed alone
//   node scripts/sizes.mjs --write    writes what it is now into sizes.json and the README; budgets stay
//
// gzip is of level 6, as many servers send it; brotli of level 11. Figures of another tool-chain than the one that ships are printed
// and not compared: only a rebuilt std is this small.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const file = join(root, "sizes.json");
const readme = join(root, "README.md");

const ENCODINGS = {
  raw: (bytes) => bytes.length,
  gzip: (bytes) => gzipSync(bytes, { level: 6 }).length,
  brotli: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length,
};

const weigh = (path) => {
  const bytes = readFileSync(join(root, path));
  return Object.fromEntries(Object.entries(ENCODINGS).map(([encoding, size]) => [encoding, size(bytes)]));
};

const { budgets, tolerance, sizes: earlier } = JSON.parse(readFileSync(file, "utf8"));
const sizes = Object.fromEntries(Object.keys(budgets).map((name) => [name, weigh(`pkg/dist/${name}`)]));

const line = (name, columns) => name.padEnd(16) + columns.map((column) => String(column).padStart(10)).join("");
console.log(line("bytes", [...Object.keys(ENCODINGS), "budget"]));
for (const [name, size] of Object.entries(sizes)) console.log(line(name, [...Object.values(size), budgets[name]]));

/** The README with the figures of `of` in its table. */
const withFigures = (of) =>
  Object.entries(of).reduce(
    (text, [name, size]) => {
      const cells = Object.values(size).map((bytes) => ` ${bytes.toLocaleString("en")} |`);
      return text.replace(new RegExp(`(\\| \`${name}\` [^|]*\\|)[^\\n]*`), `$1${cells.join("")}`);
    },
    readFileSync(readme, "utf8"),
  );

function complaints() {
  const over = Object.entries(budgets)
    .filter(([name, budget]) => sizes[name].brotli > budget)
    .map(
      ([name, budget]) => `over its budget: ${name} has ${sizes[name].brotli} bytes of brotli, and may have ${budget}`,
    );
  const grown = Object.entries(sizes).flatMap(([name, size]) =>
    Object.keys(ENCODINGS)
      .filter((encoding) => !(size[encoding] <= (earlier[name]?.[encoding] ?? 0) * tolerance[encoding]))
      .map((encoding) => `grown: ${name}, ${encoding} ${size[encoding]}, was ${earlier[name]?.[encoding]}`),
  );
  const hint = grown.length > 0 ? ["If the growth is worth it: node scripts/sizes.mjs --write"] : [];
  const quotes =
    withFigures(earlier) === readFileSync(readme, "utf8") ? [] : ["README.md quotes other figures: --write"];
  return [...over, ...grown, ...hint, ...quotes];
}

/** What the parts of index.js weigh in brotli. */
function printParts() {
  const text = readFileSync(join(root, "pkg/dist/index.js"), "utf8");
  const [hex] = /[0-9a-f]{1000,}/.exec(text);
  const parts = { module: Buffer.from(hex, "hex"), hexadecimal: hex, JavaScript: text.replace(hex, "") };
  for (const [name, part] of Object.entries(parts)) console.log(line(name, [ENCODINGS.brotli(Buffer.from(part))]));
}

if (process.argv.includes("--parts")) {
  printParts();
} else if (process.argv.includes("--write")) {
  writeFileSync(file, `${JSON.stringify({ budgets, tolerance, sizes }, null, 2)}\n`);
  writeFileSync(readme, withFigures(sizes));
} else if (readFileSync(join(root, "js/engine/toolchain"), "utf8").trim() !== "build-std") {
  console.log("not comparable: built without a rebuilt std");
} else {
  const found = complaints();
  for (const text of found) console.error(text);
  if (found.length > 0) process.exitCode = 1;
}
