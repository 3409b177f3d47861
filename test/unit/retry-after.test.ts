// The header `Retry-After`: seconds or an HTTP date, in ms from now, within bounds.

import { describe, expect, it } from "vitest";
import { parseRetryAfter } from "../../src/client/retry-after.ts";

const NOW = Date.UTC(2026, 10, 23, 9, 30);
const MAX_MS = 3_600_000;

describe("parseRetryAfter", () => {
  it.each([
    ["0", 0],
    ["1", 1_000],
    ["120", 120_000],
    [" 120 ", 120_000],
    ["0005", 5_000],
    ["3600", MAX_MS],
    ["3601", MAX_MS],
    ["999999999", MAX_MS],
    ["99999999999999999999", MAX_MS],
    ["Mon, 23 Nov 2026 09:30:00 GMT", 0],
    ["Mon, 23 Nov 2026 09:31:00 GMT", 60_000],
    ["Monday, 23-Nov-26 09:31:00 GMT", 60_000],
    ["Mon, 23 Nov 2026 09:29:59 GMT", 0],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["Tue, 24 Nov 2026 09:30:00 GMT", MAX_MS],
  ])("reads %j as %i ms", (value, expected) => {
    expect(parseRetryAfter(value, NOW, MAX_MS)).toBe(expected);
  });

  it.each([[null], [""], [" "], ["soon"], ["20 seconds"], ["1e3"], ["-5"], ["1.5"], ["0x10"], ["NaN"], ["Infinity"]])(
    "returns null for %j",
    (value) => {
      expect(parseRetryAfter(value, NOW, MAX_MS)).toBeNull();
    },
  );

  it("limits the time to what the caller accepts", () => {
    expect(parseRetryAfter("120", NOW, 60_000)).toBe(60_000);
    expect(parseRetryAfter("120", NOW, 0)).toBe(0);
  });

  it.each(["9".repeat(400), "Fri, 31 Dec 9999 23:59:59 GMT"])("limits %s to 2^31 s by default", (value) => {
    expect(parseRetryAfter(value, NOW)).toBe(2 ** 31 * 1_000);
  });
});
