// The names that posthog-js gives browsers, systems and devices: the fixture that the core is held to is what posthog-js says today.

import assert from "node:assert/strict";
import { test } from "node:test";

import { readFixture, repositoryUrl } from "./repository.js";

interface Case {
  readonly userAgent: string;
  readonly vendor: string;
  readonly browser: string;
  readonly version: number | null;
  readonly os: string;
  readonly osVersion: string;
  readonly deviceType: string;
}

/** What of `@posthog/core` has no entry of its own. */
interface Detection {
  detectBrowser(userAgent: string, vendor: string): string;
  detectBrowserVersion(userAgent: string, vendor: string): number | null;
  detectOS(userAgent: string): [name: string, version: string];
  detectDeviceType(userAgent: string): string;
}

test("the fixture says what posthog-js says", async () => {
  const path = "js/node_modules/@posthog/core/dist/utils/user-agent-utils.mjs";
  const posthog: Detection = await import(repositoryUrl(path).href);
  for (const { userAgent, vendor, browser, version, os, osVersion, deviceType } of readFixture<Case[]>(
    "user-agents.json",
  )) {
    assert.equal(posthog.detectBrowser(userAgent, vendor), browser, userAgent);
    assert.equal(posthog.detectBrowserVersion(userAgent, vendor), version, userAgent);
    assert.deepEqual(posthog.detectOS(userAgent), [os, osVersion], userAgent);
    assert.equal(posthog.detectDeviceType(userAgent), deviceType, userAgent);
  }
});
