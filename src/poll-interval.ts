// The published client contains this file, so it imports nothing.

/**
 * The poll interval (ms) that the upstream API documentation asks for. It is the default of POLL_INTERVAL_MS, the earliest first poll,
 * the `Retry-After` of an unfinished task, and the interval of long polls over the limit.
 */
export const DOCUMENTED_POLL_MS = 3_000;
