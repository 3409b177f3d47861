// How the console writes numbers, times and ids.

import { describe, expect, it } from "vitest";
import {
  age,
  clock,
  count,
  countdown,
  day,
  duration,
  middle,
  moment,
  offset,
  percent,
  plural,
  shortDay,
} from "../../src/console/ui/formats.ts";

const S = 1_000;
const MIN = 60 * S;
const H = 60 * MIN;
const D = 24 * H;
const NOON = Date.parse("2026-11-23T12:00:06.140Z");

describe("age()", () => {
  it.each([
    [-5 * S, "now"],
    [0, "now"],
    [1_999, "now"],
    [2 * S, "2 s"],
    [59_999, "59 s"],
    [MIN, "1 min"],
    [H - 1, "59 min"],
    [H, "1 h"],
    [D - 1, "23 h"],
    [D, "1 d"],
    [29.9 * D, "29 d"],
  ])("writes %d ms as %s", (ms, text) => {
    expect(age(NOON - ms, NOON)).toBe(text);
  });
});

describe("duration()", () => {
  it.each([
    [-3, "0 ms"],
    [0, "0 ms"],
    [84.4, "84 ms"],
    [999, "999 ms"],
    [999.6, "1.00 s"],
    [6_149, "6.14 s"],
    [9_999, "9.99 s"],
    [10_000, "10.0 s"],
    [59_999, "59.9 s"],
    [MIN, "1 min"],
    [125 * S, "2 min 5 s"],
    [H - 1, "59 min 59 s"],
    [3 * H + 12 * MIN, "3 h 12 min"],
    [D, "1 d"],
    [2 * D + 4.5 * H, "2 d 4 h"],
  ])("writes %d ms as %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it("rounds down", () => {
    // What took less than a limit must not look as if it had reached it.
    expect(duration(1_999.4)).toBe("1.99 s");
  });
});

it.each([
  [-1, "0 s"],
  [1, "1 s"],
  [1_001, "2 s"],
  [59_001, "1 min"],
  [119_500, "2 min"],
  [119_000, "1 min 59 s"],
])("a countdown of %d ms is %s", (ms, text) => {
  expect(countdown(ms)).toBe(text);
});

it.each([
  [-4, "+0.00 s"],
  [12, "+0.01 s"],
  [999, "+1.00 s"],
  [3_020, "+3.02 s"],
  [73 * S, "+1 min 13 s"],
])("the offset of %d ms is %s", (ms, text) => {
  expect(offset(ms)).toBe(text);
});

describe("a moment", () => {
  it("is written in the given time zone", () => {
    expect(clock(NOON, "UTC")).toBe("12:00:06.140");
    expect(clock(NOON, "Asia/Kathmandu")).toBe("17:45:06.140");
    expect(moment(NOON, "UTC")).toBe("23 Nov 2026, 12:00:06");
    expect(day(Date.parse("2026-11-23T23:30:00Z"), "Europe/Berlin")).toBe("24 Nov 2026");
  });

  it("is a UTC day for usage, in every time zone", () => {
    expect(shortDay("2026-11-01")).toBe("1 Nov");
  });
});

it.each([
  [0, "0 %"],
  [1, "100 %"],
  [0.5, "50 %"],
  [0.9999, "99.9 %"],
  [0.999, "99.9 %"],
  [1 / 3, "33.3 %"],
  [0.29, "29 %"],
])("a share of %d is %s", (share, text) => {
  expect(percent(share)).toBe(text);
});

it("numbers have thousands separators, and nouns a plural", () => {
  expect(count(12_345)).toBe("12,345");
  expect(plural(1, "task", "tasks")).toBe("1 task");
  expect(plural(0, "task", "tasks")).toBe("0 tasks");
});

it("a long id keeps both its ends, and a short one stays whole", () => {
  expect(middle(`tsk_${"5f".repeat(32)}`, 12, 6)).toBe("tsk_5f5f5f5f…5f5f5f");
  expect(middle("abcdefg", 4, 3)).toBe("abcdefg");
  expect(middle("abcdefgh", 4, 3)).toBe("abcdefgh");
  expect(middle("abcdefghi", 4, 3)).toBe("abcd…ghi");
});
