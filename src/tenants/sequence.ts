// The ledger's primary key: a task's moment of creation, and its place among those of the same millisecond. It sorts by time, so
// that ranges of time need no index. PURE.

/** Places in one millisecond. Keeps a sequence under 2^53 until the year 2039. */
export const SEQUENCES_PER_MS = 4_096;

/** The first sequence of a moment (ms since the epoch). */
export const sequenceAt = (ms: number): number => ms * SEQUENCES_PER_MS;

/** Where a task would like to stand in its millisecond: by its id, so that no counter is kept. */
export function preferredPlace(taskId: string): number {
  return Number.parseInt(taskId.slice(0, 3), 16) || 0;
}
