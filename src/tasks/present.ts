// Converts a task's record to the Task of the API, for responses and webhooks. Pure.

import type { z } from "zod";
import { rfc3339, rfc3339OrNull } from "../rfc3339.ts";
import type { taskViewSchema, timelineSchema } from "../schemas/tasks.ts";
import type { DeliveryAttempt } from "../webhooks/delivery.ts";
import { attemptAtOf } from "../webhooks/delivery.ts";
import type { TaskRecord } from "./record.ts";
import { isFinal } from "./status.ts";
import { TASK_ID_PREFIX } from "./task-id.ts";

/** The Task of the API. */
export type Task = z.output<typeof taskViewSchema>;

/** An entry of the timeline in the API. */
export type TimelineEvent = z.output<typeof timelineSchema>["events"][number];

/** The Task of a record. */
export function presentTask(record: TaskRecord): Task {
  const { delivery } = record;
  return {
    id: TASK_ID_PREFIX + record.id,
    status: record.status,
    mode: record.mode,
    task: record.task,
    reference: record.reference ?? null,
    metadata: record.metadata,
    compatTaskId: record.compatTaskId ?? null,
    createdAt: rfc3339(record.createdAt),
    submittedAt: rfc3339OrNull(record.submittedAt),
    finishedAt: rfc3339OrNull(record.finishedAt),
    deadlineAt: rfc3339(record.deadlineAt),
    waitingFor: waitingForOf(record),
    nextStepAt: isFinal(record.status) ? null : rfc3339(Math.min(record.stepAt, record.deadlineAt)),
    solution: record.solution,
    solutionState: record.solutionState,
    solutionExpiresAt: rfc3339OrNull(record.solutionExpiresAt),
    solutionBestBefore: rfc3339OrNull(record.solutionBestBefore),
    error: record.error,
    polls: record.polls,
    submissions: record.submissions,
    webhook:
      delivery === null
        ? null
        : {
            url: delivery.url,
            state: delivery.state,
            attempts: delivery.attempts,
            lastStatus: delivery.lastStatus,
            nextAttemptAt: rfc3339OrNull(attemptAtOf(delivery)),
          },
  };
}

function waitingForOf({ status, stage, lastExchangeFailed }: TaskRecord): Task["waitingFor"] {
  if (status !== "queued") return null;
  if (stage === "waiting") return "slot";
  return lastExchangeFailed ? "upstream" : null;
}

/** The timeline of a record: its events and webhook attempts in chronological order. */
export function presentTimeline(record: TaskRecord): TimelineEvent[] {
  const attempts = (record.delivery?.log ?? []).map((attempt) => ({ at: attempt.at, event: presentAttempt(attempt) }));
  const events = record.events.map(({ at, ...rest }) => ({ at, event: { at: rfc3339(at), ...rest } }));
  return [...events, ...attempts].sort((a, b) => a.at - b.at).map(({ event }) => event);
}

function presentAttempt(attempt: DeliveryAttempt): TimelineEvent {
  const { at, durationMs, status, error, responseBody = null } = attempt;
  return { at: rfc3339(at), type: "webhook", durationMs, status, error, responseBody };
}
