// Properties of every sequence of events, and of all requests of a task from acceptance to purge.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyEvent } from "../../src/tasks/lifecycle.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import { newRecord, taskRecordSchema } from "../../src/tasks/record.ts";
import { isFinal } from "../../src/tasks/status.ts";
import { nextAction, nextWakeAt } from "../../src/tasks/timers.ts";
import {
  AT,
  aDelivery,
  admitted,
  aNewTask,
  aRecord,
  at,
  canceledRecord,
  failedRecord,
  HOOK,
  INTERVAL_MS,
  PROCESSING,
  polled,
  processing,
  readyRecord,
  SETTLED,
  submitting,
} from "../support/records.ts";
import { play, type SimulatedRequest, turns } from "../support/simulation.ts";
import { type Move, moves, stamp } from "../support/task-events.ts";

const anyRecord = fc.constantFrom(
  aRecord(),
  newRecord(aNewTask({ webhookUrl: HOOK, traceparent: "00-a-b-01", bodyHash: "hash" }), AT),
  admitted(),
  submitting(),
  processing(),
  readyRecord(),
  readyRecord({ ...SETTLED, delivery: aDelivery() }),
  failedRecord(),
  canceledRecord(SETTLED),
);

/** Every state that the moves lead to, with its time. */
function* states(
  start: TaskRecord,
  script: readonly Move[],
): Generator<{ before: TaskRecord; after: TaskRecord; now: number }> {
  let record = start;
  let now = at(10_000);
  for (const move of script) {
    now += move.afterMs;
    const before = record;
    record = applyEvent(before, stamp(move, now), now);
    yield { before, after: record, now };
  }
}

function always(rule: (state: { before: TaskRecord; after: TaskRecord; now: number }) => void): void {
  fc.assert(
    fc.property(anyRecord, moves, (start, script) => {
      for (const state of states(start, script)) rule(state);
    }),
    { numRuns: 400 },
  );
}

describe("after any sequence of events", () => {
  it("a final status and its outcome do not change", () => {
    always(({ before, after }) => {
      if (!isFinal(before.status)) return;
      const { status, finishedAt, error, solutionExpiresAt } = before;
      expect(after).toMatchObject({ status, finishedAt, error, solutionExpiresAt });
    });
  });

  it("an erased solution does not return", () => {
    always(({ before, after }) => {
      if (isFinal(before.status) && before.solution === null) expect(after.solution).toBeNull();
    });
  });

  it("there is a solution exactly while its state is available", () => {
    always(({ after }) => expect(after.solution !== null).toBe(after.solutionState === "available"));
  });

  it("the next alarm and the end of a sleep are in the future", () => {
    always(({ after, now }) => {
      expect(nextWakeAt(after, now)).toBeGreaterThan(now);
      const action = nextAction(after, now);
      if (action.tag === "sleep") expect(action.until).toBe(nextWakeAt(after, now));
    });
  });

  it("the alarm of an unfinished task is no later than its deadline", () => {
    always(({ after, now }) => {
      if (!isFinal(after.status))
        expect(nextWakeAt(after, now)).toBeLessThanOrEqual(Math.max(after.deadlineAt, now + 1));
    });
  });

  it("the record is the same after storage and parsing", () => {
    always(({ after }) => {
      const stored: unknown = JSON.parse(JSON.stringify(after));
      expect(taskRecordSchema.parse(stored)).toEqual(after);
      expect(taskRecordSchema.parse(structuredClone(after))).toEqual(after);
    });
  });

  it("a finished task has a time for its outcome report until it is reported", () => {
    always(({ after }) => {
      if (isFinal(after.status) && !after.settled) expect(after.settleAt).not.toBeNull();
    });
  });
});

describe("the timeline", () => {
  it("has at most 400 entries: `accepted` and the newest of the others", () => {
    let record = processing();
    for (let poll = 1; poll <= 1_000; poll += 1) record = applyEvent(record, polled(PROCESSING, at(poll)), at(poll));
    expect(record.polls).toBe(1_000);
    expect(record.events).toHaveLength(400);
    expect(record.events[0]).toStrictEqual({ at: AT, type: "accepted" });
    expect(record.events[1]?.at).toBe(at(602));
    expect(record.events.at(-1)?.at).toBe(at(1_000));
  });
});

