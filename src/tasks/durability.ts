// Which changes of a task are written when they are made, and which may wait in memory for the next write. PURE. A row written is
// most of what a task costs; a change may wait only where losing it is harmless.

import type { TaskEvent } from "./events.ts";
import type { TaskRecord } from "./record.ts";

/** Whether the change that a fact makes to `before` may wait in memory for the next write. */
export function isVolatile(before: TaskRecord, event: TaskEvent): boolean {
  switch (event.tag) {
    // Counts and timeline are a lower bound after an eviction; the alarm bears the moment of the last answer.
    case "polled":
      return event.outcome.tag === "processing" && before.faults === 0 && !before.lastExchangeFailed;
    // The intent is written next; an admission that is asked for twice is the same admission.
    case "admission":
      return event.outcome.tag === "admitted";
    // The ledger takes an outcome once, however often it is handed in. A webhook attempt must be kept, and is kept with it.
    case "outcome_recorded":
    case "report_failed":
      return before.delivery === null;
    // The entry into the ledger comes next, and what is lost before it is made again: under the same webhook id.
    case "slot_released":
    case "delivered":
      return !before.settled;
    default:
      return false;
  }
}
