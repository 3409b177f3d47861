// Transitions of a finished task: the report of its outcome to the tenant, and the delivery of its webhook. Pure.

import type { Delivery, FinishedAttempt } from "../webhooks/delivery.ts";
import * as delivery from "../webhooks/delivery.ts";
import { outageBackoffMs } from "./backoff.ts";
import type { TaskRecord } from "./record.ts";
import { isFinal } from "./status.ts";

/** Starts a delivery to the tenant's endpoint, if the finished task has no webhook URL of its own. */
export function adoptEndpoint(record: TaskRecord, endpoint: string | null, now: number): TaskRecord {
  if (record.settled || !isFinal(record.status) || record.delivery !== null || endpoint === null) return record;
  return { ...record, delivery: delivery.newDelivery(endpoint, "tenant", record.finishedAt ?? now) };
}

/** Records that the tenant's ledger contains the outcome. */
export function markReported(record: TaskRecord, endpoint: string | null, now: number): TaskRecord {
  if (record.settled || !isFinal(record.status)) return record;
  return { ...adoptEndpoint(record, endpoint, now), settled: true, settleAt: null };
}

/** Postpones the next report after a failed one. */
export function postponeReport(record: TaskRecord, now: number): TaskRecord {
  return { ...record, settleAt: now + outageBackoffMs(now - (record.finishedAt ?? now)) };
}

/** Postpones the next webhook attempt, because the tenant's object did not return the webhook settings. */
export function postponeAttempt(record: TaskRecord, now: number): TaskRecord {
  const dueAt = record.delivery?.nextAttemptAt ?? now;
  return postponeAttemptUntil(record, now + outageBackoffMs(now - dueAt));
}

/** Postpones the next webhook attempt for a reason inside the gateway. */
export function postponeAttemptUntil(record: TaskRecord, until: number): TaskRecord {
  return withDelivery(record, (current) => delivery.postponeAttempt(current, until));
}

/** Applies a change of the tenant's endpoint to the delivery. */
export function followEndpoint(record: TaskRecord, endpoint: string | null): TaskRecord {
  return withDelivery(record, (current) => delivery.followEndpoint(current, endpoint));
}

/** Records a webhook attempt and schedules the next one. */
export function recordAttempt(record: TaskRecord, attempt: FinishedAttempt, now: number): TaskRecord {
  const solutionAvailable = record.solutionState === "available";
  return withDelivery(record, (current) => delivery.recordAttempt(current, attempt, solutionAvailable, now));
}

/** Starts a new delivery cycle to the task's own URL, or else to the tenant's current `endpoint`. Does nothing if there is neither. */
export function restartDelivery(record: TaskRecord, endpoint: string | null, now: number): TaskRecord {
  if (!isFinal(record.status)) return record;
  const url = record.delivery?.source === "task" ? record.delivery.url : endpoint;
  if (url === null) return record;
  const current = record.delivery ?? delivery.newDelivery(url, "tenant", now);
  return { ...record, delivery: delivery.newCycle(current, url, now) };
}

/** Changes the delivery, if there is one. Returns the same record if nothing changes. */
function withDelivery(record: TaskRecord, change: (current: Delivery) => Delivery): TaskRecord {
  if (record.delivery === null) return record;
  const next = change(record.delivery);
  return next === record.delivery ? record : { ...record, delivery: next };
}
