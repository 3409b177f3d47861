// JSON with task ids of any length, and strict UTF-8.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeUtf8, parseJson } from "../../src/json.ts";

describe("parseJson()", () => {
  it.each([
    ["a small number", "7", 7],
    ["the largest safe integer", "9007199254740991", Number.MAX_SAFE_INTEGER],
    ["the first unsafe integer", "9007199254740992", 9_007_199_254_740_992n],
    ["an integer that a number would round", "9007199254740993", 9_007_199_254_740_993n],
    [
      "an integer of forty digits",
      "1234567890123456789012345678901234567890",
      1234567890123456789012345678901234567890n,
    ],
    ["a negative one", "-9007199254740993", -9_007_199_254_740_993n],
    ["a fraction", "7.5", 7.5],
    ["a number with an exponent", "1e30", 1e30],
    ["text", '"61138bb6-19fb-11ec-a9c8-0242ac110006"', "61138bb6-19fb-11ec-a9c8-0242ac110006"],
    ["digits as text", '"9007199254740993"', "9007199254740993"],
    ["null", "null", null],
  ])("keeps a taskId that is %s", (_name, source, expected) => {
    expect(parseJson(`{"errorId":0,"taskId":${source}}`)).toStrictEqual({ errorId: 0, taskId: expected });
  });

  it("keeps every digit of an id", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 60n }), (id) => {
        expect(String(Object.values(Object(parseJson(`{"taskId":${id}}`)))[0])).toBe(String(id));
      }),
    );
  });

  it("leaves every other number to JSON.parse", () => {
    expect(parseJson('{"other":9007199254740993,"list":[9007199254740993]}')).toStrictEqual({
      other: 9_007_199_254_740_992,
      list: [9_007_199_254_740_992],
    });
  });

  it("returns otherwise the same as JSON.parse", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(text)).toStrictEqual(JSON.parse(text));
      }),
    );
  });

  it.each(["", "{", "{'a':1}", "[1,]", "undefined", "NaN", "{} {}", '{"taskId":0123}', '{"taskId":1n}'])(
    "rejects %j with a SyntaxError, as JSON.parse does",
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    },
  );
});

describe("decodeUtf8()", () => {
  it("decodes bytes or a buffer in any script", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const bytes = new TextEncoder().encode(text);
        expect(decodeUtf8(bytes)).toBe(text.replace(/^\uFEFF/, ""));
        expect(decodeUtf8(bytes.slice().buffer)).toBe(text.replace(/^\uFEFF/, ""));
      }),
    );
  });

  it("removes a byte order mark at the start", () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d))).toBe("{}");
  });

  it.each([
    ["a lone continuation byte", [0x80]],
    ["a sequence cut off", [0xe2, 0x82]],
    ["an overlong form", [0xc0, 0xaf]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["a code point beyond Unicode", [0xf4, 0x90, 0x80, 0x80]],
    ["Latin-1", [0x63, 0x61, 0x66, 0xe9]],
  ])("throws a TypeError for %s", (_name, bytes) => {
    expect(() => decodeUtf8(Uint8Array.from(bytes))).toThrow(TypeError);
  });
});
