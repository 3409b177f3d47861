/**
 * "Retry after 3 seconds" (ms), from the upstream API documentation. It is the default poll interval, the earliest first poll, the
 * interval at which callers are asked to read a running task (`Retry-After: 3`), and the interval of long polls over the limit.
 */
export const DOCUMENTED_POLL_MS = 3_000;
