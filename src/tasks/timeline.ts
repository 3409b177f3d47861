// The timeline of a task. Pure.

import type { TaskRecord, TimelineEntry } from "./record.ts";

/** The maximum number of entries: enough for a task that is polled every second for 300 s. */
const MAX_EVENTS = 400;

/** The maximum length of `detail`, in characters. */
const DETAIL_LENGTH = 64;

/** Adds an entry. If there are too many, the oldest one after `accepted` is dropped. */
export function withTimelineEntry(
  record: TaskRecord,
  at: number,
  type: string,
  extra: Pick<TimelineEntry, "durationMs" | "detail"> = {},
): TaskRecord {
  const { durationMs, detail } = extra;
  const event: TimelineEntry = {
    at,
    type,
    ...(durationMs === undefined ? {} : { durationMs: Math.max(Math.round(durationMs), 0) }),
    ...(detail === undefined ? {} : { detail: detail.slice(0, DETAIL_LENGTH) }),
  };
  const events =
    record.events.length < MAX_EVENTS ? record.events : [...record.events.slice(0, 1), ...record.events.slice(2)];
  return { ...record, events: [...events, event] };
}
