// Runs a task without its object: a loop takes what is due, gets the outcome of the request from a script, and applies the event, as
// the object does. No I/O and no real time.

import * as fc from "fast-check";
import type { AdmissionOutcome, TaskEvent } from "../../src/tasks/events.ts";
import { applyEvent } from "../../src/tasks/lifecycle.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import type { Action } from "../../src/tasks/timers.ts";
import { nextAction, nextWakeAt } from "../../src/tasks/timers.ts";
import type { CreateOutcome, PollOutcome } from "../../src/upstream/protocol.ts";
import type { DeliveryOutcome } from "../../src/webhooks/outcome.ts";
import { AT, ENDPOINT, polled, submitted } from "./records.ts";
import { admissionOutcome, createOutcome, deliveryOutcome, jitter, pollOutcome, REQUEST_MS } from "./task-events.ts";

/** One turn: how late the alarm rings, how long the request takes, its outcome, and an event meanwhile. */
export interface Turn {
  readonly lateMs: number;
  readonly tookMs: number;
  readonly admission: AdmissionOutcome;
  /** Null: the object crashes before the answer, and finds the intent when it is loaded again. */
  readonly create: CreateOutcome | null;
  readonly poll: PollOutcome;
  readonly reportSucceeds: boolean;
  readonly delivery: DeliveryOutcome;
  readonly jitter: number;
  readonly meanwhile: TaskEvent | null;
}

const meanwhile: fc.Arbitrary<TaskEvent> = fc.oneof(
  fc.record({ tag: fc.constantFrom("clock" as const, "woken" as const, "cancel" as const, "claim" as const) }),
  fc.record({ tag: fc.constant("redeliver" as const), endpoint: fc.constantFrom(null, ENDPOINT) }),
);

/** Mostly turns that do not end the task, so that scripts reach later states. */
export const turns: fc.Arbitrary<Turn[]> = fc.array(
  fc.record({
    lateMs: fc.oneof({ arbitrary: fc.integer({ min: 0, max: 50 }), weight: 4 }, fc.integer({ min: 0, max: 60_000 })),
    tookMs: fc.integer({ min: 0, max: REQUEST_MS }),
    admission: fc.oneof({ arbitrary: fc.constant({ tag: "admitted" as const }), weight: 4 }, admissionOutcome),
    create: fc.option(createOutcome, { freq: 6 }),
    poll: pollOutcome,
    reportSucceeds: fc.boolean(),
    delivery: deliveryOutcome,
    jitter,
    meanwhile: fc.oneof({ arbitrary: fc.constant(null), weight: 7 }, meanwhile),
  }),
  { minLength: 1, maxLength: 60 },
);

/** One request, with the record when it was sent and the record after its answer. */
export interface SimulatedRequest {
  readonly tag: Exclude<Action["tag"], "sleep" | "purge">;
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly turn: Turn;
  readonly before: TaskRecord;
  readonly after: TaskRecord;
}

function eventOf(tag: SimulatedRequest["tag"], turn: Turn, sentAt: number): TaskEvent {
  switch (tag) {
    case "admit":
      return { tag: "admission", outcome: turn.admission };
    case "submit":
      return turn.create === null ? { tag: "interrupted" } : submitted(turn.create, sentAt);
    case "poll":
      return polled(turn.poll, sentAt);
    case "report":
      return turn.reportSucceeds ? { tag: "outcome_recorded", endpoint: ENDPOINT } : { tag: "report_failed" };
    case "deliver":
      return { tag: "delivered", sentAt, outcome: turn.delivery, jitter: turn.jitter };
  }
}

/** Runs a script on a record until the script ends or the task is purged. */
export function play(start: TaskRecord, script: readonly Turn[]): { requests: SimulatedRequest[]; record: TaskRecord } {
  const requests: SimulatedRequest[] = [];
  let record = start;
  let now = AT;
  for (const turn of script) {
    now += turn.lateMs;
    record = applyEvent(record, { tag: "clock" }, now);
    const action = nextAction(record, now);
    if (action.tag === "purge") break;
    if (action.tag === "sleep") {
      now = action.until;
      continue;
    }
    const before = action.tag === "submit" ? applyEvent(record, { tag: "submitting" }, now) : record;
    const sentAt = now;
    record =
      turn.meanwhile === null ? before : applyEvent(before, turn.meanwhile, sentAt + Math.floor(turn.tookMs / 2));
    now += turn.tookMs;
    record = applyEvent(record, eventOf(action.tag, turn, sentAt), now);
    requests.push({ tag: action.tag, sentAt, answeredAt: now, turn, before, after: record });
    now = nextWakeAt(record, now);
  }
  return { requests, record };
}
