// A small application that has the package from npm: the packed tarball, laid out as `npm install` does.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = "posthog-booking-tracker";
const PKG = fileURLToPath(new URL("../../pkg", import.meta.url));

/** Forbids WebAssembly, and nothing that a bundler's output does without `eval`. */
const POLICY = `<meta http-equiv="content-security-policy" content="script-src 'self'">`;

const PAGE = (scriptTag, forbidsWasm) => `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  ${forbidsWasm ? POLICY : ""}
  <title>Book a meeting</title>
  <link rel="icon" href="data:,">
  ${scriptTag}
  <p>Book a meeting</p>
</html>
`;

/** Makes its tracker and books, as the first thing that the page does. */
const MAIN = (entry, key, host) => `import { PostHogBookingTracker } from ${JSON.stringify(entry)};

const tracker = new PostHogBookingTracker(${JSON.stringify(key)}, { host: ${JSON.stringify(host)}, isTeamEnabled: true });
tracker.trackBookingCompleted({ bookingUid: "b-1", teamId: 42 });
window.tracker = tracker;
`;

/** A temporary folder by its real name, which bundlers compare paths by. */
const temporary = () => realpathSync(mkdtempSync(join(tmpdir(), "bundlers-")));

/** Packs what `make pkg` has built, for any number of applications. */
export function packPackage() {
  const folder = temporary();
  execFileSync("npm", ["pack", PKG, "--pack-destination", folder, "--ignore-scripts", "--offline"], {
    stdio: "ignore",
  });
  const tarball = join(folder, readdirSync(folder)[0]);
  return {
    /** Makes an application that imports an entry; `scriptTag` loads what a bundler makes of its `main.js`. */
    makeApplication({ entry, key, host, scriptTag, forbidsWasm }) {
      const root = temporary();
      const installed = join(root, "node_modules", PACKAGE);
      mkdirSync(installed, { recursive: true });
      execFileSync("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
      const manifest = { name: "application", private: true, type: "module", dependencies: { [PACKAGE]: "*" } };
      writeFileSync(join(root, "package.json"), JSON.stringify(manifest));
      writeFileSync(join(root, "index.html"), PAGE(scriptTag, forbidsWasm));
      writeFileSync(join(root, "main.js"), MAIN(entry, key, host));
      return { root, remove: () => rmSync(root, { recursive: true }) };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
