// From what was counted to what it costs. PURE, and shared by the budget test and the bench. Refuses to know how anything was
// counted: see `counting.ts`.

import type { Reading } from "./counting.ts";

/**
 * The platform's prices beyond what a plan includes, in dollars a million.
 * @see https://developers.cloudflare.com/durable-objects/platform/pricing/
 */
const PRICES = {
  /** Alarms and calls to objects alike. */
  objectRequests: 0.15,
  rowsWritten: 1,
  gigabyteSeconds: 12.5,
} as const;

/** Requests to the Worker, in dollars a million: https://developers.cloudflare.com/workers/platform/pricing/ */
const WORKER_REQUESTS = 0.3;

/** An object is billed as holding this (GB) while it is active. */
const OBJECT_GB = 0.128;

/** How long an object waits for one outgoing call (s): upstream, a receiver or the tenant's object. */
const OUTGOING_S = 0.2;

/** What one task took, of both objects together. */
export interface TaskCounts {
  readonly rowsWritten: number;
  readonly alarms: number;
  /** Calls to objects, alarms aside. */
  readonly calls: number;
  readonly outgoing: number;
  readonly workerRequests: number;
  readonly kvPuts: number;
  /** How long its objects were active and could not hibernate (s). */
  readonly activeS: number;
}

/** What was counted between two readings for a task and its tenant. Nothing else may have run in between. */
export function countsBetween(before: Reading, after: Reading, objectIds: readonly string[]): TaskCounts {
  const sum = (of: "rowsWritten" | "alarms" | "calls") =>
    objectIds.reduce((total, id) => total + (after.objects[id]?.[of] ?? 0) - (before.objects[id]?.[of] ?? 0), 0);
  const outgoing = after.outgoing - before.outgoing;
  const unheld = outgoing - (after.outgoingWhileHeld - before.outgoingWhileHeld);
  return {
    rowsWritten: sum("rowsWritten"),
    alarms: sum("alarms"),
    calls: sum("calls"),
    outgoing,
    workerRequests: after.workerRequests - before.workerRequests,
    kvPuts: after.kvPuts - before.kvPuts,
    activeS: (after.heldMs - before.heldMs) / 1_000 + unheld * OUTGOING_S,
  };
}

/** The bill of a million such tasks, in dollars. */
export interface Cost {
  readonly rows: number;
  readonly objectRequests: number;
  readonly activeTime: number;
  /** By the prices of Durable Objects alone. */
  readonly total: number;
  /** With the requests to the Worker. Its CPU time ($0.02 a million ms) is in none of these. */
  readonly withWorkerRequests: number;
}

export function costOf({ rowsWritten, alarms, calls, activeS, workerRequests }: TaskCounts): Cost {
  const rows = rowsWritten * PRICES.rowsWritten;
  const objectRequests = (alarms + calls) * PRICES.objectRequests;
  const activeTime = activeS * OBJECT_GB * PRICES.gigabyteSeconds;
  const total = rows + objectRequests + activeTime;
  return { rows, objectRequests, activeTime, total, withWorkerRequests: total + workerRequests * WORKER_REQUESTS };
}
