// What an object concludes from storage after an eviction, where the alarm is the only trace of the last poll. Two guarantees:
// `notReadyAt` is never too late, and no poll is sent too soon after one that may have been sent.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyEvent } from "../../src/tasks/lifecycle.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import { newRecord, taskRecordSchema } from "../../src/tasks/record.ts";
import { recover } from "../../src/tasks/recover.ts";
import { isFinal } from "../../src/tasks/status.ts";
import { nextAction, nextWakeAt } from "../../src/tasks/timers.ts";
import type { PollOutcome } from "../../src/upstream/protocol.ts";
import {
  AT,
  admitted,
  aNewTask,
  aRecord,
  at,
  CREATED,
  canceledRecord,
  INTERVAL_MS,
  polled,
  processing,
  readyRecord,
  submitted,
} from "../support/records.ts";
import { pollWithoutEnd, REQUEST_MS } from "../support/task-events.ts";

const recovered = (record: TaskRecord, alarmMs: number | null, ms: number): TaskRecord =>
  recover(record, alarmMs === null ? null : at(alarmMs), at(ms), REQUEST_MS);

describe("recover()", () => {
  it.each([
    ["queued", aRecord()],
    ["to be submitted", admitted()],
    ["ready", readyRecord()],
    ["canceled", canceledRecord()],
  ])("does not change the record of a task that is %s", (_name, record) => {
    expect(recovered(record, 3_100, 90_000)).toBe(record);
  });

  it("assumes polls that wrote nothing if the alarm is after the step, the last answered one interval before the alarm", () => {
    expect(recovered(processing(), 33_000, 33_010)).toMatchObject({ stepAt: at(33_000), unsolvedAt: at(20_000) });
  });

  it("assumes no poll that wrote nothing if the alarm is at the step", () => {
    expect(recovered(processing(), 3_100, 3_110)).toMatchObject({ stepAt: at(3_100), unsolvedAt: AT });
  });

  it("keeps a later `unsolvedAt` of the record", () => {
    expect(recovered(processing({ unsolvedAt: at(3_000) }), 6_200, 6_210).unsolvedAt).toBe(at(3_000));
  });

  it("does not take the alarm after failed polls as proof of a poll without a solution", () => {
    expect(recovered(processing({ faults: 2 }), 33_000, 33_010).unsolvedAt).toBe(AT);
  });

  it.each([
    [250, 33_000],
    [251, 36_251],
    [60_000, 96_000],
  ])(
    "schedules the poll of an alarm that rings %i ms late at %i ms, because it may be ringing a second time",
    (lateMs, stepMs) => {
      expect(recovered(processing(), 33_000, 33_000 + lateMs).stepAt).toBe(at(stepMs));
    },
  );

  it("keeps the alarm's time if the record is read before", () => {
    expect(recovered(processing(), 33_000, 31_000).stepAt).toBe(at(33_000));
  });
});

/** One alarm: how late it rings, what its poll returns, and whether and when the object crashes. */
interface Ring {
  readonly lateMs: number;
  readonly tookMs: number;
  readonly outcome: PollOutcome;
  readonly crash: "none" | "during the poll" | "after the answer";
  /** From the crash until storage is read again. */
  readonly restartMs: number;
}

const rings: fc.Arbitrary<Ring[]> = fc.array(
  fc.record({
    lateMs: fc.integer({ min: 0, max: 200 }),
    tookMs: fc.integer({ min: 0, max: REQUEST_MS }),
    outcome: pollWithoutEnd,
    crash: fc.constantFrom("none" as const, "during the poll" as const, "after the answer" as const),
    // No restart takes less than a quarter of a second.
    restartMs: fc.oneof(fc.integer({ min: 251, max: 20_000 }), fc.integer({ min: 251, max: 3_100 })),
  }),
  { minLength: 1, maxLength: 30 },
);

/** What the object stores after a poll: nothing if it returned `processing` and no failure came before it. */
function onDisk(disk: TaskRecord, before: TaskRecord, after: TaskRecord, outcome: PollOutcome): TaskRecord {
  const unwritten = outcome.tag === "processing" && before.faults === 0 && !before.lastExchangeFailed;
  return unwritten ? disk : taskRecordSchema.parse(JSON.parse(JSON.stringify(after)));
}

interface Simulation {
  /** Each poll: when it was sent, and the last time at which it may have reached upstream or been answered. */
  readonly polls: { readonly sentAt: number; readonly endedAt: number }[];
  /** Each recovery: the real value of `notReadyAt`, and the value that was concluded. */
  readonly recoveries: { readonly actual: number; readonly concluded: number | null }[];
}

function simulate(pollIntervalMs: number, script: readonly Ring[]): Simulation {
  const result: Simulation = { polls: [], recoveries: [] };
  const fresh = newRecord(aNewTask({ pollIntervalMs, timeoutMs: 300_000 }), AT);
  let memory = applyEvent(
    { ...fresh, stage: "submission", intentAt: AT, sending: true },
    submitted(CREATED, AT),
    at(100),
  );
  let disk = memory;
  let actual = AT;
  let now = at(100);
  let alarmAt = nextWakeAt(memory, now);

  const reload = () => {
    memory = recover(disk, alarmAt, now, REQUEST_MS);
    disk = memory;
    result.recoveries.push({ actual, concluded: memory.unsolvedAt });
  };

  for (const ring of script) {
    now = Math.max(now, alarmAt + ring.lateMs);
    memory = applyEvent(memory, { tag: "clock" }, now);
    if (isFinal(memory.status)) break;
    if (nextAction(memory, now).tag === "poll") {
      const sentAt = now;
      const answeredAt = sentAt + ring.tookMs;
      now = answeredAt;
      result.polls.push({ sentAt, endedAt: answeredAt });
      if (ring.crash === "during the poll") {
        now += ring.restartMs;
        reload();
        alarmAt = nextWakeAt(memory, now);
        continue;
      }
      const before = memory;
      memory = applyEvent(before, polled(ring.outcome, sentAt), now);
      disk = onDisk(disk, before, memory, ring.outcome);
      if (ring.outcome.tag === "processing") actual = sentAt;
    }
    alarmAt = nextWakeAt(memory, now);
    if (ring.crash === "after the answer") {
      now += ring.restartMs;
      reload();
    }
  }
  return result;
}

const interval = fc.constantFrom(1_000, INTERVAL_MS, 20_000);

describe("after any number of crashes", () => {
  it("the concluded notReadyAt is never later than the real one", () => {
    fc.assert(
      fc.property(interval, rings, (pollIntervalMs, script) => {
        for (const { actual, concluded } of simulate(pollIntervalMs, script).recoveries) {
          expect(concluded).toBeLessThanOrEqual(actual);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("no poll is sent sooner than one interval after one that may have been sent", () => {
    fc.assert(
      fc.property(interval, rings, (pollIntervalMs, script) => {
        const { polls } = simulate(pollIntervalMs, script);
        for (const [index, poll] of polls.entries()) {
          const previous = polls[index - 1];
          if (previous !== undefined) expect(poll.sentAt - previous.endedAt).toBeGreaterThanOrEqual(pollIntervalMs);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("the concluded notReadyAt is at most one request too early if every poll returns processing", () => {
    fc.assert(
      fc.property(rings, (script) => {
        const processingOnly = script.map((ring): Ring => ({ ...ring, outcome: { tag: "processing" } }));
        for (const { actual, concluded } of simulate(INTERVAL_MS, processingOnly).recoveries) {
          expect(actual - (concluded ?? 0)).toBeLessThanOrEqual(REQUEST_MS);
        }
      }),
    );
  });
});
