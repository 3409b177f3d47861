// Header fields that more than one part reads. PURE.

/**
 * `Retry-After` (RFC 9110 §10.2.3) in ms from `now`: delay-seconds or an HTTP date, between 0 and `maxMs`; null where the
 * header is missing or neither.
 */
export function parseRetryAfter(value: string | null, now: number, maxMs: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), maxMs);
}
