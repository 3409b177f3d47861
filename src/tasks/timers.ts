// The clocks of a task. PURE: every time comes from the record or a parameter, and randomness is a parameter. One physical
// alarm serves all of them: `nextAction` says what is due now, or until when nothing is.

import type { TaskRecord } from "./record.ts";
import { isFinal } from "./record.ts";

/** The first poll comes this long (ms) after createTask's answer: the seed's "retry after 3 seconds". */
export const FIRST_POLL_MS = 3_000;

/** A hidden answer is waited out this long (ms) before the one resubmission: a task it created is then under way. */
export const RESUBMIT_MS = 5_000;

/** Sends whose answer stayed hidden before the task fails: the first, and one more. Each may have been charged for. */
export const MAX_UNKNOWN_OUTCOMES = 2;

/** With fewer polls than this to the deadline, which of them is the last one matters. */
const NEAR_DEADLINE_POLLS = 20;

/** Pauses (ms) after the first, second … fault in a row; the last one repeats until the deadline. */
const BACKOFF_MS = [3_000, 6_000, 12_000, 15_000] as const;

/** Pauses (ms) when the tenant's object does not answer: it lives on the same platform, so it is back soon. */
const INTERNAL_BACKOFF_MS = [1_000, 2_000, 5_000, 15_000, 60_000] as const;

/** A waiting task asks again this often (ms) by itself: the tenant wakes it, and this mends a wake-up that was lost. */
export const WAITING_RECHECK_MS = 30_000;

/** A solution is valid for 120 s and best used within 60 s (the seed), counted from when it was known not to exist. */
export const SOLUTION_LIFE_MS = 120_000;
export const SOLUTION_BEST_MS = 60_000;

/** An alarm this late (ms) has outlived its object: on time it is some ms late, and no restart takes less than this. */
const COLD_LATENESS_MS = 250;

/** A read that finds the alarm this far (ms) in the past takes it for lost and arms it again. */
export const ALARM_OVERDUE_MS = 2_000;

/** Webhook attempts, seconds after the task was final: while the solution lives, then at a patient pace. */
const DELIVERY_SCHEDULE_S = [0, 2, 5, 10, 20, 40, 70, 300, 1_800, 7_200, 21_600, 43_200] as const;

/** Jitter of every attempt but the first, as a share of its delay, so that receivers are not hit in step. */
const DELIVERY_JITTER = 0.1;

/** A receiver's `Retry-After` counts up to this (ms) while the solution lives, and up to the second once it is gone. */
const RETRY_AFTER_LIVING_MS = 60_000;
const RETRY_AFTER_LATER_MS = 3_600_000;

function stepOf(pauses: readonly number[], count: number): number {
  const index = Math.min(Math.max(count, 1), pauses.length) - 1;
  return pauses[index] ?? 0;
}

/**
 * When the first poll of a task comes that upstream has just taken: by its tenant's advice, but never under 3 s, and not so late
 * that a short deadline leaves no room for another. Where the deadline is near it is one of the polls that the cadence would
 * make, so that the last of them is not lost.
 */
export function firstPollAt(
  { firstPollMs, deadlineAt, pollIntervalMs }: Pick<TaskRecord, "firstPollMs" | "deadlineAt" | "pollIntervalMs">,
  now: number,
): number {
  const leftMs = deadlineAt - now;
  const lateMs = Math.max(Math.floor(Math.min(firstPollMs ?? 0, leftMs / 2)) - FIRST_POLL_MS, 0);
  const near = leftMs < NEAR_DEADLINE_POLLS * pollIntervalMs;
  return now + FIRST_POLL_MS + (near ? lateMs - (lateMs % pollIntervalMs) : lateMs);
}

/** The pause (ms) after the `faults`-th fault in a row (from 1): never under the cadence, nor under upstream's `Retry-After`. */
export function backoffMs(faults: number, floorMs: number, retryAfterMs: number | null): number {
  return Math.max(stepOf(BACKOFF_MS, faults), floorMs, retryAfterMs ?? 0);
}

/** The pause (ms) after the `faults`-th fault in a row inside the gateway itself. */
export function internalBackoffMs(faults: number): number {
  return stepOf(INTERNAL_BACKOFF_MS, faults);
}

/**
 * When the next webhook attempt is due, or null when the schedule is used up.
 * @param made attempts made in this round
 * @param jitter from -1 to 1
 * @param retryAfterMs what the receiver asked for, uncapped, or null
 */
export function nextAttemptAt(
  round: { readonly startedAt: number; readonly made: number },
  jitter: number,
  retryAfterMs: number | null,
  solutionLives: boolean,
  now: number,
): number | null {
  const delayS = DELIVERY_SCHEDULE_S[round.made];
  if (delayS === undefined) return null;
  const share = round.made === 0 ? 0 : jitter * DELIVERY_JITTER;
  const scheduled = Math.round(round.startedAt + delayS * 1_000 * (1 + share));
  const cap = solutionLives ? RETRY_AFTER_LIVING_MS : RETRY_AFTER_LATER_MS;
  // An attempt that is behind its time, because those before it hung, does not follow on their heels.
  const earliest = scheduled > now ? scheduled : now + BEHIND_SCHEDULE_MS;
  return Math.max(earliest, now + Math.min(retryAfterMs ?? 0, cap));
}

