// The most that each kind of task may take, as counted in the running objects. DESIGN.md, section 9, has the bounds of `webhook`.

import type { TaskCounts } from "../../bench/metering/cost.ts";

/** The kinds of tasks. All but `failed` are solved at the fourth poll, and all are counted until they are purged. */
export type CountedKind = "polled" | "webhook" | "waited" | "failed" | "alone";

export interface Budget {
  readonly what: string;
  readonly most: TaskCounts;
  /** Dollars per million, by the prices of Durable Objects. */
  readonly mostCost: number;
}

export const BUDGETS: Readonly<Record<CountedKind, Budget>> = {
  polled: {
    what: "no webhook; its status is read at the end",
    most: { rowsWritten: 13, alarms: 6, calls: 6, outgoing: 9, workerRequests: 2, kvPuts: 0, activeS: 1.8 },
    mostCost: 18,
  },
  webhook: {
    what: "its webhook is delivered at the first attempt",
    most: { rowsWritten: 15, alarms: 6, calls: 4, outgoing: 9, workerRequests: 1, kvPuts: 0, activeS: 1.8 },
    mostCost: 20,
  },
  waited: {
    what: "its caller waits for 12 s in a long poll",
    most: { rowsWritten: 13, alarms: 6, calls: 6, outgoing: 9, workerRequests: 1, kvPuts: 0, activeS: 12.61 },
    mostCost: 36,
  },
  failed: {
    what: "the upstream rejects it",
    most: { rowsWritten: 7, alarms: 1, calls: 4, outgoing: 4, workerRequests: 1, kvPuts: 0, activeS: 0.8 },
    mostCost: 10,
  },
  alone: {
    what: "like webhook, but the tenant's only task for minutes, so the tenant's alarm is set and fires for it alone",
    most: { rowsWritten: 17, alarms: 7, calls: 4, outgoing: 9, workerRequests: 1, kvPuts: 0, activeS: 1.8 },
    mostCost: 22,
  },
};
