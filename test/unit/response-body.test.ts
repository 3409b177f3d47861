// The excerpt of a receiver's response body in the delivery log: short, well formed, without secrets, and read without waiting.

import { describe, expect, it } from "vitest";
import { redactorOf } from "../../src/upstream/redact.ts";
import { readExcerpt } from "../../src/webhooks/response-body.ts";

const unchanged = (text: string) => text;
const excerpt = (body: BodyInit | null, redact: (text: string) => string | null = unchanged) =>
  readExcerpt(new Response(body), redact);

/** A body of these chunks, and whether its reader canceled it. `afterwards`: what happens after them. */
function streamOf(chunks: readonly string[], afterwards: "ends" | "hangs" | "breaks") {
  const state = { pulled: 0, canceled: false };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks[state.pulled];
      state.pulled += 1;
      if (chunk !== undefined) controller.enqueue(new TextEncoder().encode(chunk));
      else if (afterwards === "ends") controller.close();
      else if (afterwards === "breaks") controller.error(new Error("the connection broke"));
      else return new Promise<void>(() => {});
    },
    cancel() {
      state.canceled = true;
    },
  });
  return { stream, state };
}

describe("the excerpt of a response body", () => {
  it.each([
    ["a short text", "signature mismatch", "signature mismatch"],
    ["256 characters", "x".repeat(256), "x".repeat(256)],
    ["the first 256 of more", `${"x".repeat(256)}y`, "x".repeat(256)],
    ["256 characters of three bytes", "例".repeat(300), "例".repeat(256)],
    ["no half of a surrogate pair", `${"x".repeat(255)}😀`, "x".repeat(255)],
    ["the whole pair where it fits", `${"x".repeat(254)}😀z`, `${"x".repeat(254)}😀`],
  ])("is %s", async (_what, body, expected) => {
    expect(await excerpt(body)).toBe(expected);
  });

  it.each([
    ["no body", null],
    ["an empty body", ""],
  ])("is null for %s, without a call of the redaction", async (_what, body) => {
    const redact = () => {
      throw new Error("called");
    };
    expect(await excerpt(body, redact)).toBeNull();
  });

  it("is null if the text cannot be redacted", async () => {
    expect(await excerpt("thank you", () => null)).toBeNull();
  });

  it("is well-formed text for bytes that are not UTF-8", async () => {
    const text = (await excerpt(new Uint8Array([0x68, 0x69, 0xff, 0xfe, 0xc3]))) ?? "";
    expect(text.startsWith("hi")).toBe(true);
    expect(text.isWellFormed()).toBe(true);
    expect(await excerpt(`a${"é".repeat(2_000)}`)).toBe(`a${"é".repeat(255)}`);
  });

  it("is cut after secrets are removed, so that no part of one is left", async () => {
    const token = `03AGdBq25${"SxXT-pmSeBXjzScW".repeat(100)}`;
    const { prose } = redactorOf([token]);
    for (const before of [0, 100, 230, 250]) {
      const text = (await excerpt(`${"x".repeat(before)}${token}`, prose)) ?? "";
      expect(text).not.toContain(token.slice(0, 12));
      expect(text.startsWith("x".repeat(before))).toBe(true);
    }
  });

  it("reads a kilobyte of an endless body, and cancels the rest", async () => {
    const chunks = Array.from({ length: 1_000 }, () => "x".repeat(100));
    const { stream, state } = streamOf(chunks, "hangs");
    expect(await excerpt(stream)).toBe("x".repeat(256));
    expect(state.canceled).toBe(true);
    expect(state.pulled).toBeLessThan(20);
  });

  it.each(["hangs", "breaks"] as const)("has the received part of a body that %s", async (afterwards) => {
    const { stream } = streamOf(["so far, ", "so good"], afterwards);
    expect(await excerpt(stream)).toBe("so far, so good");
  });
});
