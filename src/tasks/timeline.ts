// The timeline of a task: a bounded list of what happened and when. PURE.

import type { TaskRecord, TimelineEntry } from "./record.ts";

/** Kept entries. A task of 300 s that is polled each second fits, with all else that it meets. */
const MAX_EVENTS = 400;

/** Characters of a detail: a tag, or a code of upstream's cut short. */
const DETAIL_LENGTH = 64;

/** The record with one more entry; the first (`accepted`) stays, the oldest of the rest make room. */
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
