// Rules of the advice on first polls: its bounds whatever it is told, what it learns, and what it refuses to learn.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seeded } from "../../bench/solve-families.ts";
import { FirstPollAdvisor, LEAST_SAMPLES, MOST_DELAY_MS, MOST_SAMPLES } from "../../src/tenants/first-poll.ts";
import type { SolveSample } from "../../src/tenants/solve-times.ts";

const INTERVAL_MS = 3_000;
const EXCHANGE_MS = 150;

/** A number that makes a task explore, and one that does not: the middle of the advised bin. */
const EXPLORES = 0.05;
const FOLLOWS = 0.55;

/** What polls from `firstMs` on tell of a solve time. */
function sampleOf(solveMs: number, firstMs: number = INTERVAL_MS): SolveSample {
  let afterMs = 0;
  let leavesMs = firstMs;
  while (leavesMs + EXCHANGE_MS / 2 < solveMs) {
    afterMs = leavesMs;
    leavesMs += EXCHANGE_MS + INTERVAL_MS;
  }
  return { afterMs, byMs: leavesMs + EXCHANGE_MS };
}

/** So many solve times, spread evenly from one to another (ms), polled at 3, 6, 9 … s. */
const samplesBetween = (leastMs: number, greatestMs: number, count: number): SolveSample[] =>
  Array.from({ length: count }, (_, index) => sampleOf(leastMs + ((greatestMs - leastMs) * (index + 0.5)) / count));

/** Has tasks polled as advised, one after another, and tells the advice when they are done. */
function live(advisor: FirstPollAdvisor, tasks: number, solveMs: (index: number) => number): void {
  const random = seeded(1);
  for (let index = 0; index < tasks; index += 1) {
    advisor.note(sampleOf(solveMs(index), advisor.advise(random())));
  }
}

