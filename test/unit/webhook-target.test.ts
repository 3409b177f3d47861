// Webhook targets: https to public hosts only, whatever the form of an address.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkWebhookTarget } from "../../src/webhooks/target.ts";

const STRICT = { allowPrivate: false };
const LOCAL = { allowPrivate: true };

function urlOfLength(length: number): string {
  return "https://hooks.example/".padEnd(length, "a");
}

describe("checkWebhookTarget() for public targets", () => {
  it.each([
    ["https://hooks.example/in", "https://hooks.example/in"],
    ["https://hooks.example", "https://hooks.example/"],
    ["HTTPS://Hooks.Example/In", "https://hooks.example/In"],
    ["https://hooks.example./in", "https://hooks.example./in"],
    ["https://hooks.example:443/in", "https://hooks.example/in"],
    ["https://hooks.example:1024/in", "https://hooks.example:1024/in"],
    ["https://hooks.example:8443/in?a=b#c", "https://hooks.example:8443/in?a=b#c"],
    ["https://hooks.example:65535/", "https://hooks.example:65535/"],
    ["https://bücher.example/", "https://xn--bcher-kva.example/"],
    ["https://hooks.example/a b", "https://hooks.example/a%20b"],
    ["https:\\\\hooks.example\\in", "https://hooks.example/in"],
    ["https://@hooks.example/in", "https://hooks.example/in"],
    ["https://hooks.example/user:pass@x", "https://hooks.example/user:pass@x"],
    ["https://localhost.example/", "https://localhost.example/"],
    ["https://mylocalhost.example/", "https://mylocalhost.example/"],
    ["https://internal.example/", "https://internal.example/"],
    ["https://notlocal.example/", "https://notlocal.example/"],
    ["https://arpa.example/", "https://arpa.example/"],
    ["https://10.0.0.1.example/", "https://10.0.0.1.example/"],
    ["https://1.1.1.1/", "https://1.1.1.1/"],
    ["https://203.0.113.1/", "https://203.0.113.1/"],
    ["https://[2001:db8::1]/", "https://[2001:db8::1]/"],
    ["https://8.8.8.8:8443/", "https://8.8.8.8:8443/"],
    ["https://100.63.255.255/", "https://100.63.255.255/"],
    ["https://172.32.0.0/", "https://172.32.0.0/"],
    ["https://192.169.0.0/", "https://192.169.0.0/"],
    ["https://198.20.0.0/", "https://198.20.0.0/"],
    ["https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]/"],
    ["https://[2001:4860:4860:0:0:0:0:8888]:8443/", "https://[2001:4860:4860::8888]:8443/"],
    ["https://[2001:db7:ffff::1]/", "https://[2001:db7:ffff::1]/"],
    ["https://[2003::1]/", "https://[2003::1]/"],
    ["https://[2a00:1450:4001:81b:0:0:0:200e]/", "https://[2a00:1450:4001:81b::200e]/"],
    [urlOfLength(2048), urlOfLength(2048)],
  ])("accepts %j", (url, expected) => {
    expect(checkWebhookTarget(url, STRICT)).toEqual({ ok: true, url: expected });
  });
});

/** Each with a word of the message. */
const REJECTED_EVERYWHERE: readonly (readonly [url: string, rule: string])[] = [
  ["ftp://hooks.example/", "https"],
  ["ws://hooks.example/", "https"],
  ["file:///etc/passwd", "https"],
  ["javascript:alert(1)", "https"],
  ["data:text/plain,x", "https"],
  ["mailto:a@hooks.example", "https"],
  ["blob:https://hooks.example/x", "https"],
  ["https://user@hooks.example/", "credentials"],
  ["https://user:pass@hooks.example/", "credentials"],
  ["https://:pass@hooks.example/", "credentials"],
  ["https://good.example@localhost/", "credentials"],
  [urlOfLength(2049), "longer than 2048"],
  [`https://hooks.example/${"ü".repeat(1000)}`, "longer than 2048"],
  [`https://hooks.example/${"x".repeat(5_000_000)}`, "longer than 2048"],
];

