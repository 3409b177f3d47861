// What follows a final status. PURE: the solution's life (claimed or expired, erased either way), the settlement with the
// tenant's ledger, and the rounds of webhook attempts. Refuses to touch the status: nothing leaves a final one.

import type { DeliveryOutcome } from "../webhooks/outcome.ts";
import type { Delivery, DeliveryAttempt, TaskRecord } from "./record.ts";
import { isFinal, newDelivery } from "./record.ts";
import { withTimelineEntry } from "./timeline.ts";
import { internalBackoffMs, nextAttemptAt } from "./timers.ts";

/** Kept webhook attempts: more than one round has. */
const MAX_ATTEMPTS_KEPT = 20;

/** Erases a solution whose life is over. */
export function expireSolution(record: TaskRecord, now: number): TaskRecord {
  const { solutionExpiresAt } = record;
  if (record.solutionState !== "available" || solutionExpiresAt === null || solutionExpiresAt > now) return record;
  return withTimelineEntry({ ...record, solution: null, solutionState: "expired" }, solutionExpiresAt, "expired");
}

/** Erases the solution as it is handed out: the caller takes it from the record before. */
export function claimSolution(record: TaskRecord, now: number): TaskRecord {
  if (record.solutionState !== "available") return record;
  return withTimelineEntry({ ...record, solution: null, solutionState: "claimed" }, now, "claimed");
}

/** The tenant's object knows the outcome: where the task has no address of its own, the tenant's endpoint gets the webhook. */
export function adoptEndpoint(record: TaskRecord, endpoint: string | null, now: number): TaskRecord {
  if (record.settled || !isFinal(record.status) || record.delivery !== null || endpoint === null) return record;
  return { ...record, delivery: newDelivery(endpoint, "tenant", record.finishedAt ?? now) };
}

/** The ledger has the outcome. */
export function markReported(record: TaskRecord, endpoint: string | null, now: number): TaskRecord {
  if (record.settled || !isFinal(record.status)) return record;
  return { ...adoptEndpoint(record, endpoint, now), settled: true, settleAt: null };
}

/** The tenant's object did not take the outcome: try again after a pause. */
export function postponeReport(record: TaskRecord, now: number): TaskRecord {
  const settleFaults = record.settleFaults + 1;
  return { ...record, settleFaults, settleAt: now + internalBackoffMs(settleFaults) };
}

/** A webhook attempt that is due cannot be made now, for a reason inside the gateway: no attempt is used up. */
export function postponeAttempt(record: TaskRecord, now: number, until = now + internalBackoffMs(2)): TaskRecord {
  const { delivery } = record;
  if (delivery === null || delivery.nextAttemptAt === null) return record;
  return { ...record, delivery: { ...delivery, nextAttemptAt: Math.max(delivery.nextAttemptAt, until) } };
}

/**
 * Follows the tenant's endpoint, where it is the tenant's that the webhook goes to: to another address, or to none (null), which
 * ends the attempts.
 */
export function followEndpoint(record: TaskRecord, endpoint: string | null): TaskRecord {
  const { delivery } = record;
  if (delivery === null || delivery.source === "task" || delivery.state !== "pending") return record;
  if (delivery.url === endpoint) return record;
  if (endpoint !== null) return { ...record, delivery: { ...delivery, url: endpoint } };
  return { ...record, delivery: { ...delivery, state: "exhausted", nextAttemptAt: null } };
}

/** One webhook attempt, as made: when it left, what came of it, and the jitter (-1 to 1) for the next. */
export interface AttemptMade {
  readonly sentAt: number;
  readonly outcome: DeliveryOutcome;
  readonly jitter: number;
}

/** Enters an attempt, and says when the next is due. */
export function recordAttempt(record: TaskRecord, made: AttemptMade, now: number): TaskRecord {
  const { delivery } = record;
  if (delivery === null) return record;
  const { outcome, sentAt } = made;
  const attempt: DeliveryAttempt = {
    at: sentAt,
    status: outcome.status,
    durationMs: Math.max(now - sentAt, 0),
    error: outcome.error,
  };
  const entered: Delivery = {
    ...delivery,
    attempts: delivery.attempts + 1,
    lastStatus: outcome.status,
    log: [...delivery.log, attempt].slice(-MAX_ATTEMPTS_KEPT),
  };
  // An attempt that left before a redelivery was asked for belongs to the round before: it cannot end the new one.
  const startedAt = delivery.roundAt ?? now;
  if (delivery.state !== "pending" || sentAt < startedAt) return { ...record, delivery: entered };

  const roundAttempts = delivery.roundAttempts + 1;
  if (outcome.tag === "delivered") {
    return { ...record, delivery: { ...entered, roundAttempts, state: "delivered", nextAttemptAt: null } };
  }
  const lives = record.solutionState === "available";
  const next =
    outcome.tag === "gone"
      ? null
      : nextAttemptAt({ startedAt, made: roundAttempts }, made.jitter, outcome.retryAfterMs, lives, now);
  const state = next === null ? "exhausted" : "pending";
  return { ...record, delivery: { ...entered, roundAttempts, state, nextAttemptAt: next } };
}

/**
 * A fresh round of attempts, under the same webhook id: to the task's own address or else to `endpoint`, the tenant's as it is
 * now. The same record where there is neither.
 */
export function restartDelivery(record: TaskRecord, endpoint: string | null, now: number): TaskRecord {
  if (!isFinal(record.status)) return record;
  const { delivery } = record;
  const url = delivery?.source === "task" ? delivery.url : endpoint;
  if (url === null) return record;
  const base = delivery ?? newDelivery(url, "tenant", now);
  return {
    ...record,
    delivery: { ...base, url, state: "pending", roundAttempts: 0, roundAt: now, nextAttemptAt: now },
  };
}