/** The pause (ms) before an attempt whose time has passed already. */
const BEHIND_SCHEDULE_MS = 1_000;

/** What a task's object has to do now, or when to look again. */
export type Action =
  | { readonly tag: "admit" }
  | { readonly tag: "submit" }
  | { readonly tag: "poll" }
  | { readonly tag: "report" }
  | { readonly tag: "deliver" }
  | { readonly tag: "purge" }
  | { readonly tag: "sleep"; readonly until: number };

/** What is due. The record must have seen the clock (`applyEvent` with `clock`), so a passed deadline is a final status here. */
export function nextAction(record: TaskRecord, now: number): Action {
  if (!isFinal(record.status)) {
    if (record.stepAt > now) return { tag: "sleep", until: nextWakeAt(record, now) };
    if (record.status === "processing") return { tag: "poll" };
    return { tag: record.stage === "submission" ? "submit" : "admit" };
  }
  if (!record.settled && (record.settleAt ?? now) <= now) return { tag: "report" };
  if (record.settled && attemptDue(record, now)) return { tag: "deliver" };
  if (purgeAt(record) <= now) return { tag: "purge" };
  return { tag: "sleep", until: nextWakeAt(record, now) };
}

/** Whether a webhook attempt is due. */
export function attemptDue({ status, delivery }: TaskRecord, now: number): boolean {
  const attemptAt = delivery?.nextAttemptAt ?? null;
  return isFinal(status) && attemptAt !== null && attemptAt <= now;
}

/**
 * Whether the ledger's entry may wait for the round's first webhook attempt, so that one row tells how both went: where that
 * attempt follows at once. Not after an exception: what fails again and again must not keep an outcome from the ledger.
 */
export function entryMayWait(record: TaskRecord, now: number): boolean {
  const { delivery, strikes } = record;
  if (strikes > 0) return false;
  return delivery === null || (delivery.roundAttempts === 0 && attemptDue(record, now));
}

/** When the alarm must next ring (ms since the epoch): always in the future, at least 1 ms, or it can be lost. */
export function nextWakeAt(record: TaskRecord, now: number): number {
  const due = isFinal(record.status) ? finishedWakeAt(record) : Math.min(record.stepAt, record.deadlineAt);
  return Math.max(due, now + 1);
}

/** After an exception everything waits but the solution's end: that is the clock's doing alone, and cannot fail. */
function finishedWakeAt(record: TaskRecord): number {
  const due = [purgeAt(record)];
  if (!record.settled && record.settleAt !== null) due.push(record.settleAt);
  const attemptAt = record.delivery?.nextAttemptAt ?? null;
  if (record.settled && attemptAt !== null) due.push(attemptAt);
  const wakeAt = Math.max(Math.min(...due), record.pausedUntil ?? 0);
  const { solutionState, solutionExpiresAt } = record;
  return solutionState === "available" && solutionExpiresAt !== null ? Math.min(wakeAt, solutionExpiresAt) : wakeAt;
}

/**
 * When a finished task is forgotten. A task that its tenant's ledger has not taken yet is kept until it has, for at most
 * another retention: counted once or, in a lasting outage, dropped, but never kept for ever.
 */
function purgeAt(record: TaskRecord): number {
  const finishedAt = record.finishedAt ?? record.createdAt;
  return finishedAt + record.retentionMs * (record.settled ? 1 : 2);
}

/**
 * What a record read from storage means when its object was not in memory: `alarmAt` is when its alarm was to ring.
 *
 * Polls that said `processing` wrote nothing but the alarm, so the alarm is the trace of the last one: it was set one interval
 * after that answer. And an alarm that rings late in a cold object may be ringing a second time, after a poll that nobody
 * remembers: one whole interval from now is then the only moment that keeps the cadence for certain.
 */
export function recover(
  record: TaskRecord,
  alarmAt: number | null,
  now: number,
  exchangeTimeoutMs: number,
): TaskRecord {
  if (record.status !== "processing") return record;
  if (alarmAt === null) return record.stepAt > now ? record : { ...record, stepAt: now + record.pollIntervalMs };
  const traced = record.faults === 0 && alarmAt > record.stepAt;
  const unsolvedAt = traced
    ? Math.max(record.unsolvedAt ?? 0, alarmAt - record.pollIntervalMs - exchangeTimeoutMs)
    : record.unsolvedAt;
  const late = now - Math.max(alarmAt, record.stepAt) > COLD_LATENESS_MS;
  const stepAt = late ? now + record.pollIntervalMs : Math.max(record.stepAt, alarmAt);
  return { ...record, unsolvedAt, stepAt };
}