const anyTask = fc.record({
  timeoutMs: fc.constantFrom(10_000, 120_000, 300_000),
  pollIntervalMs: fc.constantFrom(1_000, INTERVAL_MS, 7_000, 60_000),
  webhookUrl: fc.constantFrom(null, HOOK),
});

/** Simulates many tasks, and checks the requests of each with the rule. */
function inEverySimulation(rule: (requests: SimulatedRequest[], record: TaskRecord) => void): void {
  fc.assert(
    fc.property(anyTask, turns, (task, script) => {
      const { requests, record } = play(newRecord(aNewTask(task), AT), script);
      rule(requests, record);
    }),
    { numRuns: 400 },
  );
}

const named = (requests: readonly SimulatedRequest[], tag: SimulatedRequest["tag"]) =>
  requests.filter((request) => request.tag === tag);

describe("in a whole simulated task", () => {
  it("no poll is sent sooner than one interval after the last answer, or before the upstream's Retry-After", () => {
    inEverySimulation((requests) => {
      const polls = named(requests, "poll");
      for (const [index, poll] of polls.entries()) {
        const previous = polls[index - 1];
        if (previous === undefined) continue;
        const outcome = previous.turn.poll;
        const askedMs = "retryAfterMs" in outcome ? (outcome.retryAfterMs ?? 0) : 0;
        const pauseMs = Math.max(poll.before.pollIntervalMs, askedMs);
        expect(poll.sentAt - previous.answeredAt).toBeGreaterThanOrEqual(pauseMs);
      }
    });
  });

  it("the upstream gets the task at most twice, and a second time only after an unknown outcome", () => {
    inEverySimulation((requests, record) => {
      const taking = named(requests, "submit").filter(
        ({ turn: { create } }) =>
          [undefined, "created", "ready", "unknown"].includes(create?.tag) ||
          (create?.tag === "failed" && create.kind === "unsolvable"),
      );
      const unknown = taking.filter(({ turn: { create } }) => create === null || create.tag === "unknown");
      expect(unknown.length).toBeLessThanOrEqual(2);
      expect(taking.length).toBeLessThanOrEqual(Math.min(unknown.length + 1, 2));
      expect(record.hiddenSubmissions).toBeLessThanOrEqual(unknown.length);
      expect(record.submissions).toBeLessThanOrEqual(record.hiddenSubmissions + 1);
      // Without other events in between, each is counted when its outcome is known.
      for (const { before, after, turn } of taking) {
        if (turn.meanwhile === null) expect(after.submissions).toBe(before.submissions + 1);
      }
    });
  });

  it("no createTask is sent sooner than 3 s after one that was rejected", () => {
    inEverySimulation((requests) => {
      const submits = named(requests, "submit");
      for (const [index, { turn, answeredAt }] of submits.entries()) {
        const next = submits[index + 1];
        if (next === undefined || !["account", "transient"].includes(turn.create?.tag ?? "")) continue;
        expect(next.sentAt - answeredAt).toBeGreaterThanOrEqual(3_000);
      }
    });
  });

  it("no request is sent to the upstream after the deadline or the end of the task", () => {
    inEverySimulation((requests) => {
      for (const { tag, before, sentAt } of requests) {
        if (tag !== "submit" && tag !== "poll") continue;
        expect(sentAt).toBeLessThan(before.deadlineAt);
        expect(isFinal(before.status)).toBe(false);
      }
    });
  });

  it("a solution expires 120 s after the last request that was sent before there was one", () => {
    inEverySimulation((requests, record) => {
      if (record.status !== "ready") return;
      const unsolved = requests.filter(({ tag, turn }) =>
        tag === "submit"
          ? ["created", "ready"].includes(turn.create?.tag ?? "")
          : tag === "poll" && turn.poll.tag === "processing",
      );
      expect(record.solutionExpiresAt).toBe((unsolved.at(-1)?.sentAt ?? Number.NaN) + 120_000);
      expect(record.solutionBestBefore).toBe((record.solutionExpiresAt ?? Number.NaN) - 60_000);
    });
  });

  it("no webhook is sent with a solution that has expired", () => {
    inEverySimulation((requests) => {
      for (const { before, sentAt } of named(requests, "deliver")) {
        expect(before.delivery?.state).toBe("pending");
        if (before.solution !== null) expect(sentAt).toBeLessThan(before.solutionExpiresAt ?? 0);
      }
    });
  });
});
