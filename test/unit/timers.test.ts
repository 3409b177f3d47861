// The timers of a task: what is due first, when the alarm rings, and the pauses between retries.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs, internalBackoffMs } from "../../src/tasks/backoff.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import type { Action } from "../../src/tasks/timers.ts";
import { nextAction, nextWakeAt } from "../../src/tasks/timers.ts";
import {
  aDelivery,
  admitted,
  aRecord,
  at,
  canceledRecord,
  failedRecord,
  processing,
  RETENTION_MS,
  readyRecord,
  SETTLED,
} from "../support/records.ts";

const DAY = RETENTION_MS;
/** The end of the retention of the builders' finished tasks, in ms after they were accepted. */
const PURGE = 10_000 + DAY;

describe("nextAction()", () => {
  const sleep = (ms: number): Action => ({ tag: "sleep", until: at(ms) });
  const due = (ms: number | null) => aDelivery({ nextAttemptAt: ms === null ? null : at(ms) });
  it.each<[string, TaskRecord, number, Action]>([
    ["a new task is to be admitted", aRecord(), 0, { tag: "admit" }],
    ["a waiting task asks again on time", aRecord({ stage: "waiting" }), 0, { tag: "admit" }],
    ["a waiting task sleeps", aRecord({ stage: "waiting", stepAt: at(30_000) }), 1, sleep(30_000)],
    ["an admitted task is to be submitted", admitted(), 0, { tag: "submit" }],
    ["a postponed submission sleeps", admitted({ stepAt: at(5_000) }), 4_999, sleep(5_000)],
    [
      "a submission that is postponed beyond the deadline sleeps until the deadline",
      admitted({ stepAt: at(130_000) }),
      1,
      sleep(120_000),
    ],
    ["a processing task sleeps until its poll", processing(), 3_099, sleep(3_100)],
    ["a processing task is polled on time", processing(), 3_100, { tag: "poll" }],
    ["a processing task is polled late", processing(), 60_000, { tag: "poll" }],
    ["a finished task reports its outcome", canceledRecord(), 10_000, { tag: "report" }],
    [
      "a finished task without a time for its outcome report reports at once",
      canceledRecord({ settleAt: null }),
      10_000,
      { tag: "report" },
    ],
    ["the outcome report comes before the webhook", readyRecord({ delivery: due(10_000) }), 10_000, { tag: "report" }],
    [
      "a webhook does not wait for an outcome report that is postponed",
      readyRecord({ settleAt: at(11_000), delivery: due(10_000) }),
      10_000,
      { tag: "deliver" },
    ],
    [
      "a postponed webhook attempt sleeps",
      readyRecord({ ...SETTLED, delivery: aDelivery({ nextAttemptAt: at(10_000), postponedUntil: at(14_000) }) }),
      11_000,
      sleep(14_000),
    ],
    [
      "a reported task delivers its webhook",
      readyRecord({ ...SETTLED, delivery: due(10_000) }),
      10_000,
      { tag: "deliver" },
    ],
    ["a later attempt sleeps", readyRecord({ ...SETTLED, delivery: due(12_000) }), 11_000, sleep(12_000)],
    ["the expiry of the solution wakes", readyRecord({ ...SETTLED, delivery: due(null) }), 11_000, sleep(125_000)],
    ["a task without a solution sleeps until its purge", failedRecord(SETTLED), 11_000, sleep(PURGE)],
    ["a reported task is purged at the end of its retention", failedRecord(SETTLED), PURGE, { tag: "purge" }],
    [
      "a webhook that is due comes before the purge",
      failedRecord({ ...SETTLED, delivery: due(1) }),
      PURGE,
      { tag: "deliver" },
    ],
    ["an outcome report that is due comes before the purge", failedRecord(), PURGE + DAY, { tag: "report" }],
    [
      "a task whose outcome is not reported is kept beyond its retention",
      failedRecord({ settleAt: at(PURGE + 9) }),
      PURGE,
      sleep(PURGE + 9),
    ],
    [
      "a task whose outcome is not reported is kept for one more retention at most",
      failedRecord({ settleAt: at(3 * DAY) }),
      PURGE + DAY,
      { tag: "purge" },
    ],
  ])("%s", (_name, record, ms, expected) => {
    expect(nextAction(record, at(ms))).toStrictEqual(expected);
  });
});

describe("nextWakeAt()", () => {
  it.each<[string, TaskRecord, number, number]>([
    ["of a new task is 1 ms later", aRecord(), 0, 1],
    ["of a step in the past is 1 ms later", processing(), 50_000, 50_001],
    ["of a poll is the time of its step", processing(), 1_000, 3_100],
    ["of a step beyond the deadline is the deadline", processing({ stepAt: at(150_000) }), 1_000, 120_000],
    [
      "of a task that is not reported is the time of the outcome report",
      failedRecord({ settleAt: at(15_000) }),
      11_000,
      15_000,
    ],
    [
      "is the expiry of the solution, if that is next",
      readyRecord({ ...SETTLED, delivery: aDelivery({ nextAttemptAt: at(310_000) }) }),
      90_000,
      125_000,
    ],
    [
      "is the next attempt, if that is next",
      readyRecord({ ...SETTLED, delivery: aDelivery({ nextAttemptAt: at(80_000) }) }),
      60_000,
      80_000,
    ],
    [
      "is not the expiry of a solution that was claimed",
      readyRecord({ ...SETTLED, solution: null, solutionState: "claimed" }),
      60_000,
      PURGE,
    ],
    ["of a task with nothing left to do is its purge", canceledRecord(SETTLED), 60_000, PURGE],
  ])("%s", (_name, record, ms, expected) => {
    expect(nextWakeAt(record, at(ms))).toBe(at(expected));
  });
});

describe("the pause after a failure", () => {
  it.each([
    [1, 3_000],
    [2, 6_000],
    [3, 12_000],
    [4, 15_000],
    [5, 15_000],
    [400, 15_000],
  ])("number %i in a row is %i ms", (failures, pauseMs) => {
    expect(backoffMs(failures, 0, null)).toBe(pauseMs);
  });

  it("is never shorter than the poll interval or Retry-After", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 0, max: 60_000 }),
        fc.option(fc.integer({ min: 0, max: 60_000 })),
        (failures, floorMs, retryAfterMs) => {
          const pauseMs = backoffMs(failures, floorMs, retryAfterMs);
          expect(pauseMs).toBe(Math.max(backoffMs(failures, 0, null), floorMs, retryAfterMs ?? 0));
        },
      ),
    );
  });

  it("inside the gateway is 1, 2, 5, 15, then always 60 s", () => {
    const pauses = [1, 2, 3, 4, 5, 6, 60].map(internalBackoffMs);
    expect(pauses).toEqual([1_000, 2_000, 5_000, 15_000, 60_000, 60_000, 60_000]);
  });
});
