// The lifecycle of a task. PURE: `(record, event, now) → record`, the same record where a fact no longer matters. Final states
// absorb: a late answer, a second cancel, a wake-up for a canceled task change nothing. Refuses I/O, clocks and randomness.

import type { FailureKind, PollOutcome, Solution } from "../upstream/protocol.ts";
import { backoffMs, internalBackoffMs, lastingBackoffMs } from "./backoff.ts";
import {
  adoptEndpoint,
  followEndpoint,
  markReported,
  postponeAttempt,
  postponeAttemptUntil,
  postponeReport,
  recordAttempt,
  restartDelivery,
} from "./completion.ts";
import type { AdmissionOutcome, Solver, TaskEvent } from "./events.ts";
import { answerMessage, deadlineMessage, failureMessage } from "./failure-message.ts";
import type { StoredSolution, TaskError, TaskRecord } from "./record.ts";
import { claimSolution, expireSolution, solutionTimes } from "./solution.ts";
import type { TaskErrorCode } from "./status.ts";
import { isFinal } from "./status.ts";
import { withTimelineEntry } from "./timeline.ts";
import { firstPollAt, MAX_UNKNOWN_OUTCOMES, RESUBMIT_MS, WAITING_RECHECK_MS } from "./timers.ts";

/** A send whose answer comes, or is lost, after a cancel or the deadline: upstream may have taken it, so it counts. */
function countLateSend(
  record: TaskRecord,
  event: Extract<TaskEvent, { tag: "submitted" | "interrupted" }>,
): TaskRecord {
  if (record.intentAt === null) return record;
  const taken = event.tag === "interrupted" || ["created", "ready", "unknown"].includes(event.outcome.tag);
  return { ...withoutIntent(record), submissions: record.submissions + (taken ? 1 : 0) };
}

/** The record without an intent to submit: the send is over, or was given up. */
function withoutIntent({ sending: _, ...record }: TaskRecord): TaskRecord {
  return { ...record, intentAt: null };
}

/** Drops an intent whose createTask was not sent yet: something else comes first, and a later submission stores its own. */
function withoutUnsentIntent(record: TaskRecord): TaskRecord {
  return record.intentAt === null || record.sending === true ? record : withoutIntent(record);
}

/** Applies one event. Returns the very same record where nothing changes. */
export function applyEvent(record: TaskRecord, event: TaskEvent, now: number): TaskRecord {
  switch (event.tag) {
    case "clock":
      return onClock(record, now);
    case "claim":
      return claimSolution(record, now);
    case "numbered":
      return { ...record, compatTaskId: event.number };
    case "endpoint_known":
      return adoptEndpoint(record, event.endpoint, now);
    case "outcome_recorded":
      return markReported(record, event.endpoint, now);
    case "report_failed":
      return postponeReport(record, now);
    case "delivered":
      return recordAttempt(record, event, now);
    case "endpoint_changed":
      return followEndpoint(record, event.endpoint);
    case "webhook_settings_missing":
      return postponeAttempt(record, now);
    case "redeliver":
      return restartDelivery(record, event.endpoint, now);
    case "step_failed":
      return onStepFailed(record, event.limit, now);
    case "step_succeeded":
      return record.strikes === 0 ? record : { ...record, strikes: 0, pausedUntil: null };
    case "submitted":
    case "interrupted":
      return isFinal(record.status) ? countLateSend(record, event) : applyToUnfinished(record, event, now);
    default:
      return isFinal(record.status) ? record : applyToUnfinished(record, event, now);
  }
}

type UnfinishedTaskEvent = Extract<
  TaskEvent,
  { tag: "admission" | "woken" | "rearmed" | "submitting" | "submitted" | "held" | "interrupted" | "polled" | "cancel" }
>;