const REJECTED_UNLESS_LOCAL: readonly (readonly [url: string, rule: string])[] = [
  ["http://hooks.example/", "https"],
  ["http://hooks.example:443/", "https"],
  ["https://hooks.example:80/", "port"],
  ["https://hooks.example:22/", "port"],
  ["https://hooks.example:0/", "port"],
  ["https://hooks.example:442/", "port"],
  ["https://hooks.example:1023/", "port"],
  ["https://localhost/", "localhost"],
  ["https://LOCALHOST:8443/", "localhost"],
  ["https://localhost./", "localhost"],
  ["https://localhost../", "empty labels"],
  ["https://a.b.localhost/", "localhost"],
  ["https://a.localhost./", "localhost"],
  ["https://%6Cocalhost/", "localhost"],
  ["https://ｌｏｃａｌｈｏｓｔ/", "localhost"],
  ["https://printer.local/", "local"],
  ["https://printer.local./", "local"],
  ["https://local/", "local"],
  ["https://metadata.google.internal/", "internal"],
  ["https://metadata.google.internal./", "internal"],
  ["https://nas.home.arpa/", "home.arpa"],
  ["https://home.arpa/", "home.arpa"],
  ["https://home.arpa./", "home.arpa"],
  ["https://intranet/", "single-label"],
  ["https://intranet./", "single-label"],
  ["https://com/", "single-label"],
  ["https://./", "empty labels"],
  ["https://hooks..example/", "empty labels"],
  ["https://127.0.0.1../", "empty labels"],
  ["https://0.0.0.0/", "unspecified"],
  ["https://0.1.2.3/", "unspecified"],
  ["https://0/", "unspecified"],
  ["https://10.255.255.255/", "private"],
  ["https://100.127.255.255/", "shared"],
  ["https://127.0.0.1/", "loopback"],
  ["https://127.0.0.1./", "loopback"],
  ["https://127.1/", "loopback"],
  ["https://2130706433/", "loopback"],
  ["https://0x7f000001/", "loopback"],
  ["https://0x7f.0.0.1/", "loopback"],
  ["https://0177.0.0.1/", "loopback"],
  ["https://017700000001/", "loopback"],
  ["https://①②⑦.0.0.1/", "loopback"],
  ["https://127。0。0。1/", "loopback"],
  ["https://169.254.169.254/latest/meta-data", "link-local"],
  ["https://2852039166/", "link-local"],
  ["https://172.31.255.255/", "private"],
  ["https://192.0.0.1/", "reserved"],
  ["https://192.88.99.1/", "reserved"],
  ["https://192.168.255.255/", "private"],
  ["https://198.19.255.255/", "reserved"],
  ["https://239.255.255.255/", "multicast"],
  ["https://255.255.255.255/", "reserved"],
  ["https://[::]/", "unspecified"],
  ["https://[0:0:0:0:0:0:0:0]/", "unspecified"],
  ["https://[::1]/", "loopback"],
  ["https://[0:0:0:0:0:0:0:1]:8443/", "loopback"],
  ["https://[::2]/", "reserved"],
  ["https://[::127.0.0.1]/", "reserved"],
  ["https://[::ffff:127.0.0.1]/", "IPv4-mapped"],
  ["https://[::ffff:8.8.8.8]/", "IPv4-mapped"],
  ["https://[0:0:0:0:0:ffff:7f00:1]/", "IPv4-mapped"],
  ["https://[::ffff:0:127.0.0.1]/", "reserved"],
  ["https://[64:ff9b::8.8.8.8]/", "NAT64"],
  ["https://[64:ff9b::a00:1]/", "NAT64"],
  ["https://[64:ff9b:1::1]/", "NAT64"],
  ["https://[64:ff9b:1:ffff::1]/", "NAT64"],
  ["https://[100::1]/", "reserved"],
  ["https://[2001::1]/", "reserved"],
  ["https://[2001:0:ffff::1]/", "reserved"],
  ["https://[2001:2::1]/", "benchmarking"],
  ["https://[2001:20::1]/", "reserved"],
  ["https://[2002:808:808::1]/", "6to4"],
  ["https://[2002:7f00:1::]/", "6to4"],
  ["https://[4000::1]/", "reserved"],
  ["https://[fc00::1]/", "unique-local"],
  ["https://[fd12:3456:789a::1]/", "unique-local"],
  ["https://[FDFF:FFFF::1]/", "unique-local"],
  ["https://[fe80::1]/", "link-local"],
  ["https://[febf:ffff::1]/", "link-local"],
  ["https://[fec0::1]/", "reserved"],
  ["https://[feff::1]/", "reserved"],
  ["https://[ff02::1]/", "multicast"],
  ["https://[ff0e::1]/", "multicast"],
];

