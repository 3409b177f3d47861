// The adaptive first poll: its bounds for any input, what it learns, and how fast. `npm run bench` has the figures.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SolveSample } from "../../src/tenants/adaptive-first-poll.ts";
import { AdaptiveFirstPoll, MAX_DELAY_MS, MAX_SAMPLES, MIN_SAMPLES } from "../../src/tenants/adaptive-first-poll.ts";

const INTERVAL_MS = 3_000;
const REQUEST_MS = 150;

/** A random number with which a task does not explore, and polls exactly at the chosen delay. */
const CHOSEN = 0.55;

/** What polls from `firstMs` on reveal about a solve time. */
function sampleOf(solveMs: number, firstMs: number = INTERVAL_MS): SolveSample {
  let afterMs = 0;
  let sentMs = firstMs;
  while (sentMs + REQUEST_MS / 2 < solveMs) {
    afterMs = sentMs;
    sentMs += REQUEST_MS + INTERVAL_MS;
  }
  return { afterMs, byMs: sentMs + REQUEST_MS };
}

/** Two sequences of evenly distributed numbers from 0 to less than 1, independent of each other. */
const even = (index: number): number => (index * 0.754_877_666) % 1;
const evenToo = (index: number): number => (index * 0.569_840_29) % 1;

/** Solve times spread evenly from `fromMs` to `toMs`, found by polls at 3, 6, 9 … s. */
const samplesBetween = (fromMs: number, toMs: number, count: number): SolveSample[] =>
  Array.from({ length: count }, (_, index) => sampleOf(fromMs + (toMs - fromMs) * even(index)));

const learned = (samples: SolveSample[]) => new AdaptiveFirstPoll(() => samples);

/** Runs tasks one after another, each polled as `firstPoll` chooses. */
function run(firstPoll: AdaptiveFirstPoll, tasks: number, fromMs: number, toMs: number): void {
  for (let index = 0; index < tasks; index += 1) {
    const delayMs = firstPoll.delayMs(INTERVAL_MS, evenToo(index)) ?? INTERVAL_MS;
    firstPoll.record(sampleOf(fromMs + (toMs - fromMs) * even(index), delayMs));
  }
}

describe("AdaptiveFirstPoll.delayMs()", () => {
  it("returns undefined, or whole milliseconds between 3 s and 30 s, for any samples and any interval", () => {
    const anyMs = fc.oneof(fc.integer({ min: -1, max: 400_000 }), fc.double());
    const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 60_000 }),
        fc.array(fc.record({ afterMs: anyMs, byMs: anyMs }), { minLength: MIN_SAMPLES, maxLength: 300 }),
        fc.array(anyRandom, { minLength: 1, maxLength: 20 }),
        (intervalMs, samples, randoms) => {
          const firstPoll = learned(samples);
          for (const random of randoms) {
            const delayMs = firstPoll.delayMs(intervalMs, random) ?? 3_001;
            expect(Number.isInteger(delayMs)).toBe(true);
            expect(delayMs).toBeGreaterThan(3_000);
            expect(delayMs).toBeLessThanOrEqual(MAX_DELAY_MS);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("returns undefined until 32 tasks were solved", () => {
    const firstPoll = learned(samplesBetween(8_600, 9_200, MIN_SAMPLES - 1));
    expect(firstPoll.delayMs(INTERVAL_MS, CHOSEN)).toBeUndefined();
    firstPoll.record(sampleOf(9_000));
    expect(firstPoll.delayMs(INTERVAL_MS, CHOSEN)).toBeGreaterThan(6_000);
  });

  it("returns undefined if every solution is ready at the usual first poll, and then never explores", () => {
    const firstPoll = learned([]);
    run(firstPoll, 300, 500, 2_500);
    for (let index = 0; index < 100; index += 1) expect(firstPoll.delayMs(INTERVAL_MS, index / 100)).toBeUndefined();
  });

  it("replaces three polls by one if solutions are ready after 9 s", () => {
    const firstPoll = learned([]);
    run(firstPoll, 600, 8_700, 9_300);
    expect(firstPoll.delayMs(INTERVAL_MS, CHOSEN)).toBeGreaterThan(9_100);
    expect(firstPoll.delayMs(INTERVAL_MS, CHOSEN)).toBeLessThan(9_900);
  });

  it("lets one task in ten poll up to two intervals earlier", () => {
    const firstPoll = learned(samplesBetween(14_000, 15_000, MAX_SAMPLES));
    const chosenMs = firstPoll.delayMs(INTERVAL_MS, CHOSEN) ?? 0;
    const delays = Array.from({ length: 1_000 }, (_, index) => firstPoll.delayMs(INTERVAL_MS, index / 1_000) ?? 0);
    const early = delays.filter((ms) => ms < chosenMs - INTERVAL_MS / 24);
    expect(early.length).toBeGreaterThan(90);
    expect(early.length).toBeLessThanOrEqual(100);
    expect(Math.min(...delays)).toBeLessThan(chosenMs - 1.9 * INTERVAL_MS);
  });

  it("ignores all but the newest 256 samples", () => {
    const newest = samplesBetween(5_000, 5_800, MAX_SAMPLES);
    const all = learned([...samplesBetween(14_000, 15_000, 500), ...newest]);
    expect(all.delayMs(INTERVAL_MS, CHOSEN)).toBe(learned(newest).delayMs(INTERVAL_MS, CHOSEN));
  });

  it("comes down within 60 tasks when solutions are ready after 5 s instead of 12 s", () => {
    const firstPoll = learned([]);
    run(firstPoll, 600, 11_500, 12_500);
    expect(firstPoll.delayMs(INTERVAL_MS, CHOSEN)).toBeGreaterThan(10_000);
    run(firstPoll, 60, 4_700, 5_300);
    expect(firstPoll.delayMs(INTERVAL_MS, CHOSEN)).toBeLessThan(6_500);
  });

  it("goes up within 300 tasks when solutions are ready after 12 s instead of 5 s", () => {
    const firstPoll = learned([]);
    run(firstPoll, 600, 4_700, 5_300);
    run(firstPoll, 300, 11_500, 12_500);
    expect(firstPoll.delayMs(INTERVAL_MS, CHOSEN)).toBeGreaterThan(9_000);
  });
});

describe("AdaptiveFirstPoll.record()", () => {
  it.each<[string, SolveSample]>([
    ["starts at NaN", { afterMs: Number.NaN, byMs: 5_000 }],
    ["ends at NaN", { afterMs: 0, byMs: Number.NaN }],
    ["never ends", { afterMs: 0, byMs: Number.POSITIVE_INFINITY }],
    ["starts before 0", { afterMs: -1, byMs: 5_000 }],
    ["ends before it starts", { afterMs: 6_000, byMs: 5_000 }],
    ["is empty", { afterMs: 5_000, byMs: 5_000 }],
  ])("ignores a sample that %s", (_name, sample) => {
    const good = samplesBetween(8_600, 9_200, 100);
    const firstPoll = learned([...good, ...new Array<SolveSample>(MAX_SAMPLES).fill(sample)]);
    expect(firstPoll.delayMs(INTERVAL_MS, CHOSEN)).toBe(learned(good).delayMs(INTERVAL_MS, CHOSEN));
  });
});
