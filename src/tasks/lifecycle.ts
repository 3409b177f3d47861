// The lifecycle of a task: `(record, event, now) → record`. Pure. A final status never changes: late responses, repeated cancels and
// wake-ups are ignored.

import type { PollOutcome } from "../upstream/protocol.ts";
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
import { fail, finish, ready, rejected } from "./ending.ts";
import type { AdmissionOutcome, TaskEvent } from "./events.ts";
import { deadlineMessage, failureMessage } from "./failure-message.ts";
import { withoutIntent, withoutUnsentIntent } from "./intent.ts";
import type { TaskRecord } from "./record.ts";
import { claimSolution, expireSolution } from "./solution.ts";
import { isFinal } from "./status.ts";
import { countLateSend, onSubmitted, onUnknownOutcome } from "./submission.ts";
import { withTimelineEntry } from "./timeline.ts";
import { WAITING_RECHECK_MS } from "./timers.ts";

/** Applies an event. Returns the same object if nothing changes. */
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
      // Stores the time of the alarm. Otherwise recover.ts would take it for the alarm that is set after a poll.
      return record.status === "processing" && record.stepAt <= now ? { ...record, stepAt: now + 1 } : record;
    case "submitting":
      return record.status === "queued" ? { ...record, intentAt: record.intentAt ?? now, sending: true } : record;
    case "submitted":
      return record.status === "queued" ? onSubmitted(withoutIntent(record), event, now) : record;
    case "held":
      return onHeld(record, event, now);
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
      return onAdmitted(record, outcome, now);
    case "waiting": {
      const stepAt = now + WAITING_RECHECK_MS;
      const waiting: TaskRecord = { ...withoutUnsentIntent(record), stage: "waiting", stepAt, faults: 0 };
      if (record.stage === "waiting") return waiting;
      return withTimelineEntry(waiting, now, "waiting", { detail: "no_free_slot" });
    }
    case "rejected":
      return fail(record, outcome.code, failureMessage(record, REJECTION_REASONS[outcome.code]), now);
    case "gone":
      return finish(record, "canceled", now);
    case "unavailable": {
      const faults = record.faults + 1;
      return { ...withoutUnsentIntent(record), faults, stepAt: now + internalBackoffMs(faults) };
    }
  }
}

const REJECTION_REASONS = {
  quota_exceeded: "The tenant's monthly quota of tasks is used up.",
  tenant_suspended: "The tenant is suspended.",
} as const;

function onAdmitted(
  record: TaskRecord,
  { firstPollMs, upstreamAccount }: Extract<AdmissionOutcome, { tag: "admitted" }>,
  now: number,
): TaskRecord {
  const { pinnedAccount: _, ...unpinned } = record;
  const admitted: TaskRecord = {
    ...unpinned,
    ...(firstPollMs === undefined ? {} : { firstPollMs }),
    ...(upstreamAccount === undefined ? {} : { pinnedAccount: upstreamAccount }),
    stage: "submission",
    stepAt: now,
    faults: 0,
  };
  // A held task was already admitted.
  if (record.lastExchangeFailed) return admitted;
  return withTimelineEntry(admitted, now, "admitted", { durationMs: now - record.createdAt });
}

/**
 * Holds a task, because no upstream account is available. The task requests admission again later, because the operator may have pinned
 * its tenant to another account or suspended it.
 */
function onHeld(record: TaskRecord, { reason, until }: Extract<TaskEvent, { tag: "held" }>, now: number): TaskRecord {
  if (record.status !== "queued") return record;
  const released = withoutUnsentIntent(record);
  const held: TaskRecord = { ...released, stage: "admission", stepAt: until, lastExchangeFailed: true };
  return withTimelineEntry(held, now, "held", { detail: reason });
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

/** The detail of a poll in the timeline. Does not reveal errors of the operator's account. */
function pollDetail(outcome: PollOutcome): string {
  if (outcome.tag === "account") return "upstream_unavailable";
  return "reason" in outcome ? outcome.reason : outcome.tag;
}

function pollFailed(record: TaskRecord, retryAfterMs: number | null, now: number): TaskRecord {
  const faults = record.faults + 1;
  const stepAt = now + backoffMs(faults, record.pollIntervalMs, retryAfterMs);
  return { ...record, faults, stepAt, lastExchangeFailed: true };
}

function onStepFailed(record: TaskRecord, limit: number, now: number): TaskRecord {
  const strikes = record.strikes + 1;
  if (isFinal(record.status)) {
    const pausedUntil = now + lastingBackoffMs(strikes);
    const settleAt = record.settled ? null : pausedUntil;
    return postponeAttemptUntil({ ...record, strikes, pausedUntil, settleAt }, pausedUntil);
  }
  // The exception may have been thrown after createTask or a poll was sent.
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
