// What a record read from storage means when its object was not in memory. Pure.

import type { TaskRecord } from "./record.ts";

/** An alarm this late (ms) outlived its object. A punctual alarm is some ms late, and no restart takes less than this. */
const COLD_LATENESS_MS = 250;

/**
 * Concludes from the alarm what storage does not say. Polls that answered `processing` write nothing but the alarm, which is set
 * one interval after the answer, so the alarm is the trace of the last poll. An alarm that rings late in a cold object may be
 * ringing a second time, after a poll that left no trace: only one whole interval from now is certain to keep the poll interval.
 * @param alarmAt when the alarm was due (ms), or null where none is set
 * @param requestTimeoutMs the longest time a poll can take
 */
export function recover(record: TaskRecord, alarmAt: number | null, now: number, requestTimeoutMs: number): TaskRecord {
  if (record.status !== "processing") return record;
  if (alarmAt === null) return record.stepAt > now ? record : { ...record, stepAt: now + record.pollIntervalMs };
  const traced = record.faults === 0 && alarmAt > record.stepAt;
  const unsolvedAt = traced
    ? Math.max(record.unsolvedAt ?? 0, alarmAt - record.pollIntervalMs - requestTimeoutMs)
    : record.unsolvedAt;
  const late = now - Math.max(alarmAt, record.stepAt) > COLD_LATENESS_MS;
  const stepAt = late ? now + record.pollIntervalMs : Math.max(record.stepAt, alarmAt);
  return { ...record, unsolvedAt, stepAt };
}
