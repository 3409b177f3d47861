// What the outcome of a createTask, known or unknown, makes of a task. Pure.

import { backoffMs } from "./backoff.ts";
import { fail, ready, rejected } from "./ending.ts";
import type { TaskEvent } from "./events.ts";
import { failureMessage } from "./failure-message.ts";
import { withoutIntent } from "./intent.ts";
import type { TaskRecord } from "./record.ts";
import { withTimelineEntry } from "./timeline.ts";
import { firstPollAt } from "./timers.ts";

/** After an unknown outcome the one resubmission comes this much later (ms), when a task that was created is under way. */
const RESUBMIT_MS = 5_000;

/** Unknown outcomes after which a task fails: the first send, and one more. Each may have been charged for. */
const MAX_UNKNOWN_OUTCOMES = 2;

type SubmittedEvent = Extract<TaskEvent, { tag: "submitted" }>;

/** Applies the outcome of a createTask to a queued task. */
export function onSubmitted(record: TaskRecord, event: SubmittedEvent, now: number): TaskRecord {
  const { outcome, sentAt } = event;
  const durationMs = now - sentAt;
  switch (outcome.tag) {
    case "created": {
      const taken = accepted(record, event, now, outcome.taskId);
      return withTimelineEntry({ ...taken, stepAt: firstPollAt(record, now) }, now, "submitted", { durationMs });
    }
    case "ready": {
      const taken = withTimelineEntry(accepted(record, event, now, outcome.taskId), now, "submitted", { durationMs });
      return ready(taken, outcome.solution, event.solver, now);
    }
    case "unknown":
      return onUnknownOutcome(record, sentAt, outcome.reason, now);
    case "failed":
      return rejected(record, outcome.kind, outcome.code, outcome.description, now);
    case "account": {
      // Asks for a permit at once: another account may work, and without one the task is held.
      const next: TaskRecord = { ...withRejectedSend(record), stepAt: now, lastExchangeFailed: true };
      return withTimelineEntry(next, now, "submission_refused", { durationMs, detail: "upstream_unavailable" });
    }
    case "transient":
      return submissionRejected(record, outcome.reason, outcome.retryAfterMs, durationMs, now);
  }
}

function accepted(
  record: TaskRecord,
  { sentAt, account }: SubmittedEvent,
  now: number,
  upstreamTaskId: string | null,
): TaskRecord {
  return {
    ...record,
    ...(account === undefined ? {} : { upstreamAccount: account }),
    status: "processing",
    submissions: record.submissions + 1,
    upstreamTaskId,
    submittedAt: now,
    // When the request was sent, not when it was answered: a solution cannot be older than the request for it.
    unsolvedAt: sentAt,
    faults: 0,
    lastExchangeFailed: false,
  };
}

function submissionRejected(
  record: TaskRecord,
  reason: string,
  retryAfterMs: number | null,
  durationMs: number,
  now: number,
): TaskRecord {
  const faults = record.faults + 1;
  const stepAt = now + backoffMs(faults, 0, retryAfterMs);
  const next: TaskRecord = { ...withRejectedSend(record), faults, stepAt, lastExchangeFailed: true };
  return withTimelineEntry(next, now, "submission_refused", { durationMs, detail: reason });
}

function withRejectedSend(record: TaskRecord): TaskRecord {
  return { ...record, rejectedSends: (record.rejectedSends ?? 0) + 1 };
}

/**
 * The upstream may have accepted the task: it is submitted once more, and a second unknown outcome fails it.
 * @param sentAt when the createTask was sent, or may have been (ms since the epoch)
 */
export function onUnknownOutcome(record: TaskRecord, sentAt: number, reason: string, now: number): TaskRecord {
  const next = withTimelineEntry(
    {
      ...withoutIntent(record),
      submissions: record.submissions + 1,
      hiddenSubmissions: record.hiddenSubmissions + 1,
      lastExchangeFailed: true,
      stepAt: now + RESUBMIT_MS,
    },
    now,
    "submission_hidden",
    { durationMs: Math.max(now - sentAt, 0), detail: reason },
  );
  return next.hiddenSubmissions < MAX_UNKNOWN_OUTCOMES
    ? next
    : fail(next, "upstream_unavailable", failureMessage(next, "The upstream gave no readable answer, twice."), now);
}

/** The outcome of a createTask whose task is final by now. The upstream may have accepted it, so it counts. */
export function countLateSend(record: TaskRecord, event: SubmittedEvent | { readonly tag: "interrupted" }): TaskRecord {
  if (record.intentAt === null) return record;
  const taken = event.tag === "interrupted" || ["created", "ready", "unknown"].includes(event.outcome.tag);
  return { ...withoutIntent(record), submissions: record.submissions + (taken ? 1 : 0) };
}
