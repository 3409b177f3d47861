/** A time (ms since the epoch) in RFC 3339: UTC, with milliseconds. */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString();

/** As `rfc3339`. Null for a missing time. */
export const rfc3339OrNull = (ms: number | null | undefined): string | null => (ms == null ? null : rfc3339(ms));
