// Files of the repository, read as tests see them.

import { readFileSync } from "node:fs";

// Tests run as bundles in target/js-test, which lies as deep as js/test.
const ROOT = new URL("../../", import.meta.url);

/** The text of a file, by its path from the top of the repository. */
export const readText = (path: string): string => readFileSync(new URL(path, ROOT), "utf8");

/** What a file in tests/fixtures holds. */
export const readFixture = <T>(name: string): T => JSON.parse(readText(`tests/fixtures/${name}`));
