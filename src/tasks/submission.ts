// Applies the outcome of createTask to a task. Pure.

import { isAccepted } from "../upstream/protocol.ts";
import { backoffMs } from "./backoff.ts";
import { fail, ready, rejected } from "./ending.ts";
import type { TaskEvent } from "./events.ts";
import { failureMessage } from "./failure-message.ts";
import { withoutIntent } from "./intent.ts";
import type { TaskRecord } from "./record.ts";
import { withTimelineEntry } from "./timeline.ts";
import { firstPollAt } from "./timers.ts";

/** The delay (ms) of the resubmission after an unknown outcome. */
const RESUBMIT_MS = 5_000;

/** The number of unknown outcomes after which a task fails, because each may have been charged. */
const MAX_UNKNOWN_OUTCOMES = 2;

type SubmittedEvent = Extract<TaskEvent, { tag: "submitted" }>;

/** Applies the outcome of a createTask to a queued task. */
export function onSubmitted(record: TaskRecord, event: SubmittedEvent, now: number): TaskRecord {
  const { outcome, sentAt } = event;
  const durationMs = now - sentAt;
  switch (outcome.tag) {
    case "created":
      return { ...accepted(record, event, now, outcome.taskId), stepAt: firstPollAt(record, now) };
    case "ready":
      return ready(accepted(record, event, now, outcome.taskId), outcome.solution, event.solver, now);
    case "unknown":
      return onUnknownOutcome(record, sentAt, outcome.reason, now);
    case "failed": {
      const next = isAccepted(outcome) ? accepted(record, event, now, null) : record;
      return rejected(next, outcome.kind, outcome.code, outcome.description, now);
    }
    case "account":
      return accountRejected(record, event.account, durationMs, now);
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
  const next: TaskRecord = {
    ...record,
    ...(account === undefined ? {} : { upstreamAccount: account }),
    status: "processing",
    submissions: record.submissions + 1,
    upstreamTaskId,
    submittedAt: now,
    // The time of the request and not of the response, because the upstream may have solved the task in between.
    unsolvedAt: sentAt,
    faults: 0,
    lastExchangeFailed: false,
  };
  return withTimelineEntry(next, now, "submitted", { durationMs: now - sentAt });
}

/** Applies an error of the operator's account. The reason does not reveal it, because tenants can read it. */
function accountRejected(record: TaskRecord, account: string | undefined, durationMs: number, now: number): TaskRecord {
  const reason = "upstream_unavailable";
  // The sandbox has no other account.
  if (account === undefined) return submissionRejected(record, reason, null, durationMs, now);
  const rejected = withRejectedSend(record);
  const retryAt = now + backoffMs(rejected.rejectedSends ?? 1, 0, null);
  const next: TaskRecord = {
    ...rejected,
    accountRetryAt: { ...record.accountRetryAt, [account]: retryAt },
    // Request a permit immediately, because another account may work.
    stepAt: now,
    lastExchangeFailed: true,
  };
  return withTimelineEntry(next, now, "submission_refused", { durationMs, detail: reason });
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
 * Applies an unknown outcome. The task is submitted once more. A second unknown outcome fails it.
 * @param sentAt when createTask was sent or may have been sent (ms since the epoch)
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
    : fail(
        next,
        "upstream_unavailable",
        failureMessage(next, "The upstream returned no readable response, twice."),
        now,
      );
}

/** Counts a submission whose outcome arrives after the task became final, if the upstream may have accepted it. */
export function countLateSend(record: TaskRecord, event: SubmittedEvent | { readonly tag: "interrupted" }): TaskRecord {
  if (record.intentAt === null) return record;
  const counts = event.tag === "interrupted" || event.outcome.tag === "unknown" || isAccepted(event.outcome);
  return { ...withoutIntent(record), submissions: record.submissions + (counts ? 1 : 0) };
}
