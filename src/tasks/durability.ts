// Which changes of a task are stored when they are made, and which may wait in memory for the next write. Rows are most of what a task
// costs. A change may wait only where losing it is harmless. Pure.

import type { TaskEvent } from "./events.ts";
import type { TaskRecord } from "./record.ts";

/** Whether the change that an event makes to `before` may wait in memory for the next write. */
export function isVolatile(before: TaskRecord, event: TaskEvent): boolean {
  switch (event.tag) {
    // After an eviction, counts and timeline are a lower bound, and the alarm tells when the last poll was answered.
    case "polled":
      return event.outcome.tag === "processing" && before.faults === 0 && !before.lastExchangeFailed;
    // Asking for the same admission again is idempotent.
    case "admission":
      return event.outcome.tag === "admitted";
    // A new record is stored with the intent to submit it.
    case "submitting":
      return before.intentAt !== null;
    // The ledger takes an outcome once, however often it is reported. Without a webhook, reporting again costs less than a row.
    case "outcome_recorded":
      return before.delivery === null;
    // The stored record says that the outcome, or the webhook attempt, is due: an eviction only brings the next try forward.
    case "report_failed":
    case "webhook_settings_missing":
      return true;
    // The result of the attempt is stored, and it follows at once.
    case "endpoint_known":
      return true;
    default:
      return false;
  }
}
