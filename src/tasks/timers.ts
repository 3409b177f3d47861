// The timers of a task: the step that is due, and when the alarm must be set. Pure.

import { DOCUMENTED_POLL_MS } from "../poll-interval.ts";
import { attemptAtOf } from "../webhooks/delivery.ts";
import type { TaskRecord } from "./record.ts";
import { isFinal } from "./status.ts";

/** If fewer polls than this fit before the deadline, a delayed first poll must not displace the last one. */
const NEAR_DEADLINE_POLLS = 20;

/** A waiting task requests admission this often (ms), in case the call to wake it was lost. */
export const WAITING_RECHECK_MS = 30_000;

/** An alarm that is this late (ms) counts as lost and is set again. */
export const ALARM_OVERDUE_MS = 2_000;

/**
 * When the first poll of a task that was just accepted by the upstream is due. It follows the adaptive first poll, but is not earlier
 * than 3 s and not later than half of the remaining time. Near the deadline it is aligned with the poll interval, so that the last poll
 * before the deadline is not lost.
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

/** An alarm may be this early (ms), and its handler waits. Must be short, because waiting is billed as active time. */
export const MAX_EARLY_MS = 250;

/**
 * When the first alarm of a task is due. The first steps do not wait for it. It is set for the time of the first poll, so that the
 * submission usually does not have to change it. If the object is evicted earlier, it starts the first steps.
 */
export function firstAlarmAt(record: TaskRecord, now: number): number {
  return Math.min(nextWakeAt(record, now) + DOCUMENTED_POLL_MS, record.deadlineAt);
}

/** The step that is due, or when the next one is. */
export type Action =
  | { readonly tag: "admit" }
  | { readonly tag: "submit" }
  | { readonly tag: "poll" }
  | { readonly tag: "report" }
  | { readonly tag: "deliver" }
  | { readonly tag: "purge" }
  | { readonly tag: "sleep"; readonly until: number };

/** The step that is due. Apply the event `clock` first, so that a task past its deadline is final. */
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
 * Whether the ledger entry may wait for the first webhook attempt, so that one row contains both. Not after an exception, or repeated
 * exceptions would keep the outcome out of the ledger.
 */
export function entryMayWait(record: TaskRecord, now: number): boolean {
  return record.strikes === 0 && record.delivery?.roundAttempts === 0 && attemptDue(record, now);
}

/** When the next alarm is due (ms since the epoch). At least 1 ms in the future, because the platform can lose an earlier one. */
export function nextWakeAt(record: TaskRecord, now: number): number {
  const due = isFinal(record.status) ? finishedWakeAt(record) : Math.min(record.stepAt, record.deadlineAt);
  return Math.max(due, now + 1);
}

/** After an exception everything is paused, except the expiry of the solution, which cannot fail. */
function finishedWakeAt(record: TaskRecord): number {
  const due = [purgeAt(record)];
  if (!record.settled && record.settleAt !== null) due.push(record.settleAt);
  const attemptAt = record.delivery === null ? null : attemptAtOf(record.delivery);
  if (attemptAt !== null) due.push(attemptAt);
  const wakeAt = Math.max(Math.min(...due), record.pausedUntil ?? 0);
  const { solutionState, solutionExpiresAt } = record;
  return solutionState === "available" && solutionExpiresAt !== null ? Math.min(wakeAt, solutionExpiresAt) : wakeAt;
}

/** When a finished task is purged. A task whose outcome is not in the ledger yet is kept for another retention period. */
function purgeAt(record: TaskRecord): number {
  const finishedAt = record.finishedAt ?? record.createdAt;
  return finishedAt + record.retentionMs * (record.settled ? 1 : 2);
}
