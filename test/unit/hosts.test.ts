// The allow-list of website hosts: the normal form of patterns and of URLs, and which hosts a pattern allows.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostAllowed, normalizeHosts, parseHostPattern, websiteHost } from "../../src/tenants/hosts.ts";

/** Ends in a label of letters: URL parsers read a name that ends in digits as an IPv4 address. */
const names = fc
  .tuple(
    fc.array(fc.stringMatching(/^[a-z0-9]{1,10}$/), { minLength: 1, maxLength: 4 }),
    fc.stringMatching(/^[a-z]{2,6}$/),
  )
  .map(([labels, top]) => [...labels, top].join("."));

/** 253 characters: three labels of 63 and one of 61. */
const LONGEST_NAME = `${`${"a".repeat(63)}.`.repeat(3)}${"b".repeat(61)}`;

describe("parseHostPattern()", () => {
  it.each([
    ["*", "*"],
    ["shop.example", "shop.example"],
    ["Shop.EXAMPLE", "shop.example"],
    ["shop.example.", "shop.example"],
    ["*.shop.example", "*.shop.example"],
    ["*.Shop.Example.", "*.shop.example"],
    ["*.com", "*.com"],
    ["localhost", "localhost"],
    ["my_shop.example", "my_shop.example"],
    ["r3---sn.example", "r3---sn.example"],
    ["bücher.example", "xn--bcher-kva.example"],
    ["*.BÜCHER.example", "*.xn--bcher-kva.example"],
    ["例え。テスト", "xn--r8jz45g.xn--zckzah"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.7.", "192.0.2.7"],
    ["0x7f.1", "127.0.0.1"],
    ["2130706433", "127.0.0.1"],
    ["010.0.0.1", "8.0.0.1"],
    ["[::1]", "[::1]"],
    ["[2001:DB8:0:0::1]", "[2001:db8::1]"],
    ["[::ffff:192.0.2.1]", "[::ffff:c000:201]"],
    [LONGEST_NAME, LONGEST_NAME],
    [`${LONGEST_NAME}.`, LONGEST_NAME],
  ])("returns the normal form of %j: %j", (text, expected) => {
    expect(parseHostPattern(text)).toBe(expected);
  });

  it.each([
    "",
    ".",
    "..",
    "*.",
    "*..",
    "*..example",
    "**",
    "**.example",
    "*shop.example",
    "*.*.example",
    "shop.*.example",
    "shop.*",
    "＊.example",
    ".example",
    "shop..example",
    "shop.example..",
    "shop.example:443",
    "https://shop.example",
    "//shop.example",
    "shop.example/",
    "shop.example/path",
    "shop.example\\path",
    "shop.example?x",
    "shop.example#x",
    "user@shop.example",
    "user:pass@shop.example",
    " shop.example",
    "shop.example ",
    "shop example",
    "shop\t.example",
    "shop.example\n",
    "shop\u3000.example",
    "shop\u0000.example",
    "sh%6Fp.example",
    "shop!.example",
    "shop,other.example",
    "*.192.0.2.7",
    "*.7",
    "*.0x7f",
    "*.[::1]",
    "256.1.1.1",
    "1.2.3.4.5",
    "[::1",
    "::1",
    "[::1]:80",
    "[::1].",
    "[fe80::1%eth0]",
    "[:::1]",
    "[shop.example]",
    `${"a".repeat(64)}.example`,
    `a${LONGEST_NAME}`,
    `*.${LONGEST_NAME}`,
    "a.".repeat(500_000),
  ])("returns null for %j", (text) => {
    expect(parseHostPattern(text)).toBeNull();
  });

  it("returns a normal form unchanged", () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.string({ unit: "binary", maxLength: 12 })), (text) => {
        const once = parseHostPattern(text);
        if (once !== null) expect(parseHostPattern(once)).toBe(once);
      }),
    );
  });
});

describe("normalizeHosts()", () => {
  it("accepts an empty list", () => {
    expect(normalizeHosts([])).toEqual({ ok: true, hosts: [] });
  });

  it("removes repeats after normalizing, and keeps the order", () => {
    expect(normalizeHosts(["b.example", "A.example", "b.EXAMPLE.", "*.a.example", "a.example"])).toEqual({
      ok: true,
      hosts: ["b.example", "a.example", "*.a.example"],
    });
    expect(normalizeHosts(["*", "*"])).toEqual({ ok: true, hosts: ["*"] });
  });

  it("returns the index of the first invalid pattern", () => {
    expect(normalizeHosts(["a.example", "no host", "**"])).toMatchObject({ ok: false, index: 1 });
  });

  it("rejects `*` beside other patterns at any index", () => {
    expect(normalizeHosts(["*", "a.example"])).toMatchObject({ ok: false, index: 0 });
    expect(normalizeHosts(["a.example", "b.example", "*"])).toMatchObject({ ok: false, index: 2 });
  });

  it("accepts 1,000 patterns and rejects 1,001", () => {
    const patterns = Array.from({ length: 1001 }, (_, i) => `host${i}.example`);
    expect(normalizeHosts(patterns.slice(0, 1000))).toMatchObject({ ok: true });
    expect(normalizeHosts(patterns)).toMatchObject({ ok: false, index: 1000 });
  });
});

