// Webhook retry times: the schedule, its jitter, Retry-After, and receivers that answer slowly.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LastAttempt } from "../../src/webhooks/schedule.ts";
import { nextAttemptAt } from "../../src/webhooks/schedule.ts";
import { AT, at, RETENTION_MS } from "../support/records.ts";

const SCHEDULE_MS = [0, 2, 5, 10, 20, 40, 70, 300, 1_800, 7_200, 21_600, 43_200].map((seconds) => seconds * 1_000);

/** The attempt that was sent at `sentMs` after the cycle began. */
const attempt = (sentMs: number, count: number, retryAfterMs: number | null = null): LastAttempt => ({
  startedAt: AT,
  count,
  sentAt: at(sentMs),
  retryAfterMs,
});

/** How a receiver answers each attempt: after how long, and with which Retry-After (ms). */
interface Answer {
  readonly tookMs: number;
  readonly retryAfterMs: number | null;
}

/** The times (ms after the cycle began) of the attempts at a receiver that answers so. */
function attemptsOf(answers: readonly Answer[], jitters: readonly number[], lateMs = 0): number[] {
  const sent: number[] = [];
  let next: number | null = AT;
  for (let index = 0; next !== null && sent.length < 20; index += 1) {
    const sentAt = next + lateMs;
    sent.push(sentAt - AT);
    const { tookMs, retryAfterMs } = answers[Math.min(index, answers.length - 1)] ?? { tookMs: 0, retryAfterMs: null };
    const now = sentAt + tookMs;
    const last = { startedAt: AT, count: sent.length, sentAt, retryAfterMs };
    next = nextAttemptAt(last, jitters[index % jitters.length] ?? 0, now < at(120_000), now);
  }
  return sent;
}

/** The gap (ms) that the schedule has before the slot at this time, with its jitter. */
function gapBefore(ms: number): number {
  const slot = SCHEDULE_MS.findLastIndex((delayMs) => delayMs * 0.9 <= ms);
  return (SCHEDULE_MS[slot] ?? 0) - (SCHEDULE_MS[slot - 1] ?? 0);
}

const answer: fc.Arbitrary<Answer> = fc.record({
  tookMs: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 10_000 })),
  retryAfterMs: fc.option(fc.integer({ min: 0, max: 90_000_000 }), { freq: 2 }),
});
const answers = fc.array(answer, { minLength: 1, maxLength: 12 });
const jitters = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 12, maxLength: 12 });

describe("the webhook schedule", () => {
  it("is 0, 2, 5, 10, 20, 40, 70 s, 5 min, 30 min, 2 h, 6 h and 12 h after the task is final", () => {
    expect(attemptsOf([{ tookMs: 20, retryAfterMs: null }], [0])).toEqual(SCHEDULE_MS);
  });

  it("has up to 10 % of jitter, and never lets two attempts come nearer than their slots are", () => {
    expect(attemptsOf([{ tookMs: 0, retryAfterMs: null }], [1])).toEqual(SCHEDULE_MS.map((ms) => Math.round(ms * 1.1)));
    expect(attemptsOf([{ tookMs: 0, retryAfterMs: null }], [-1])).toEqual(SCHEDULE_MS);
    expect(attemptsOf([{ tookMs: 0, retryAfterMs: null }], [1, -1]).slice(0, 4)).toEqual([0, 2_200, 5_200, 11_000]);
  });

  it("ends after the last slot", () => {
    expect(nextAttemptAt(attempt(43_200_000, 12), 0, false, at(43_200_100))).toBeNull();
    expect(nextAttemptAt(attempt(43_200_000, 5), 0, false, at(43_200_100))).toBeNull();
  });

  it("fits into the default retention", () => {
    expect(Math.max(...attemptsOf([{ tookMs: 10_000, retryAfterMs: 3_600_000 }], [1]))).toBeLessThan(RETENTION_MS);
  });

  it("skips the slots that pass while a receiver hangs for 10 s", () => {
    const sent = attemptsOf([{ tookMs: 10_000, retryAfterMs: null }], [0]);
    expect(sent.slice(0, 6)).toEqual([0, 20_000, 40_000, 70_000, 300_000, 1_800_000]);
  });

  it("skips the slots that pass while Retry-After asks for a pause", () => {
    const third: Answer[] = [
      { tookMs: 10, retryAfterMs: null },
      { tookMs: 10, retryAfterMs: null },
      { tookMs: 10, retryAfterMs: 60_000 },
      { tookMs: 10, retryAfterMs: null },
    ];
    expect(attemptsOf(third, [0]).slice(0, 6)).toEqual([0, 2_000, 5_000, 70_000, 300_000, 1_800_000]);
  });

  it("keeps a slot that Retry-After only moves within its jitter", () => {
    expect(nextAttemptAt(attempt(0, 1, 2_000), 0, true, at(150))).toBe(at(2_150));
    expect(nextAttemptAt(attempt(10_000, 4, 60_000), 0, true, at(10_500))).toBe(at(70_500));
  });

  it("skips the slots that passed before a late first attempt", () => {
    expect(nextAttemptAt(attempt(6_000, 1), 0, true, at(6_010))).toBe(at(11_000));
    expect(nextAttemptAt(attempt(100_000, 1), 0, true, at(100_010))).toBe(at(330_000));
  });

  it.each([
    ["60 s while the solution is available", true, 70_000],
    ["1 h once it is gone", false, 7_200_000],
  ])("honors Retry-After for at most %s", (_name, solutionAvailable, nextMs) => {
    expect(nextAttemptAt(attempt(0, 1, 86_400_000), 0, solutionAvailable, at(100))).toBe(at(nextMs));
  });
});

describe("the webhook schedule for any receiver and jitter", () => {
  it("two attempts are never nearer than the gap that the schedule has at that place", () => {
    fc.assert(
      fc.property(answers, jitters, fc.integer({ min: 0, max: 50 }), (script, shares, lateMs) => {
        const sent = attemptsOf(script, shares, lateMs);
        for (const [index, ms] of sent.slice(1).entries()) {
          expect(ms - (sent[index] ?? 0)).toBeGreaterThanOrEqual(gapBefore(ms - lateMs));
        }
      }),
    );
  });

  it("every attempt is at a slot, within its jitter", () => {
    fc.assert(
      fc.property(answers, jitters, (script, shares) => {
        for (const ms of attemptsOf(script, shares)) {
          expect(SCHEDULE_MS.some((slot) => ms >= slot * 0.9 && ms <= Math.ceil(slot * 1.1))).toBe(true);
        }
      }),
    );
  });

  it("no attempt is sent before Retry-After, up to its limit, or before the last one was answered", () => {
    fc.assert(
      fc.property(answers, jitters, (script, shares) => {
        const sent = attemptsOf(script, shares);
        for (const [index, ms] of sent.slice(1).entries()) {
          const { tookMs, retryAfterMs } = script[Math.min(index, script.length - 1)] ?? { tookMs: 0, retryAfterMs: 0 };
          const answeredMs = (sent[index] ?? 0) + tookMs;
          const limitMs = answeredMs < 120_000 ? 60_000 : 3_600_000;
          expect(ms).toBeGreaterThan(answeredMs);
          expect(ms).toBeGreaterThanOrEqual(answeredMs + Math.min(retryAfterMs ?? 0, limitMs));
        }
      }),
    );
  });

  it("times are whole milliseconds", () => {
    fc.assert(
      fc.property(answers, jitters, (script, shares) => {
        expect(attemptsOf(script, shares).every(Number.isInteger)).toBe(true);
      }),
    );
  });
});
