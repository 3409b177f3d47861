// The monthly quota: months, the count and its stored form, and the error response.

import { describe, expect, it } from "vitest";
import { MonthlyCount, monthOf, nextMonthAt, quotaError } from "../../src/tenants/quota.ts";

const NOW = Date.UTC(2026, 10, 23, 9, 30);
const DECEMBER = Date.UTC(2026, 11, 1);

const profile = {
  id: "acme",
  name: "Acme",
  allowedHosts: [],
  limits: { maxInFlight: 100, monthlyTasks: 500 },
  suspended: false,
  createdAt: 0,
};

describe("months", () => {
  it("are calendar months in UTC", () => {
    expect(monthOf(DECEMBER - 1)).toBe("2026-11");
    expect(monthOf(DECEMBER)).toBe("2026-12");
    expect(nextMonthAt(NOW)).toBe(DECEMBER);
    expect(nextMonthAt(DECEMBER)).toBe(Date.UTC(2027, 0, 1));
  });
});

describe("MonthlyCount", () => {
  it("counts from 0 in each month", () => {
    const count = new MonthlyCount();
    expect(count.at(NOW)).toBe(0);
    count.add(NOW);
    count.add(NOW);
    expect(count.at(DECEMBER - 1)).toBe(2);
    expect(count.at(DECEMBER)).toBe(0);
    count.add(DECEMBER);
    expect(count.at(DECEMBER)).toBe(1);
  });

  it("keeps counting in the later month when the clock goes back over the end of a month", () => {
    const count = new MonthlyCount();
    count.add(DECEMBER);
    count.add(DECEMBER - 1);
    expect(count.at(DECEMBER - 1)).toBe(2);
    expect(count.at(DECEMBER)).toBe(2);
  });

  it("is restored from its stored form, which grows with each task and each month", () => {
    const count = new MonthlyCount();
    const marks = [NOW, NOW, DECEMBER].map((at) => {
      count.add(at);
      return count.mark;
    });
    expect(marks.toSorted((a, b) => a - b)).toEqual(marks);
    expect(marks.every(Number.isSafeInteger)).toBe(true);
    expect(marks.map((mark) => MonthlyCount.restore(mark).at(NOW))).toEqual([1, 2, 1]);
    expect(MonthlyCount.restore(marks[1] ?? 0).at(DECEMBER)).toBe(0);
  });
});

describe("quotaError", () => {
  const caller = { mode: "live", exhaustedMonth: "2026-11", profile } as const;

  it("reports the whole month as the window and the rest of the month as Retry-After", () => {
    const error = quotaError(caller, NOW);
    expect(error?.code).toBe("quota_exceeded");
    expect(error?.headers).toEqual({
      "Retry-After": String((DECEMBER - NOW) / 1_000),
      "RateLimit-Policy": `"monthly";q=500;w=${30 * 86_400}`,
    });
  });

  it.each([
    [31, Date.UTC(2026, 11, 31, 23, 59, 59, 999), "1"],
    [28, Date.UTC(2027, 1, 1), String(28 * 86_400)],
    [29, Date.UTC(2028, 1, 29), "86400"],
  ])("gives a window of %i days in a month of that length", (days, now, retryAfter) => {
    const error = quotaError({ ...caller, exhaustedMonth: monthOf(now) }, now);
    expect(error?.headers["RateLimit-Policy"]).toBe(`"monthly";q=500;w=${days * 86_400}`);
    expect(error?.headers["Retry-After"]).toBe(retryAfter);
  });

  it("is null for test keys, in another month, and while the quota is not used up", () => {
    expect(quotaError({ ...caller, mode: "test" }, NOW)).toBeNull();
    expect(quotaError(caller, DECEMBER)).toBeNull();
    expect(quotaError({ ...caller, exhaustedMonth: null }, NOW)).toBeNull();
  });
});
