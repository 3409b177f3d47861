// What follows a final status: the outcome is reported to the tenant, and the webhook is delivered. Pure; the status never changes.

import type { Delivery, FinishedAttempt } from "../webhooks/delivery.ts";
import * as delivery from "../webhooks/delivery.ts";
import { outageBackoffMs } from "./backoff.ts";
import type { TaskRecord } from "./record.ts";
import { isFinal } from "./status.ts";

/** A task without a webhook URL of its own sends its webhook to the tenant's endpoint. */
export function adoptEndpoint(record: TaskRecord, endpoint: string | null, now: number): TaskRecord {
  if (record.settled || !isFinal(record.status) || record.delivery !== null || endpoint === null) return record;
  return { ...record, delivery: delivery.newDelivery(endpoint, "tenant", record.finishedAt ?? now) };
}

/** The tenant's ledger has the outcome. */
export function markReported(record: TaskRecord, endpoint: string | null, now: number): TaskRecord {
  if (record.settled || !isFinal(record.status)) return record;
  return { ...adoptEndpoint(record, endpoint, now), settled: true, settleAt: null };
}

/** The tenant's object did not take the outcome: report it again after a pause. */
export function postponeReport(record: TaskRecord, now: number): TaskRecord {
  return { ...record, settleAt: now + outageBackoffMs(now - (record.finishedAt ?? now)) };
}

/** The tenant's object did not return the webhook settings: make the attempt that is due after a pause. */
export function postponeAttempt(record: TaskRecord, now: number): TaskRecord {
  const dueAt = record.delivery?.nextAttemptAt ?? now;
  return postponeAttemptUntil(record, now + outageBackoffMs(now - dueAt));
}

/** Puts off the webhook attempt that is due, for a reason inside the gateway. */
export function postponeAttemptUntil(record: TaskRecord, until: number): TaskRecord {
  return withDelivery(record, (current) => delivery.postponeAttempt(current, until));
}

/** The webhook follows the tenant's endpoint. */
export function followEndpoint(record: TaskRecord, endpoint: string | null): TaskRecord {
  return withDelivery(record, (current) => delivery.followEndpoint(current, endpoint));
}

/** Records a webhook attempt and schedules the next. */
export function recordAttempt(record: TaskRecord, attempt: FinishedAttempt, now: number): TaskRecord {
  const solutionAvailable = record.solutionState === "available";
  return withDelivery(record, (current) => delivery.recordAttempt(current, attempt, solutionAvailable, now));
}

/**
 * Starts a new delivery cycle to the task's own URL, or else to `endpoint`, the tenant's current one. The same record where there
 * is neither.
 */
export function restartDelivery(record: TaskRecord, endpoint: string | null, now: number): TaskRecord {
  if (!isFinal(record.status)) return record;
  const url = record.delivery?.source === "task" ? record.delivery.url : endpoint;
  if (url === null) return record;
  const current = record.delivery ?? delivery.newDelivery(url, "tenant", now);
  return { ...record, delivery: delivery.newCycle(current, url, now) };
}

/** Changes the delivery, if there is one; the same record where nothing changes. */
function withDelivery(record: TaskRecord, change: (current: Delivery) => Delivery): TaskRecord {
  if (record.delivery === null) return record;
  const next = change(record.delivery);
  return next === record.delivery ? record : { ...record, delivery: next };
}
