// Completes a record that was loaded after an eviction. Pure.

import type { TaskRecord } from "./record.ts";

/** If an alarm is later than this (ms), the object was restarted. Alarms are usually a few ms late. */
const COLD_LATENESS_MS = 250;

/**
 * Derives from the alarm what was not stored. A poll that returned `processing` writes only the alarm, which is set one interval after
 * the response, so the alarm shows when the last poll was. A late alarm may be a repetition after a poll that was lost. Then the next
 * poll must wait a whole interval from now.
 * @param alarmAt when the alarm was due (ms), or null if none is set
 * @param requestTimeoutMs the longest time that a poll can take
 */
export function recover(record: TaskRecord, alarmAt: number | null, now: number, requestTimeoutMs: number): TaskRecord {
  if (record.status !== "processing") return record;
  if (alarmAt === null) return record.stepAt > now ? record : { ...record, stepAt: now + record.pollIntervalMs };
  const followsPoll = record.faults === 0 && alarmAt > record.stepAt;
  const unsolvedAt = followsPoll
    ? Math.max(record.unsolvedAt ?? 0, alarmAt - record.pollIntervalMs - requestTimeoutMs)
    : record.unsolvedAt;
  const late = now - Math.max(alarmAt, record.stepAt) > COLD_LATENESS_MS;
  const stepAt = late ? now + record.pollIntervalMs : Math.max(record.stepAt, alarmAt);
  return { ...record, unsolvedAt, stepAt };
}
