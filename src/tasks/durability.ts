// Decides which changes of a task are written to storage immediately. Rows written are most of a task's cost, so changes whose loss is
// harmless wait for the next write. Pure.

import type { TaskEvent } from "./events.ts";
import type { TaskRecord } from "./record.ts";

/** Whether the change that an event makes to `before` may stay in memory until the next write. */
export function isVolatile(before: TaskRecord, event: TaskEvent): boolean {
  switch (event.tag) {
    // After an eviction, counts and timeline are incomplete, and recover.ts derives the time of the last poll from the alarm.
    case "polled":
      return event.outcome.tag === "processing" && before.faults === 0 && !before.lastExchangeFailed;
    // Requesting admission is idempotent.
    case "admission":
      return event.outcome.tag === "admitted";
    // A new record already contains the intent to submit.
    case "submitting":
      return before.intentAt !== null;
    // Reporting the outcome is idempotent. Without a webhook, reporting it again costs less than a row.
    case "outcome_recorded":
      return before.delivery === null;
    // According to the stored record, the report or attempt is due, so an eviction only makes the retry earlier.
    case "report_failed":
    case "webhook_settings_missing":
      return true;
    // The attempt follows immediately, and its result is stored.
    case "endpoint_known":
      return true;
    default:
      return false;
  }
}