function applyToUnfinished(record: TaskRecord, event: UnfinishedTaskEvent, now: number): TaskRecord {
  switch (event.tag) {
    case "admission":
      return onAdmission(record, event.outcome, now);
    case "woken":
      return record.stage === "waiting" ? { ...record, stepAt: now } : record;
    case "rearmed":
      // The alarm that is set now follows no poll's answer: with its moment on disk, no later load takes it for the trace of one.
      return record.status === "processing" && record.stepAt <= now ? { ...record, stepAt: now + 1 } : record;
    case "submitting":
      return record.status === "queued" ? { ...record, intentAt: record.intentAt ?? now, sending: true } : record;
    case "submitted":
      return record.status === "queued" ? onSubmitted(withoutIntent(record), event, now) : record;
    case "held":
      if (record.status !== "queued") return record;
      return withTimelineEntry(
        { ...withoutUnsentIntent(record), stepAt: event.until, lastExchangeFailed: true },
        now,
        "held",
        {
          detail: event.reason,
        },
      );
    case "interrupted":
      return record.intentAt === null ? record : onUnknownOutcome(record, record.intentAt, "interrupted", now);
    case "polled":
      return onPolled(record, event, now);
    case "cancel":
      return finish(record, "canceled", now);
  }
}

function onClock(record: TaskRecord, now: number): TaskRecord {
  if (!isFinal(record.status)) {
    if (now < record.deadlineAt) return record;
    const code = record.lastExchangeFailed ? "upstream_unavailable" : "timeout";
    return fail(record, code, deadlineMessage(record), now);
  }
  return expireSolution(record, now);
}

function onAdmission(record: TaskRecord, outcome: AdmissionOutcome, now: number): TaskRecord {
  if (record.status !== "queued" || record.stage === "submission") return record;
  switch (outcome.tag) {
    case "admitted":
      return withTimelineEntry(
        { ...record, ...adviceOf(outcome), stage: "submission", stepAt: now, faults: 0 },
        now,
        "admitted",
        {
          durationMs: now - record.createdAt,
        },
      );
    case "waiting": {
      const stepAt = now + WAITING_RECHECK_MS;
      const waiting: TaskRecord = { ...withoutUnsentIntent(record), stage: "waiting", stepAt, faults: 0 };
      return record.stage === "waiting" ? waiting : withTimelineEntry(waiting, now, "waiting");
    }
    case "rejected":
      return outcome.code === "quota_exceeded"
        ? fail(record, outcome.code, failureMessage(record, "The tenant's monthly quota of tasks is used up."), now)
        : fail(record, outcome.code, failureMessage(record, "The tenant is suspended."), now);
    case "gone":
      return finish(record, "canceled", now);
    case "unavailable": {
      const faults = record.faults + 1;
      return { ...withoutUnsentIntent(record), faults, stepAt: now + internalBackoffMs(faults) };
    }
  }
}

function adviceOf({
  firstPollMs,
  upstreamAccount,
}: Extract<AdmissionOutcome, { tag: "admitted" }>): Pick<TaskRecord, "firstPollMs" | "pinnedAccount"> {
  return {
    ...(firstPollMs === undefined ? {} : { firstPollMs }),
    ...(upstreamAccount === undefined ? {} : { pinnedAccount: upstreamAccount }),
  };
}

