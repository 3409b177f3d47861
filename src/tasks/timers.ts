// The timers of a task: what is due now, and when to look again. Pure: time is a parameter. One alarm serves all of them.

import { DOCUMENTED_POLL_MS } from "../poll-interval.ts";
import { attemptAtOf } from "../webhooks/delivery.ts";
import type { TaskRecord } from "./record.ts";
import { isFinal } from "./status.ts";

/** With fewer polls than this left before the deadline, a delayed first poll must not cost the last one. */
const NEAR_DEADLINE_POLLS = 20;

/** A waiting task asks again this often (ms), in case the tenant's wake-up call was lost. */
export const WAITING_RECHECK_MS = 30_000;

/** A read that finds the alarm this far (ms) in the past takes it for lost and sets it again. */
export const ALARM_OVERDUE_MS = 2_000;

/**
 * When the first poll of a task comes that the upstream has just accepted: as the adaptive first poll proposes, but never within
 * 3 s, and not so late that a short deadline leaves no room for another. Near the deadline it is one of the polls that the poll
 * interval would make, so that the last of them is not lost.
 */
export function firstPollAt(
  { firstPollMs, deadlineAt, pollIntervalMs }: Pick<TaskRecord, "firstPollMs" | "deadlineAt" | "pollIntervalMs">,
  now: number,
): number {
  const leftMs = deadlineAt - now;
  const lateMs = Math.max(Math.floor(Math.min(firstPollMs ?? 0, leftMs / 2)) - DOCUMENTED_POLL_MS, 0);
  const near = leftMs < NEAR_DEADLINE_POLLS * pollIntervalMs;
  return now + DOCUMENTED_POLL_MS + (near ? lateMs - (lateMs % pollIntervalMs) : lateMs);
}

/** An alarm may ring this much (ms) before something is due: its handler waits. It must be short, because waiting is active time. */
export const MAX_EARLY_MS = 250;

/**
 * When the alarm of a task that is accepted at `now` rings. The first steps do not wait for it. It is set for the first poll, as a
 * rule, so that the submission need not change it; if the object is evicted before the submission, it starts the first steps again.
 */
export function firstAlarmAt(record: TaskRecord, now: number): number {
  return Math.min(nextWakeAt(record, now) + DOCUMENTED_POLL_MS, record.deadlineAt);
}

/** What a task's object has to do now, or when to look again. */
export type Action =
  | { readonly tag: "admit" }
  | { readonly tag: "submit" }
  | { readonly tag: "poll" }
  | { readonly tag: "report" }
  | { readonly tag: "deliver" }
  | { readonly tag: "purge" }
  | { readonly tag: "sleep"; readonly until: number };

/** What is due. Apply `clock` to the record first, so that a passed deadline is a final status here. */
export function nextAction(record: TaskRecord, now: number): Action {
  if (!isFinal(record.status)) {
    if (record.stepAt > now) return { tag: "sleep", until: nextWakeAt(record, now) };
    if (record.status === "processing") return { tag: "poll" };
    return { tag: record.stage === "submission" ? "submit" : "admit" };
  }
  if (!record.settled && (record.settleAt ?? now) <= now) return { tag: "report" };
  if (attemptDue(record, now)) return { tag: "deliver" };
  if (purgeAt(record) <= now) return { tag: "purge" };
  return { tag: "sleep", until: nextWakeAt(record, now) };
}

/** Whether a webhook attempt is due. */
export function attemptDue({ status, delivery }: TaskRecord, now: number): boolean {
  const attemptAt = delivery === null ? null : attemptAtOf(delivery);
  return isFinal(status) && attemptAt !== null && attemptAt <= now;
}

/**
 * Whether the ledger entry may wait for the first webhook attempt of the cycle, so that one row holds both: when that attempt
 * follows at once. Not after an exception, or a repeated failure would keep the outcome from the ledger.
 */
export function entryMayWait(record: TaskRecord, now: number): boolean {
  return record.strikes === 0 && record.delivery?.roundAttempts === 0 && attemptDue(record, now);
}

/** When the alarm must ring next (ms since the epoch): at least 1 ms in the future, or the platform can lose it. */
export function nextWakeAt(record: TaskRecord, now: number): number {
  const due = isFinal(record.status) ? finishedWakeAt(record) : Math.min(record.stepAt, record.deadlineAt);
  return Math.max(due, now + 1);
}

/** After an exception everything waits except the solution's expiry, which needs only the clock and cannot fail. */
function finishedWakeAt(record: TaskRecord): number {
  const due = [purgeAt(record)];
  if (!record.settled && record.settleAt !== null) due.push(record.settleAt);
  const attemptAt = record.delivery === null ? null : attemptAtOf(record.delivery);
  if (attemptAt !== null) due.push(attemptAt);
  const wakeAt = Math.max(Math.min(...due), record.pausedUntil ?? 0);
  const { solutionState, solutionExpiresAt } = record;
  return solutionState === "available" && solutionExpiresAt !== null ? Math.min(wakeAt, solutionExpiresAt) : wakeAt;
}

/**
 * When a finished task is purged. A task whose outcome the tenant's ledger does not have yet is kept for at most another retention
 * period: it is counted once or, in a lasting outage, dropped, but never kept for ever.
 */
function purgeAt(record: TaskRecord): number {
  const finishedAt = record.finishedAt ?? record.createdAt;
  return finishedAt + record.retentionMs * (record.settled ? 1 : 2);
}
