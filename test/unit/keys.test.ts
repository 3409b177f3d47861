// API keys: created keys parse, mistyped ones do not, and no input throws or takes long.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  crc32,
  equalInConstantTime,
  hashKey,
  KEY_ENTROPY_BYTES,
  type KeyMode,
  mintKey,
  parseKey,
  TENANT_ID_PATTERN,
} from "../../src/tenants/keys.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const modes = fc.constantFrom<KeyMode>("live", "test");
const tenantIds = fc.stringMatching(/^[a-z0-9][a-z0-9-]{1,30}$/);
const entropy = fc
  .uint8Array({ minLength: KEY_ENTROPY_BYTES, maxLength: KEY_ENTROPY_BYTES })
  .filter((bytes) => bytes.filter((byte) => byte < 248).length >= 32);

/** Bytes 0, 1, 2 …: the secret is then the alphabet's beginning. */
function countingBytes(length = KEY_ENTROPY_BYTES): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i);
}

function aKey(): string {
  return mintKey("live", "acme", countingBytes());
}

describe("mintKey()", () => {
  it("returns a prefix, the mode, the tenant, 32 characters of secret and 6 of checksum", () => {
    expect(aKey()).toMatch(/^sg_live_acme_0123456789ABCDEFGHIJKLMNOPQRSTUV[0-9A-Za-z]{6}$/);
  });

  it("ends with the CRC-32 of the rest in base62, padded on the left", () => {
    const key = aKey();
    const crc = crc32(new TextEncoder().encode(key.slice(0, -6)));
    const value = [...key.slice(-6)].reduce((sum, digit) => sum * 62 + BASE62.indexOf(digit), 0);
    expect(value).toBe(crc);
  });

  it("returns a key that parses to its mode and tenant", () => {
    fc.assert(
      fc.property(modes, tenantIds, entropy, (mode, tenantId, bytes) => {
        expect(parseKey(mintKey(mode, tenantId, bytes))).toEqual({ mode, tenantId });
      }),
    );
  });

  it("skips bytes that would bias the alphabet", () => {
    const biased = Uint8Array.from([255, 248, 251, ...countingBytes(32)]);
    expect(mintKey("live", "acme", biased)).toBe(aKey());
    const counts = new Map<string, number>();
    for (let byte = 0; byte < 256; byte++) {
      if (byte >= 248) continue;
      const secret = mintKey("live", "acme", new Uint8Array(32).fill(byte)).slice("sg_live_acme_".length, -6);
      counts.set(secret.charAt(0), (counts.get(secret.charAt(0)) ?? 0) + 1);
    }
    expect(counts.size).toBe(62);
    expect(new Set(counts.values())).toEqual(new Set([4]));
  });

  it.each([
    ["no bytes", new Uint8Array(0)],
    ["31 bytes", countingBytes(31)],
    ["only biased bytes", new Uint8Array(KEY_ENTROPY_BYTES).fill(255)],
  ])("throws a RangeError for too few random bytes: %s", (_, bytes) => {
    expect(() => mintKey("live", "acme", bytes)).toThrow(RangeError);
  });

  it.each(["", "a", "-acme", "Acme", "ac_me", "acme\n", "a".repeat(32), "ac.me", "acmé"])(
    "throws a RangeError for %j, which is not a tenant id",
    (tenantId) => {
      expect(TENANT_ID_PATTERN.test(tenantId)).toBe(false);
      expect(() => mintKey("live", tenantId, countingBytes())).toThrow(RangeError);
    },
  );

  it.each(["ab", "a-", "0-0", "acme-eu-1", "a".repeat(31)])("accepts the tenant id %j", (tenantId) => {
    expect(TENANT_ID_PATTERN.test(tenantId)).toBe(true);
    expect(parseKey(mintKey("test", tenantId, countingBytes()))).toEqual({ mode: "test", tenantId });
  });
});

describe("parseKey()", () => {
  it("returns null if any character is replaced", () => {
    const key = aKey();
    for (let i = 0; i < key.length; i++) {
      for (const wrong of `${BASE62}-_ `) {
        if (wrong === key.charAt(i)) continue;
        expect(parseKey(key.slice(0, i) + wrong + key.slice(i + 1))).toBeNull();
      }
    }
  });

  it("returns null if two characters are swapped, or one is missing or doubled", () => {
    const key = mintKey(
      "test",
      "shop-9",
      Uint8Array.from(countingBytes(), (byte) => (byte * 37) % 248),
    );
    for (let i = 0; i < key.length - 1; i++) {
      const [left, right] = [key.charAt(i), key.charAt(i + 1)];
      expect(parseKey(key.slice(0, i) + key.slice(i + 1))).toBeNull();
      expect(parseKey(key.slice(0, i) + left + key.slice(i))).toBeNull();
      if (left !== right) expect(parseKey(key.slice(0, i) + right + left + key.slice(i + 2))).toBeNull();
    }
  });

  it("returns null if the mode or the tenant is changed", () => {
    expect(parseKey(aKey().replace("live", "test"))).toBeNull();
    expect(parseKey(aKey().replace("acme", "acne"))).toBeNull();
  });

  it.each([
    "",
    "sg",
    "sg_live_acme_",
    "sg_live__0123456789ABCDEFGHIJKLMNOPQRSTUV000000",
    ` ${aKey()}`,
    `${aKey()} `,
    `${aKey()}\n`,
    `Bearer ${aKey()}`,
    aKey().toUpperCase(),
    aKey().replace("sg_", "sk_"),
    "\u0000".repeat(60),
    "\ud800",
  ])("returns null for %j", (text) => {
    expect(parseKey(text)).toBeNull();
  });

  it("does not throw for any text", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^sg_(live|test)_[a-z_]*$/)), (text) => {
        expect(parseKey(text)).toBeNull();
      }),
    );
  });

  it("rejects huge input without reading it", () => {
    for (const text of ["a".repeat(5_000_000), `sg_live_${"a-".repeat(2_500_000)}`, aKey() + "0".repeat(5_000_000)]) {
      for (let i = 0; i < 1000; i++) expect(parseKey(text)).toBeNull();
    }
  });
});

describe("crc32()", () => {
  it.each([
    ["", 0],
    ["123456789", 0xcbf43926],
    ["a", 0xe8b7be43],
    ["The quick brown fox jumps over the lazy dog", 0x414fa339],
  ])("returns the published value of %j", (text, expected) => {
    expect(crc32(new TextEncoder().encode(text))).toBe(expected);
  });
});

describe("hashKey()", () => {
  it("returns SHA-256 in lower-case hex", async () => {
    expect(await hashKey("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(await hashKey("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });

  it("returns different hashes for different keys", async () => {
    expect(await hashKey(aKey())).not.toBe(await hashKey(aKey().replace("live", "test")));
  });
});

describe("equalInConstantTime()", () => {
  it("agrees with equality for any lengths", () => {
    const text = fc.string({ unit: "binary", maxLength: 8 });
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(equalInConstantTime(a, b)).toBe(a === b);
        expect(equalInConstantTime(a, a)).toBe(true);
        expect(equalInConstantTime(a, a + b)).toBe(b === "");
        expect(equalInConstantTime(a + b, a)).toBe(b === "");
      }),
    );
  });

  it.each([
    ["", "", true],
    ["", "a", false],
    ["a", "", false],
    ["abab", "ab", false],
    ["ab", "abab", false],
    ["\u0000", "", false],
    ["", "\u0000", false],
    ["abc", "abd", false],
    ["xbc", "abc", false],
  ])("compares %j and %j as %s", (a, b, expected) => {
    expect(equalInConstantTime(a, b)).toBe(expected);
  });
});
