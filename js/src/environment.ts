// The browser, the device and the campaign: properties by which PostHog's web analytics breaks events down, with the
// names that posthog-js gives them (its `event-utils.ts`). What does not change on a page is read once.

import { QUERY_KEYS } from "./query-keys.js";

/** Name of a browser, and what stands before its version; the first that fits is it. */
const BROWSERS: readonly [name: string, version: RegExp][] = [
  ["Opera", /(?:OPR|OPiOS|Opera)\/(\d+)/],
  ["Microsoft Edge", /Edg(?:e|A|iOS)?\/(\d+)/],
  ["Samsung Internet", /SamsungBrowser\/(\d+)/],
  ["Firefox iOS", /FxiOS\/(\d+)/],
  ["Chrome iOS", /CriOS\/(\d+)/],
  ["Firefox", /Firefox\/(\d+)/],
  ["Chrome", /Chrom(?:e|ium)\/(\d+)/],
  ["Mobile Safari", /Version\/(\d+).*Mobile.*Safari/],
  ["Safari", /Version\/(\d+).*Safari/],
];

/** Name of a system, and what stands before its version. */
const SYSTEMS: readonly [name: string, version: RegExp][] = [
  ["iOS", /(?:iPhone|iPad|iPod).*? OS ([\d_]+)/],
  ["Windows", /Windows NT ([\d.]+)/],
  ["Android", /Android ?([\d.]*)/],
  ["Chrome OS", /CrOS \w+ ([\d.]+)/],
  ["Mac OS X", /Mac OS X ([\d_.]+)/],
  ["Linux", /Linux()/],
];

function firstOf(
  list: readonly [name: string, version: RegExp][],
  text: string,
): [name?: string, version?: string | undefined] {
  for (const [name, pattern] of list) {
    const found = pattern.exec(text);
    if (found) return [name, found[1]?.replace(/_/g, ".") || undefined];
  }
  return [];
}

/** What a user agent says of browser, system and kind of device. */
export function readUserAgent(agent: string, touchPoints = 0): Record<string, unknown> {
  const [$browser, version] = firstOf(BROWSERS, agent);
  let [$os, $os_version] = firstOf(SYSTEMS, agent);
  // An iPad asks for desktop pages under the name of a Mac, and is the only one that can be touched.
  const isPad = $os === "Mac OS X" && touchPoints > 1;
  if (isPad) [$os, $os_version] = ["iOS", undefined];
  const isTablet = isPad || /iPad|Tablet|Android(?!.*Mobile)/.test(agent);
  const $device_type = isTablet ? "Tablet" : /Mobi|iPhone|iPod/.test(agent) ? "Mobile" : "Desktop";
  return { $browser, $browser_version: version ? Number(version) : undefined, $os, $os_version, $device_type };
}

let constant: Record<string, unknown> | undefined;

function readOnce(): Record<string, unknown> {
  const { userAgent, language, maxTouchPoints } = navigator;
  return {
    ...readUserAgent(userAgent, maxTouchPoints),
    $browser_language: language,
    $screen_width: screen.width,
    $screen_height: screen.height,
    // Asking for it makes the browser lay the page out, so it is the size at the first event.
    $viewport_width: innerWidth,
    $viewport_height: innerHeight,
    $timezone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

/** The browser's properties of an event. A page that has replaced what is read here goes without. */
export function environment(): Readonly<Record<string, unknown>> {
  try {
    constant ??= readOnce();
    return constant;
  } catch {
    return {};
  }
}

/** The campaign that an address names: utm_* and click ids. */
export function campaign(url: string): Record<string, string> {
  const query = new URLSearchParams(url.split("?")[1]);
  return Object.fromEntries([...query].filter(([name, value]) => QUERY_KEYS.includes(name) && value !== ""));
}
