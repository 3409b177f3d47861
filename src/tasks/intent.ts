// The intent to submit a task: the stored mark that createTask may have been sent. Pure.

import type { TaskRecord } from "./record.ts";

/** Removes the intent after the request has an outcome. */
export function withoutIntent({ sending: _, ...record }: TaskRecord): TaskRecord {
  return { ...record, intentAt: null };
}

/** Removes the intent if createTask was not sent, because the submission is delayed. A later submission stores its own. */
export function withoutUnsentIntent(record: TaskRecord): TaskRecord {
  return record.intentAt === null || record.sending === true ? record : withoutIntent(record);
}