describe("checkWebhookTarget() for other targets", () => {
  it.each([...REJECTED_EVERYWHERE, ...REJECTED_UNLESS_LOCAL].map(([url, rule]) => [url.slice(0, 60), rule, url]))(
    "rejects %j with a message that contains %j",
    (_, rule, url) => {
      expect(checkWebhookTarget(url, STRICT)).toEqual({
        ok: false,
        reason: "not_allowed",
        message: expect.stringContaining(rule),
      });
    },
  );

  it("rejects every form of an address of a private network", () => {
    const octet = fc.nat(255);
    fc.assert(
      fc.property(octet, octet, octet, (a, b, c) => {
        const number = 10 * 2 ** 24 + a * 2 ** 16 + b * 2 ** 8 + c;
        const writings = [
          `10.${a}.${b}.${c}`,
          `${number}`,
          `0x${number.toString(16)}`,
          `0${number.toString(8)}`,
          `012.${a}.${b * 256 + c}`,
          `[::ffff:10.${a}.${b}.${c}]`,
          `[64:ff9b::10.${a}.${b}.${c}]`,
          `[::10.${a}.${b}.${c}]`,
          `[2002:${number
            .toString(16)
            .padStart(8, "0")
            .replace(/(.{4})/, "$1:")}::]`,
        ];
        for (const host of writings) expect(checkWebhookTarget(`https://${host}/`, STRICT).ok).toBe(false);
      }),
    );
  });

  it("rejects every IPv6 address outside global unicast", () => {
    const group = fc.nat(0xffff);
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const first = groups[0] ?? 0;
        fc.pre(first < 0x2000 || first > 0x3fff);
        const host = `[${groups.map((value) => value.toString(16)).join(":")}]`;
        expect(checkWebhookTarget(`https://${host}/`, STRICT)).toMatchObject({ ok: false, reason: "not_allowed" });
      }),
    );
  });
});

describe("checkWebhookTarget() for strings that are not URLs", () => {
  it.each([
    "",
    "hooks.example",
    "/in",
    "//hooks.example/in",
    "https://",
    "https:///",
    "https://hooks example/",
    "https://hooks.example:99999/",
    "https://hooks.example:port/",
    "https://1.2.3.4.5/",
    "https://256.0.0.1/",
    "https://[::1/",
    "https://[fe80::1%25eth0]/",
    "https://hooks.exa<mple/",
  ])("rejects %j as not a URL, also in local development", (url) => {
    for (const options of [STRICT, LOCAL]) {
      expect(checkWebhookTarget(url, options)).toMatchObject({ ok: false, reason: "not_a_url" });
    }
  });
});

describe("checkWebhookTarget() in local development", () => {
  it.each(REJECTED_UNLESS_LOCAL.map(([url]) => url))("accepts %j", (url) => {
    expect(checkWebhookTarget(url, LOCAL)).toEqual({ ok: true, url: new URL(url).href });
  });

  it.each(REJECTED_EVERYWHERE.map(([url, rule]) => [url.slice(0, 60), rule, url]))(
    "rejects %j, too, with a message that contains %j",
    (_, rule, url) => {
      expect(checkWebhookTarget(url, LOCAL)).toMatchObject({
        ok: false,
        reason: "not_allowed",
        message: expect.stringContaining(rule),
      });
    },
  );
});

describe("checkWebhookTarget() for any URL", () => {
  it("never throws, and accepts an accepted URL again unchanged", () => {
    const urls = fc.oneof(
      fc.webUrl(),
      fc.string({ unit: "binary" }),
      fc.string({ unit: "binary" }).map((rest) => `https://${rest}`),
      fc.ipV6().map((address) => `https://[${address}]/`),
      fc.ipV4Extended().map((address) => `https://${address}/`),
    );
    fc.assert(
      fc.property(urls, fc.boolean(), (url, allowPrivate) => {
        const result = checkWebhookTarget(url, { allowPrivate });
        if (result.ok) expect(checkWebhookTarget(result.url, { allowPrivate })).toEqual(result);
      }),
    );
  });

  it("accepts in local development what it accepts elsewhere", () => {
    fc.assert(
      fc.property(fc.webUrl({ validSchemes: ["https"] }), (url) => {
        const result = checkWebhookTarget(url, STRICT);
        if (result.ok) expect(checkWebhookTarget(url, LOCAL)).toEqual(result);
      }),
    );
  });
});
