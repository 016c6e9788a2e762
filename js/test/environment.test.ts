import assert from "node:assert/strict";
import { test } from "node:test";

import { campaign, readUserAgent } from "../src/environment.js";

const AGENTS: readonly [agent: string, touchPoints: number, read: readonly unknown[]][] = [
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    0,
    ["Chrome", 140, "Windows", "10.0", "Desktop"],
  ],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
    0,
    ["Microsoft Edge", 140, "Windows", "10.0", "Desktop"],
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    0,
    ["Safari", 18, "Mac OS X", "10.15.7", "Desktop"],
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    5,
    ["Safari", 18, "iOS", undefined, "Tablet"],
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    5,
    ["Mobile Safari", 17, "iOS", "17.5.1", "Mobile"],
  ],
  [
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/139.0.7258.76 Mobile/15E148 Safari/604.1",
    5,
    ["Chrome iOS", 139, "iOS", "16.6", "Tablet"],
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/141.0 Mobile/15E148 Safari/605.1.15",
    5,
    ["Firefox iOS", 141, "iOS", "17.5", "Mobile"],
  ],
  [
    "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36",
    5,
    ["Samsung Internet", 26, "Android", "14", "Mobile"],
  ],
  [
    "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
    5,
    ["Chrome", 138, "Android", "13", "Tablet"],
  ],
  [
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0",
    0,
    ["Firefox", 141, "Linux", undefined, "Desktop"],
  ],
  [
    "Mozilla/5.0 (X11; CrOS x86_64 15917.71.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36",
    0,
    ["Chrome", 132, "Chrome OS", "15917.71.0", "Desktop"],
  ],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 OPR/122.0.0.0",
    0,
    ["Opera", 122, "Windows", "10.0", "Desktop"],
  ],
  ["curl/8.5.0", 0, [undefined, undefined, undefined, undefined, "Desktop"]],
  ["", 0, [undefined, undefined, undefined, undefined, "Desktop"]],
];

test("a user agent says browser, system and kind of device, by the names that posthog-js gives them", () => {
  for (const [agent, touchPoints, read] of AGENTS) {
    const { $browser, $browser_version, $os, $os_version, $device_type } = readUserAgent(agent, touchPoints);
    assert.deepEqual([$browser, $browser_version, $os, $os_version, $device_type], read, agent);
  }
});

test("a campaign is what its parameters say, and nothing else of an address", () => {
  assert.deepEqual(campaign("https://book.example/?utm_source=a%20mail&gclid=1&name=ada&utm_medium="), {
    utm_source: "a mail",
    gclid: "1",
  });
  assert.deepEqual(campaign("https://book.example/"), {});
  assert.deepEqual(campaign(""), {});
});
