// The intent to submit a task: what storage knows of a createTask that may have been sent. Pure.

import type { TaskRecord } from "./record.ts";

/** The record without an intent: the send is over, or was given up. */
export function withoutIntent({ sending: _, ...record }: TaskRecord): TaskRecord {
  return { ...record, intentAt: null };
}

/** Drops an intent whose createTask was not sent yet: something else comes first, and a later submission stores its own. */
export function withoutUnsentIntent(record: TaskRecord): TaskRecord {
  return record.intentAt === null || record.sending === true ? record : withoutIntent(record);
}
