// The ledger's primary key combines a task's creation time with a number within that millisecond, so that ranges of time need no index.

const DAY_MS = 86_400_000;

/** The number of sequences in a millisecond. Sequences are safe integers until the year 2039. */
export const SEQUENCES_PER_MS = 4_096;

/** The first sequence of a time (ms since the epoch). */
export const sequenceAt = (ms: number): number => ms * SEQUENCES_PER_MS;

/** The first sequence of a day (UTC, days since the epoch). */
export const sequenceOfDay = (day: number): number => sequenceAt(day * DAY_MS);

/** The day (UTC, days since the epoch) of a time in ms. */
export const dayAt = (ms: number): number => Math.floor(ms / DAY_MS);

/** The day (UTC, days since the epoch) of a sequence. */
export const dayOfSequence = (sequence: number): number => dayAt(sequence / SEQUENCES_PER_MS);

/** The preferred number of a task within its millisecond, derived from its id. */
export function preferredPlace(taskId: string): number {
  return Number.parseInt(taskId.slice(0, 3), 16) || 0;
}

/** How long (ms) a task can be unfinished at most: the longest deadline of 300 s, with a margin for late alarms. */
export const LONGEST_TASK_MS = 900_000;
