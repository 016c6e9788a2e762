// Where the page is, reduced to what analytics needs before anything is stored.
//
// The address of a booking's success page carries names, e-mail addresses, guests and payment secrets in its query. So
// only the origin, the path and an allow-list of query keys are kept; never the fragment, never credentials.

import { replaceEmails } from "./emails.js";
import { QUERY_KEYS } from "./query-keys.js";

/**
 * Origin, path and allowed query of an absolute http(s) URL, e-mail addresses replaced. Empty for any other address,
 * whose text (`file:` paths, `data:` bodies) says more than it should.
 */
export function reduceAddress(href: string): string {
  const [, origin, address = "/", query = ""] =
    /^(https?:\/\/)(?:[^/?#]*@)?([^/?#]+(?:\/[^?#]*)?)(?:\?([^#]*))?/.exec(href) ?? [];
  if (!origin) return "";
  const kept = query.split("&").filter((pair) => QUERY_KEYS.includes(pair.split("=", 1)[0] ?? ""));
  const path = address.includes("/") ? address : `${address}/`;
  return replaceEmails(origin + path + (kept.length > 0 ? `?${kept.join("&")}` : ""));
}

/** The page's address and where its visitor came from, reduced. */
export interface PageAddress {
  readonly url: string;
  readonly referrer: string;
}

let known = { href: "", referrer: "" };
let reduced: PageAddress = { url: "", referrer: "" };

/** The address of a page, reduced. The same object as before, while the page has not moved. */
export function addressOf(href: string, referrer: string): PageAddress {
  if (href !== known.href || referrer !== known.referrer) {
    known = { href, referrer };
    reduced = { url: reduceAddress(href), referrer: reduceAddress(referrer) };
  }
  return reduced;
}

/** The address of the page as it is now. */
export const pageAddress = (): PageAddress => addressOf(location.href, document.referrer);