describe("websiteHost()", () => {
  it.each([
    ["https://shop.example", "shop.example"],
    ["http://shop.example/login?next=/", "shop.example"],
    ["HTTPS://SHOP.Example:8443/x", "shop.example"],
    ["https://shop.example./", "shop.example"],
    ["https://shop.example.:443/", "shop.example"],
    ["https://shop.example?x", "shop.example"],
    ["https://shop.example#x", "shop.example"],
    ["https://shop.example/a@b", "shop.example"],
    ["https://shop.example/a\\b c", "shop.example"],
    ["https://user:pass@shop.example/", "shop.example"],
    ["https://good.example@evil.example/", "evil.example"],
    ["https://good.example:pass@evil.example/", "evil.example"],
    ["https://good.example%40evil.example/", null],
    ["https://evil.example/#@good.example", "evil.example"],
    ["https://evil.example/?@good.example", "evil.example"],
    ["https://bücher.example/", "xn--bcher-kva.example"],
    ["https://xn--bcher-kva.example/", "xn--bcher-kva.example"],
    ["https://sh%6Fp.example/", "shop.example"],
    ["http://127.1/", "127.0.0.1"],
    ["http://0x7f000001/", "127.0.0.1"],
    ["http://127.0.0.1./", "127.0.0.1"],
    ["http://[2001:DB8::0:1]:8080/", "[2001:db8::1]"],
    ["http://localhost:3000/", "localhost"],
    [`https://shop.example/${"a".repeat(100_000)}`, "shop.example"],
  ])("returns the host of %j: %j", (url, expected) => {
    expect(websiteHost(url)).toBe(expected);
  });

  it.each([
    "",
    "shop.example",
    "//shop.example/",
    "/path",
    "ftp://shop.example/",
    "ws://shop.example/",
    "file:///etc/passwd",
    "javascript:alert(1)//https://shop.example",
    "data:text/html,x",
    "about:blank",
    "https://",
    "https:///",
    "https://.",
    "https://../",
    "https://...",
    "https://.shop.example/",
    "https://shop..example/",
    "https://shop.example../",
    "https://*.shop.example/",
    "https://*/",
    "https://shop.example:99999/",
    "https://shop example/",
    "https://[::1/",
    "https://1.2.3.4.5/",
    `https://a${LONGEST_NAME}/`,
  ])("returns null for %j", (url) => {
    expect(websiteHost(url)).toBeNull();
  });

  it.each([
    "https:shop.example",
    "https:/shop.example",
    "https:///shop.example",
    "https:\\\\shop.example",
    "https://good.example\\@evil.example/",
    "https://evil.example\\.good.example/",
    "https://a@evil.example@good.example/",
    "https://good.exa\tmple/",
    "ht\ntps://good.example/",
    " https://good.example/",
    "\u0000https://good.example/",
    "https://@@good.example/",
  ])("returns null for %j, because parsers can disagree about its host", (url) => {
    expect(websiteHost(url)).toBeNull();
  });

  it("returns null or a pattern in normal form for any text", () => {
    const urls = fc.oneof(
      fc.webUrl(),
      fc.string({ unit: "binary" }),
      fc.string({ unit: "binary" }).map((rest) => `https://${rest}`),
    );
    fc.assert(
      fc.property(urls, (url) => {
        const host = websiteHost(url);
        if (host !== null) expect(parseHostPattern(host)).toBe(host);
      }),
    );
  });
});

describe("hostAllowed()", () => {
  it.each([
    ["shop.example", ["shop.example"], true],
    ["www.shop.example", ["shop.example"], false],
    ["www.shop.example", ["*.shop.example"], true],
    ["a.b.c.shop.example", ["*.shop.example"], true],
    ["shop.example", ["*.shop.example"], false],
    ["shop.example", ["shop.example", "*.shop.example"], true],
    ["evilshop.example", ["shop.example", "*.shop.example"], false],
    ["shop.example.evil.example", ["shop.example", "*.shop.example"], false],
    ["example", ["*.example"], false],
    [".shop.example", ["*.shop.example"], false],
    ["anything.example", ["*"], true],
    ["192.0.2.7", ["192.0.2.7"], true],
    ["192.0.2.70", ["192.0.2.7"], false],
    ["[::1]", ["[::1]"], true],
    ["[::1]", ["*"], true],
    ["", ["*"], false],
    ["", [""], false],
    ["*", ["a.example"], false],
  ])("compares %j with %j: %s", (host, patterns, expected) => {
    expect(hostAllowed(host, patterns)).toBe(expected);
  });

  it("allows no host with an empty list", () => {
    fc.assert(fc.property(names, (host) => !hostAllowed(host, [])));
  });

  it("allows only its host with an exact pattern", () => {
    fc.assert(
      fc.property(names, names, (host, other) => {
        expect(hostAllowed(host, [host])).toBe(true);
        expect(hostAllowed(other, [host])).toBe(other === host);
      }),
    );
  });

  it("allows any depth below the suffix with a suffix pattern, but neither the suffix nor a longer label", () => {
    fc.assert(
      fc.property(names, names, (below, suffix) => {
        expect(hostAllowed(`${below}.${suffix}`, [`*.${suffix}`])).toBe(true);
        expect(hostAllowed(suffix, [`*.${suffix}`])).toBe(false);
        expect(hostAllowed(`x${suffix}`, [`*.${suffix}`])).toBe(false);
      }),
    );
  });

  it("ignores case, port and a trailing dot of the URL", () => {
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 65535 }), fc.constantFrom("http", "HTTPS"), (name, port, scheme) => {
        const host = websiteHost(`${scheme}://${name.toUpperCase()}.:${port}/x`);
        expect(host).toBe(parseHostPattern(name));
      }),
    );
  });
});
