// Computes the cost of a task from counts, for the budget test and the bench.

import type { Reading } from "./meter.ts";

/**
 * The platform's prices beyond the included usage of a plan, in dollars per million.
 * @see https://developers.cloudflare.com/durable-objects/platform/pricing/
 */
const PRICES = {
  /** Alarms and calls to objects. */
  objectRequests: 0.15,
  rowsWritten: 1,
  gigabyteSeconds: 12.5,
} as const;

/** Requests to the Worker, in dollars per million: https://developers.cloudflare.com/workers/platform/pricing/ */
const WORKER_REQUESTS = 0.3;

/** The memory (GB) that an active object is billed for. */
const OBJECT_GB = 0.128;

/** How long (s) an object waits for one outgoing call to the upstream, a receiver or another object. */
const OUTGOING_S = 0.2;

/** The counts of one task in all its objects together. */
export interface TaskCounts {
  readonly rowsWritten: number;
  readonly alarms: number;
  /** Calls to objects, without alarms. */
  readonly calls: number;
  readonly outgoing: number;
  readonly workerRequests: number;
  readonly kvPuts: number;
  /** How long (s) its objects were active and could not hibernate. */
  readonly activeS: number;
}

/** The counts of some objects between two readings. Nothing else may have run in between. */
export function countsBetween(before: Reading, after: Reading, objectIds: readonly string[]): TaskCounts {
  const sum = (of: "rowsWritten" | "alarms" | "calls") =>
    objectIds.reduce((total, id) => total + (after.objects[id]?.[of] ?? 0) - (before.objects[id]?.[of] ?? 0), 0);
  const outgoing = after.outgoing - before.outgoing;
  const notHeld = outgoing - (after.outgoingWhileHeld - before.outgoingWhileHeld);
  return {
    rowsWritten: sum("rowsWritten"),
    alarms: sum("alarms"),
    calls: sum("calls"),
    outgoing,
    workerRequests: after.workerRequests - before.workerRequests,
    kvPuts: after.kvPuts - before.kvPuts,
    activeS: (after.heldMs - before.heldMs) / 1_000 + notHeld * OUTGOING_S,
  };
}

/** The cost of a million tasks, in dollars. */
export interface Cost {
  readonly rows: number;
  readonly objectRequests: number;
  readonly activeTime: number;
  /** By the prices of Durable Objects alone. */
  readonly total: number;
  /** With the requests to the Worker, but without its CPU time ($0.02 per million ms). */
  readonly withWorkerRequests: number;
}

export function costOf({ rowsWritten, alarms, calls, activeS, workerRequests }: TaskCounts): Cost {
  const rows = rowsWritten * PRICES.rowsWritten;
  const objectRequests = (alarms + calls) * PRICES.objectRequests;
  const activeTime = activeS * OBJECT_GB * PRICES.gigabyteSeconds;
  const total = rows + objectRequests + activeTime;
  return { rows, objectRequests, activeTime, total, withWorkerRequests: total + workerRequests * WORKER_REQUESTS };
}
