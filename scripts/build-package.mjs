// Builds the npm package into pkg/ from the compiled module and js/, and prints what it weighs.
//
//   node scripts/build-package.mjs [--planted-trap]
//
// With --planted-trap it builds the variant that tests kill on purpose, into target/planted-trap/.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const js = join(root, "js");
const load = createRequire(join(js, "package.json"));
const { build } = load("esbuild");
const { minify } = load("terser");
const trap = process.argv.includes("--planted-trap");
const out = trap ? join(root, "target/planted-trap") : join(root, "pkg");
const engine = join(root, trap ? "target/engine-planted-trap" : "js/engine");
const version = /^version = "(.*)"$/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))[1];

/**
 * Members that only the package's own modules name: none of them is stored, sent, or seen by a page, a browser or the engine.
 * They are shortened.
 */
const INTERNAL_NAMES =
  "delivery settleVanished warn options outbox people gate attempt emit drop isGranted project happening notices refresh shared present retryAfterS startedMs activeMs apiKey deviceId release numbers report draft calls current listen keep isLate records quarantined counts isFree sequence tick onMissedDenial live poisoned unsaved mirrored shutDown forget isUrgent withdraw noteProfile mustSend backoffMs unknownTeams giveUpGated evict handed seal handOver goAlone unite sendQuarantined stayClosed allSealed giveUp removeTraces follow arrive initialProperties tidy isHooking mayKeep renew isPending settle edit askedMs dueMs asksForTeams onAnswer admit states askUnknown isAsking gateAnswered hasProfile registered isVerbose isPrerendering resetPerson addPerson addGroup leaveGroups changePerson isAllowed visitor refuse heard want lockAnswered whenSettled happened".split(
    " ",
  );

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, "dist"), { recursive: true });

const replaceGlue = (b) => b.onResolve({ filter: /engine\/glue\.js$/ }, () => ({ path: join(engine, "glue.js") }));

const common = {
  absWorkingDir: js,
  bundle: true,
  minify: true,
  sourcemap: "linked",
  target: "es2022",
  legalComments: "none",
  define: { __VERSION__: JSON.stringify(version) },
  // The variant differs in the compiled module only, so its glue takes the place of the shipped one.
  plugins: trap ? [{ name: "engine", setup: replaceGlue }] : [],
};

await build({
  ...common,
  entryPoints: [trap ? "test/planted-trap.ts" : "src/entries/index.ts"],
  format: "esm",
  outfile: join(out, "dist/index.js"),
});
if (!trap) {
  await build({
    ...common,
    entryPoints: ["src/entries/script.ts"],
    format: "iife",
    inject: ["src/entries/script-url.ts"],
    define: { ...common.define, "import.meta.url": "scriptUrl" },
    outfile: join(out, "dist/script.js"),
  });
  execFileSync(join(js, "node_modules/.bin/tsc"), ["-p", js, "--outDir", join(out, "dist/types")], {
    stdio: "inherit",
  });
}
// A second minifier after the bundler takes another 5 % off what a page loads.
for (const name of trap ? ["index.js"] : ["index.js", "script.js"]) {
  const path = join(out, "dist", name);
  const { code, map } = await minify(readFileSync(path, "utf8"), {
    module: name === "index.js",
    ecma: 2022,
    // Found by measuring: 126 bytes less than its defaults.
    compress: {
      passes: 4,
      pure_getters: true,
      unsafe_arrows: true,
      unsafe_methods: true,
      unsafe_comps: true,
      unsafe_math: true,
      keep_fargs: false,
      reduce_funcs: false,
      comparisons: false,
      if_return: false,
      inline: 2,
    },
    // Some of them are names of the DOM as well, which nobody here uses as such.
    mangle: { properties: { regex: new RegExp(`^(${INTERNAL_NAMES.join("|")})$`), builtins: true } },
    sourceMap: { content: readFileSync(`${path}.map`, "utf8"), filename: name, url: `${name}.map` },
  });
  writeFileSync(path, code);
  writeFileSync(`${path}.map`, map);
}

cpSync(join(engine, "engine_bg.wasm"), join(out, "dist/tracker_bg.wasm"));

if (!trap) {
  const manifest = {
    name: "posthog-booking-tracker",
    version,
    description: "The booking tracker for PostHog that loses no event",
    license: "MIT OR Apache-2.0",
    type: "module",
    sideEffects: ["./dist/script.js"],
    exports: {
      ".": { types: "./dist/types/entries/index.d.ts", default: "./dist/index.js" },
      "./script": "./dist/script.js",
      "./tracker.wasm": "./dist/tracker_bg.wasm",
      "./package.json": "./package.json",
    },
    files: ["dist", "docs"],
  };
  writeFileSync(join(out, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  cpSync(join(root, "docs"), join(out, "docs"), { recursive: true });
  for (const file of ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"]) {
    cpSync(join(root, file), join(out, file));
  }
}