function onSubmitted(record: TaskRecord, event: Extract<TaskEvent, { tag: "submitted" }>, now: number): TaskRecord {
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
  { sentAt, account }: Extract<TaskEvent, { tag: "submitted" }>,
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
    // When the request left, not when it was answered: a solution cannot be older than the request for it.
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

function onUnknownOutcome(record: TaskRecord, sentAt: number, reason: string, now: number): TaskRecord {
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

function onPolled(record: TaskRecord, event: Extract<TaskEvent, { tag: "polled" }>, now: number): TaskRecord {
  if (record.status !== "processing") return record;
  const { outcome, sentAt } = event;
  const detail = pollDetail(outcome);
  const polled = withTimelineEntry({ ...record, polls: record.polls + 1 }, now, "poll", {
    durationMs: now - sentAt,
    detail,
  });
  switch (outcome.tag) {
    case "processing":
      return {
        ...polled,
        unsolvedAt: sentAt,
        faults: 0,
        lastExchangeFailed: false,
        stepAt: now + record.pollIntervalMs,
      };
    case "ready":
      return ready(polled, outcome.solution, event.solver, now);
    case "failed":
      return rejected(polled, outcome.kind, outcome.code, outcome.description, now);
    case "account":
      return pollFailed(polled, null, now);
    case "transient":
    case "request_failed":
      return pollFailed(polled, outcome.retryAfterMs, now);
  }
}

/** How a poll is told in the timeline. Whose fault an account's refusal is stays the operator's business. */
function pollDetail(outcome: PollOutcome): string {
  if (outcome.tag === "account") return "upstream_unavailable";
  return "reason" in outcome ? outcome.reason : outcome.tag;
}

function pollFailed(record: TaskRecord, retryAfterMs: number | null, now: number): TaskRecord {
  const faults = record.faults + 1;
  const stepAt = now + backoffMs(faults, record.pollIntervalMs, retryAfterMs);
  return { ...record, faults, stepAt, lastExchangeFailed: true };
}

function ready(record: TaskRecord, solution: Solution, solver: Solver, now: number): TaskRecord {
  const unsolvedAt = record.unsolvedAt ?? record.submittedAt ?? now;
  // Where upstream itself says what it solved with, that is nearer the truth than the configuration.
  const { userAgent = solver.userAgent, secChUa = solver.secChUa } = solution;
  const stored: StoredSolution = { ...solution, userAgent, secChUa };
  return finish(record, "ready", now, {
    solution: stored,
    solutionState: "available",
    ...solutionTimes(unsolvedAt),
  });
}

function rejected(record: TaskRecord, kind: FailureKind, code: string, description: string, now: number): TaskRecord {
  const unsolvable = kind === "unsolvable";
  const message = answerMessage(record, unsolvable, description === code ? "" : description);
  const error: TaskError = { code: unsolvable ? "unsolvable" : "upstream_rejected", message };
  return finish(record, "failed", now, { error: code === "" ? error : { ...error, upstreamCode: code } });
}

function fail(record: TaskRecord, code: TaskErrorCode, message: string, now: number): TaskRecord {
  return finish(record, "failed", now, { error: { code, message } });
}

function finish(
  record: TaskRecord,
  status: "ready" | "failed" | "canceled",
  now: number,
  outcome: Partial<TaskRecord> = {},
): TaskRecord {
  const { delivery } = record;
  const next: TaskRecord = {
    ...withoutUnsentIntent(record),
    ...outcome,
    status,
    finishedAt: now,
    settleAt: now,
    delivery: delivery === null ? null : { ...delivery, roundAt: now, nextAttemptAt: now },
  };
  return withTimelineEntry(next, now, status, { durationMs: now - record.createdAt });
}

function onStepFailed(record: TaskRecord, limit: number, now: number): TaskRecord {
  const strikes = record.strikes + 1;
  if (isFinal(record.status)) {
    const pausedUntil = now + lastingBackoffMs(strikes);
    const settleAt = record.settled ? null : pausedUntil;
    return postponeAttemptUntil({ ...record, strikes, pausedUntil, settleAt }, pausedUntil);
  }
  // What was being sent has an unknown outcome: a createTask may have been sent, and so may a poll.
  const { intentAt, sending } = record;
  const unknown = intentAt !== null && sending === true;
  const known = unknown ? onUnknownOutcome(record, intentAt, "interrupted", now) : withoutUnsentIntent(record);
  if (isFinal(known.status)) return known;
  if (strikes >= limit) return failInternally(known, now);
  const pauseMs = Math.max(internalBackoffMs(strikes), record.status === "processing" ? record.pollIntervalMs : 0);
  return { ...known, strikes, stepAt: Math.max(known.stepAt, now + pauseMs) };
}

function failInternally(record: TaskRecord, now: number): TaskRecord {
  const message = failureMessage(record, "The gateway failed on this task.");
  return fail({ ...record, strikes: 0 }, "internal", message, now);
}
