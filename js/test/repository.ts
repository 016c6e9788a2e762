// Files of the repository, read as tests see them.

import { readFileSync } from "node:fs";

/** The address of a file or folder, by its path from the top of the repository. */
export const repositoryUrl = (path: string): URL =>
  // Tests run as bundles in target/js-test, which lies as deep as js/test.
  new URL(`../../${path}`, import.meta.url);

/** The text of a file. */
export const readText = (path: string): string => readFileSync(repositoryUrl(path), "utf8");

/** What a file in tests/fixtures holds. */
export const readFixture = <T>(name: string): T => JSON.parse(readText(`tests/fixtures/${name}`));
