// What each kind of task may take at the most, as counted in the running objects: one table for the budget test, which fails where
// one is exceeded, and for the bench, which prints it. Plain data. Counts do not depend on the machine.

import type { TaskCounts } from "../../bench/cost.ts";

/** The kinds of tasks. All but `failed` are solved at the fourth poll, and lie until they are forgotten. */
export type CountedKind = "polled" | "webhook" | "waited" | "failed" | "alone";

export interface Budget {
  readonly what: string;
  readonly most: TaskCounts;
  /** Dollars a million, at the prices of Durable Objects. */
  readonly mostCost: number;
}

export const BUDGETS: Readonly<Record<CountedKind, Budget>> = {
  polled: {
    what: "no webhook; its status is read at the end",
    most: { rowsWritten: 15, alarms: 7, calls: 6, outgoing: 9, workerRequests: 2, kvPuts: 0, activeS: 1.8 },
    mostCost: 20,
  },
  // DESIGN.md, section 9: at most 18 rows and $23.
  webhook: {
    what: "its webhook is taken at the first attempt",
    most: { rowsWritten: 16, alarms: 7, calls: 4, outgoing: 9, workerRequests: 1, kvPuts: 0, activeS: 1.8 },
    mostCost: 21,
  },
  waited: {
    what: "its caller is held on the line to the end, 12 s",
    most: { rowsWritten: 15, alarms: 7, calls: 6, outgoing: 9, workerRequests: 1, kvPuts: 0, activeS: 12.61 },
    mostCost: 38,
  },
  failed: {
    what: "upstream rejects it",
    most: { rowsWritten: 8, alarms: 2, calls: 4, outgoing: 4, workerRequests: 1, kvPuts: 0, activeS: 0.8 },
    mostCost: 11,
  },
  alone: {
    what: "as webhook, but its tenant's only task for minutes: the tenant's alarm is its own",
    most: { rowsWritten: 18, alarms: 8, calls: 4, outgoing: 9, workerRequests: 1, kvPuts: 0, activeS: 1.8 },
    mostCost: 23,
  },
};
