// The promise of the advice on first polls, simulated small: polls saved, and lag no worse than 3 % over that of 3, 6, 9 … s, in each
// family of solve times. The seeds are fixed, so the figures are; `npm run bench` simulates more.

import { describe, expect, it } from "vitest";
import { addTally, lagRatioOf, noTally, savedOf, tallyOf } from "../../bench/poll-simulation.ts";
import type { Draw } from "../../bench/solve-families.ts";
import { FAMILIES, MISLEADING } from "../../bench/solve-families.ts";

/** Tasks of each kind: many times those that it takes to learn. */
const TASKS = 3_000;

/** Tasks a second: one's answer teaches the next, and 200 are under way before the first answer. */
const PACES = [1, 20];

function simulated(draw: Draw | undefined) {
  if (draw === undefined) throw new Error("no such solve times");
  const tally = noTally();
  for (const tasksPerSecond of PACES) {
    addTally(tally, tallyOf({ draw, tasks: TASKS, tasksPerSecond, seed: 7, intervalMs: 3_000 }));
  }
  return { lag: lagRatioOf(tally), saved: savedOf(tally) };
}

describe("lag is no worse than 3 % over the cadence's, and polls are saved", () => {
  it.each<[keyof typeof FAMILIES, string, number]>([
    ["narrow", "normal 9 ± 0.6", 0.5],
    ["narrow", "normal 14 ± 0.8", 0.6],
    ["medium", "normal 12 ± 3", 0.2],
    ["medium", "lognormal 7, 0.3", 0.25],
    ["long-tailed", "Pareto 4, 1.8", 0.15],
    ["long-tailed", "lognormal 10, 0.6", 0.08],
    ["bimodal", "60 % 5 ± 0.5, else 20 ± 1", 0.15],
    ["bimodal", "50 % 8 ± 0.6, else 16 ± 1", 0.3],
    ["uniform", "2 to 30", 0.03],
    ["uniform", "3 to 12", 0.15],
  ])("%s: %s", (family, kind, leastSaved) => {
    const { lag, saved } = simulated(FAMILIES[family][kind]);
    expect(lag).toBeLessThanOrEqual(1.03);
    expect(saved).toBeGreaterThanOrEqual(leastSaved);
  });

  it("an upstream that is always ready at the first poll is polled once, as ever", () => {
    const { lag, saved } = simulated(MISLEADING["always under 3"]);
    expect(lag).toBeLessThan(1.02);
    expect(saved).toBe(0);
  });
});