/** Samples as they are, or as they never should be. */
const anySample = fc.oneof(
  fc.tuple(fc.integer({ min: 0, max: 400_000 }), fc.integer({ min: 1, max: 400_000 })).map(([afterMs, widthMs]) => ({
    afterMs,
    byMs: afterMs + widthMs,
  })),
  fc.integer({ min: 50, max: 90_000 }).map((solveMs) => sampleOf(solveMs)),
  fc.record({ afterMs: fc.double(), byMs: fc.double() }),
);
const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe("whatever it is told", () => {
  it("the delay is a whole number from the first poll without advice to the latest allowed one", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1_000, max: 60_000 }),
        fc.integer({ min: 1_000, max: 60_000 }),
        fc.array(anySample, { maxLength: 300 }),
        fc.array(anyRandom, { minLength: 1, maxLength: 20 }),
        (intervalMs, firstMs, samples, randoms) => {
          const advisor = new FirstPollAdvisor(intervalMs, samples, firstMs);
          for (const random of randoms) {
            const delayMs = advisor.advise(random);
            expect(Number.isInteger(delayMs)).toBe(true);
            expect(delayMs).toBeGreaterThanOrEqual(firstMs);
            expect(delayMs).toBeLessThanOrEqual(Math.max(firstMs, MOST_DELAY_MS));
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("the delay never passes the latest solution that was seen", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 50, max: 25_000 }), { minLength: 40, maxLength: 256 }),
        anyRandom,
        (times, random) => {
          const samples = times.map((ms) => sampleOf(ms));
          const latestMs = Math.max(INTERVAL_MS, ...samples.map(({ byMs }) => byMs));
          expect(new FirstPollAdvisor(INTERVAL_MS, samples).advise(random)).toBeLessThanOrEqual(latestMs);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("the same samples give the same advice, in whatever order they came", () => {
    fc.assert(
      fc.property(
        fc
          .array(fc.integer({ min: 50, max: 60_000 }), { minLength: LEAST_SAMPLES, maxLength: MOST_SAMPLES })
          .chain((times) => fc.tuple(fc.constant(times), fc.shuffledSubarray(times, { minLength: times.length }))),
        anyRandom,
        ([times, shuffled], random) => {
          const adviceFor = (all: number[]) =>
            new FirstPollAdvisor(
              INTERVAL_MS,
              all.map((ms) => sampleOf(ms)),
            ).advise(random);
          expect(adviceFor(shuffled)).toBe(adviceFor(times));
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe("what it takes in", () => {
  it("under 32 samples the first poll keeps the cadence, and from there on it need not", () => {
    const samples = samplesBetween(8_600, 9_200, 32);
    const few = new FirstPollAdvisor(INTERVAL_MS, samples.slice(1));
    for (const random of [0, EXPLORES, FOLLOWS, 0.999]) expect(few.advise(random)).toBe(INTERVAL_MS);
    few.note(sampleOf(9_000));
    expect(few.advise(FOLLOWS)).toBeGreaterThan(2 * INTERVAL_MS);
  });

  it.each<[string, SolveSample]>([
    ["no number", { afterMs: Number.NaN, byMs: 5_000 }],
    ["no end", { afterMs: 0, byMs: Number.NaN }],
    ["an endless one", { afterMs: 0, byMs: Number.POSITIVE_INFINITY }],
    ["a negative one", { afterMs: -1, byMs: 5_000 }],
    ["bounds in the wrong order", { afterMs: 6_000, byMs: 5_000 }],
    ["bounds that leave nothing", { afterMs: 5_000, byMs: 5_000 }],
  ])("a sample with %s is ignored", (_name, sample) => {
    const good = samplesBetween(8_600, 9_200, 100);
    const told = new FirstPollAdvisor(INTERVAL_MS, good);
    for (let times = 0; times < MOST_SAMPLES; times += 1) told.note(sample);
    expect(told.advise(FOLLOWS)).toBe(new FirstPollAdvisor(INTERVAL_MS, good).advise(FOLLOWS));
  });

  it("only the last 256 count", () => {
    const old = samplesBetween(14_000, 15_000, 500);
    const last = samplesBetween(5_000, 5_800, MOST_SAMPLES);
    const both = new FirstPollAdvisor(INTERVAL_MS, [...old, ...last]);
    for (const random of [EXPLORES, FOLLOWS]) {
      expect(both.advise(random)).toBe(new FirstPollAdvisor(INTERVAL_MS, last).advise(random));
    }
  });
});

describe("what it advises", () => {
  it("one poll where there were three, when solutions come at 9 s", () => {
    const advisor = new FirstPollAdvisor(INTERVAL_MS);
    live(advisor, 600, (index) => 8_700 + ((index * 37) % 600));
    const delayMs = advisor.advise(FOLLOWS);
    expect(delayMs).toBeGreaterThanOrEqual(9_200);
    expect(delayMs).toBeLessThan(9_600);
  });

  it("the cadence, when every solution is there at the first poll already: even exploring goes hardly later", () => {
    const advisor = new FirstPollAdvisor(INTERVAL_MS);
    live(advisor, 300, (index) => 500 + ((index * 37) % 2_000));
    expect(advisor.advise(FOLLOWS)).toBe(INTERVAL_MS);
    for (let part = 0; part < 100; part += 1) {
      expect(advisor.advise(part / 100)).toBeLessThan(1.1 * INTERVAL_MS);
    }
  });

  it("nothing that makes the early ones wait, when one in four comes at 4 s and the others at 20 s", () => {
    const advisor = new FirstPollAdvisor(INTERVAL_MS);
    live(advisor, 600, (index) => (index % 4 === 0 ? 4_000 : 20_000) + ((index * 37) % 400));
    expect(advisor.advise(FOLLOWS)).toBeLessThan(5_500);
  });

  it("no first poll that leaves a solution less than half of its best life, however long all take", () => {
    const advisor = new FirstPollAdvisor(INTERVAL_MS);
    live(advisor, 600, (index) => 50_000 + ((index * 37) % 600));
    expect(advisor.advise(FOLLOWS)).toBeGreaterThan(20_000);
    expect(advisor.advise(FOLLOWS)).toBeLessThanOrEqual(MOST_DELAY_MS);
  });

  it("an earlier poll to one task in ten: by those it can learn that it is wrong", () => {
    const advisor = new FirstPollAdvisor(INTERVAL_MS, samplesBetween(14_000, 15_000, MOST_SAMPLES));
    const usual = advisor.advise(FOLLOWS);
    const earlier = Array.from({ length: 1_000 }, (_, part) => advisor.advise(part / 1_000)).filter(
      (delayMs) => delayMs < usual - INTERVAL_MS / 16,
    );
    expect(earlier.length).toBeGreaterThanOrEqual(80);
    expect(earlier.length).toBeLessThanOrEqual(100);
    expect(Math.min(...earlier)).toBeLessThan(usual - INTERVAL_MS);
  });
});

describe("where the cadence begins before its own interval", () => {
  it("no advice makes those wait whom the first poll finds as it is", () => {
    const samples = Array.from({ length: 200 }, (_, index) => ({ afterMs: 0, byMs: 3_100 + (index % 3) }));
    const advisor = new FirstPollAdvisor(10_000, samples, INTERVAL_MS);
    expect(advisor.advise(FOLLOWS)).toBe(INTERVAL_MS);
  });
});

describe("when upstream changes", () => {
  it("solutions that come at 5 s instead of 12 s are waited for no longer after 60 tasks", () => {
    const advisor = new FirstPollAdvisor(INTERVAL_MS);
    live(advisor, 600, (index) => 11_500 + ((index * 37) % 1_000));
    expect(advisor.advise(FOLLOWS)).toBeGreaterThan(10_000);
    live(advisor, 60, (index) => 4_700 + ((index * 37) % 600));
    expect(advisor.advise(FOLLOWS)).toBeLessThan(6_500);
  });

  it("solutions that come at 12 s instead of 5 s cost no polls that are in vain after 300 tasks", () => {
    const advisor = new FirstPollAdvisor(INTERVAL_MS);
    live(advisor, 600, (index) => 4_700 + ((index * 37) % 600));
    live(advisor, 300, (index) => 11_500 + ((index * 37) % 1_000));
    expect(advisor.advise(FOLLOWS)).toBeGreaterThan(9_000);
  });
});
