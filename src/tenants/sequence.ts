// The ledger's primary key: a task's creation time and its place among the tasks of the same millisecond. Ranges of time are ranges of
// the key, so they need no index. Pure.

const DAY_MS = 86_400_000;

/** Places in one millisecond. Sequences stay safe integers until the year 2039. */
export const SEQUENCES_PER_MS = 4_096;

/** The first sequence of a time (ms since the epoch). */
export const sequenceAt = (ms: number): number => ms * SEQUENCES_PER_MS;

/** The first sequence of a day (UTC, days since the epoch). */
export const sequenceOfDay = (day: number): number => sequenceAt(day * DAY_MS);

/** The day (UTC, days since the epoch) of a time in ms. */
export const dayAt = (ms: number): number => Math.floor(ms / DAY_MS);

/** The day (UTC, days since the epoch) of a sequence. */
export const dayOfSequence = (sequence: number): number => dayAt(sequence / SEQUENCES_PER_MS);

/** The preferred place of a task in its millisecond. It comes from the id, which spares a counter. */
export function preferredPlace(taskId: string): number {
  return Number.parseInt(taskId.slice(0, 3), 16) || 0;
}

/** The longest (ms) that a task can be unfinished: the longest deadline, 300 s, with room for a late alarm. */
export const LONGEST_TASK_MS = 900_000;
