// Removing the operator's keys from what an upstream sent: whole keys anywhere, long parts of them in prose, before anything is cut.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interpretCreate, interpretPoll } from "../../src/upstream/protocol.ts";
import { redactorOf } from "../../src/upstream/redact.ts";

const KEY = "9f4c1a7be2d84c53a06f1d2e3b4c5d6e7f8091";
const OTHER_KEY = 'key "of" the/second account \\ ü & more';
const redactor = redactorOf([KEY, OTHER_KEY]);
const raw = (body: object) => ({ status: 200, body: JSON.stringify(body), retryAfterMs: null });

/** The longest part of a key that a text shows. */
function longestPart(text: string, key: string): number {
  let longest = 0;
  for (let start = 0; start < key.length; start += 1) {
    for (let end = start + longest + 1; end <= key.length; end += 1) {
      if (text.includes(key.slice(start, end))) longest = end - start;
    }
  }
  return longest;
}

describe("text of an upstream", () => {
  it("shows no part of a key that crosses the 256th character", () => {
    for (let before = 200; before <= 256; before += 1) {
      const text = "x".repeat(before) + KEY;
      const outcome = interpretPoll(raw({ errorId: 1, errorCode: text, errorDescription: text }), redactor);
      expect(longestPart(JSON.stringify(outcome), KEY)).toBeLessThan(4);
    }
  });

  it("shows no part of a key longer than 11 characters, however the upstream cuts it", () => {
    fc.assert(
      fc.property(fc.nat(KEY.length), fc.nat(KEY.length), fc.string(), fc.string(), (a, b, before, after) => {
        const part = KEY.slice(Math.min(a, b), Math.max(a, b));
        expect(longestPart(redactor.prose(before + part + after), KEY)).toBeLessThan(12);
      }),
    );
  });

  it("shows no part of a key next to a character that is longer in lower case", () => {
    const key = "9F4C1A7BE2D84C53A06F1D2E3B4C5D6E7F8091";
    for (const text of [`İ ${key.slice(0, 20)}…`, `${key.slice(0, 20)}İ`, `İ ${key.slice(0, 20).toLowerCase()}`]) {
      expect(longestPart(redactorOf([key]).prose(text).toUpperCase(), key)).toBeLessThan(12);
    }
  });

  it("shows no part of a key however many keys stand before it", () => {
    for (const key of [KEY, OTHER_KEY, "0123456789abcdef".repeat(32)]) {
      const own = redactorOf([key]);
      const text = key.repeat(Math.ceil(70_000 / key.length));
      const outcome = interpretPoll(raw({ errorId: 1, errorCode: "ERROR_X", errorDescription: text }), own);
      expect(longestPart(JSON.stringify(outcome), key)).toBeLessThan(4);
    }
  });

  it("keeps the text around a key", () => {
    expect(redactor.prose(`Key ${KEY} is blocked, and ${KEY.toUpperCase()} too`)).toBe(
      "Key [removed] is blocked, and [removed] too",
    );
    expect(redactor.prose(`Key ${KEY.slice(0, 20)}… is blocked`)).toBe("Key [removed]… is blocked");
  });

  it.each([
    ["as it is", OTHER_KEY],
    ["escaped in JSON", JSON.stringify({ clientKey: OTHER_KEY })],
    ["with escaped slashes", JSON.stringify(OTHER_KEY).replaceAll("/", "\\/")],
    ["in a URL", `https://up.example/?key=${encodeURIComponent(OTHER_KEY)}`],
    ["in a form", `key=${new URLSearchParams({ a: OTHER_KEY }).toString().slice(2)}`],
    ["in HTML", `<b>${OTHER_KEY.replace("&", "&amp;").replaceAll('"', "&quot;")}</b>`],
    ["in base64", new TextEncoder().encode(OTHER_KEY).toBase64()],
  ])("shows no key of any account %s", (_form, text) => {
    expect(redactor.prose(text)).toContain("[removed]");
    expect(longestPart(redactor.prose(text), OTHER_KEY)).toBeLessThan(12);
  });

  it("shows no key of a transient error", () => {
    const body = { errorId: 1, errorCode: `busy ${KEY}` };
    const outcome = interpretCreate({ ...raw(body), status: 503 }, redactor);
    expect(outcome).toEqual({ tag: "transient", reason: "busy [removed]", retryAfterMs: null });
  });
});

describe("a solution", () => {
  it("shows no key in any string or field name at any depth", () => {
    const solution = {
      gRecaptchaResponse: `03A${KEY}-token`,
      cookies: { [`c-${KEY}`]: OTHER_KEY },
      userAgent: `UA ${KEY}`,
      more: [{ [KEY]: [`a ${KEY} b`, 7, null, true] }, `https://up.example/${encodeURIComponent(OTHER_KEY)}`],
    };
    const answer = raw({ errorId: 0, status: "ready", solution });
    const redacted = {
      gRecaptchaResponse: "03A[removed]-token",
      cookies: { "c-[removed]": "[removed]" },
      userAgent: "UA [removed]",
      more: [{ "[removed]": ["a [removed] b", 7, null, true] }, "https://up.example/[removed]"],
    };
    expect(interpretPoll(answer, redactor)).toEqual({ tag: "ready", solution: redacted });
    expect(interpretCreate(answer, redactor)).toEqual({ tag: "ready", taskId: null, solution: redacted });
  });

  it("shows no key in cookies of any form", () => {
    for (const cookies of [
      `a=${KEY}; b=1`,
      [
        { name: "a", value: KEY },
        { name: "b", value: "1" },
      ],
    ]) {
      const answer = raw({ errorId: 0, status: "ready", solution: { gRecaptchaResponse: "t", cookies } });
      expect(interpretPoll(answer, redactor)).toMatchObject({ solution: { cookies: { a: "[removed]", b: "1" } } });
    }
  });

  it("is kept unchanged if it contains no key", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }), (fields) => {
        expect(redactor.value(fields)).toEqual(fields);
      }),
    );
  });
});

describe("a key of fewer than eight characters", () => {
  const short = redactorOf(["k", "a.b"]);

  it("is removed as a whole word only, so that tokens stay whole", () => {
    expect(short.prose("bad key k, kk, a.b!")).toBe("bad key [removed], kk, [removed]!");
    expect(short.value({ gRecaptchaResponse: "03Ak-k_k", exact: "k" })).toEqual({
      gRecaptchaResponse: "03Ak-k_k",
      exact: "[removed]",
    });
  });
});

it("a task id is never redacted, because it goes back to the upstream as it came", () => {
  const outcome = interpretCreate(raw({ errorId: 0, taskId: `id-${KEY}` }), redactor);
  expect(outcome).toEqual({ tag: "created", taskId: `"id-${KEY}"` });
});
