// Converts a task's record to the Task of the API, for responses and webhooks. Pure.

import { rfc3339, rfc3339OrNull } from "../rfc3339.ts";
import type { DeliveryAttempt, WebhookState } from "../webhooks/delivery.ts";
import { attemptAtOf } from "../webhooks/delivery.ts";
import type { AcceptedTask, StoredSolution, TaskError, TaskRecord } from "./record.ts";
import type { SolutionState, TaskStatus } from "./status.ts";
import { isFinal } from "./status.ts";
import { TASK_ID_PREFIX } from "./task-id.ts";

/** The Task of the API. Times are RFC 3339 in UTC with milliseconds. */
export interface Task {
  readonly id: string;
  readonly status: TaskStatus;
  readonly mode: "live" | "test";
  readonly task: AcceptedTask;
  readonly reference: string | null;
  readonly metadata: Record<string, string>;
  readonly compatTaskId: number | null;
  readonly createdAt: string;
  readonly submittedAt: string | null;
  readonly finishedAt: string | null;
  readonly deadlineAt: string;
  /** What a queued task waits for: a free slot of its tenant, or a working upstream account. */
  readonly waitingFor: "slot" | "upstream" | null;
  /** When the next step of an unfinished task is due. */
  readonly nextStepAt: string | null;
  readonly solution: StoredSolution | null;
  readonly solutionState: SolutionState;
  readonly solutionExpiresAt: string | null;
  readonly solutionBestBefore: string | null;
  readonly error: TaskError | null;
  readonly polls: number;
  readonly submissions: number;
  readonly webhook: {
    readonly url: string;
    readonly state: WebhookState;
    readonly attempts: number;
    readonly lastStatus: number | null;
    readonly nextAttemptAt: string | null;
  } | null;
}

/** An entry of the timeline in the API. */
export interface TimelineEvent {
  readonly at: string;
  readonly type: string;
  readonly durationMs?: number | undefined;
  readonly detail?: string | undefined;
  /** For a webhook attempt: the HTTP status, or null if there was no response. */
  readonly status?: number | null | undefined;
  /** For a webhook attempt: why it failed, or null if the status explains it. */
  readonly error?: string | null | undefined;
  /** For a webhook attempt: the first 256 characters of the response body, or null. */
  readonly responseBody?: string | null | undefined;
}

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
