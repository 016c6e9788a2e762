import assert from "node:assert/strict";
import { test } from "node:test";

import { pageAddress, reduceAddress } from "../src/page-address.js";
import { QUERY_KEYS } from "../src/query-keys.js";
import { readFixture } from "./repository.js";

for (const [address, reduced] of readFixture<[string, string][]>("page-urls.json")) {
  test(`the address ${JSON.stringify(address)} is reduced to ${JSON.stringify(reduced)}`, () => {
    assert.equal(reduceAddress(address), reduced);
  });
}

test("an address that is reduced stays as it is", () => {
  for (const [, reduced] of readFixture<[string, string][]>("page-urls.json")) {
    assert.equal(reduceAddress(reduced), reduced);
  }
});

test("an address of any other scheme is not kept", () => {
  for (const scheme of ["ftp", "ws", "app", "capacitor", "httpss", "xhttps"]) {
    assert.equal(reduceAddress(`${scheme}://a.example/ada`), "", scheme);
  }
});

test("the query keys that stay are PostHog's campaign parameters and click ids, and no others", () => {
  const campaign = ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "gad_source", "mc_cid"];
  const google = ["gclid", "gclsrc", "dclid", "gbraid", "wbraid"];
  const social = ["fbclid", "msclkid", "twclid", "li_fat_id", "igshid", "ttclid", "rdt_cid", "epik", "qclid", "sccid"];
  const expected = [...campaign, ...google, ...social, "irclid", "_kx"];
  assert.deepEqual([...QUERY_KEYS].sort(), expected.sort());
});

test("every query key that stays does so with its value, and with an address in it replaced", () => {
  for (const key of QUERY_KEYS) {
    assert.equal(reduceAddress(`https://a.example/?x=1&${key}=v&y=2`), `https://a.example/?${key}=v`);
    assert.equal(reduceAddress(`https://a.example/?${key}=ada%40lovelace.org`), `https://a.example/?${key}=[email]`);
  }
});

test("the page's address is the same object until the page moves or its referrer changes", () => {
  const location = { href: "https://a.example/one?x=1#y" };
  const document = { referrer: "" };
  Object.defineProperty(globalThis, "location", { value: location, configurable: true });
  Object.defineProperty(globalThis, "document", { value: document, configurable: true });
  const first = pageAddress();
  assert.deepEqual(first, { url: "https://a.example/one", referrer: "" });
  assert.equal(pageAddress(), first);
  location.href = "https://a.example/two";
  const second = pageAddress();
  assert.deepEqual(second, { url: "https://a.example/two", referrer: "" });
  document.referrer = "https://b.example/?email=x";
  assert.deepEqual(pageAddress(), { url: "https://a.example/two", referrer: "https://b.example/" });
});
