// Header fields that more than one part reads. PURE.

/**
 * `Retry-After` (RFC 9110 §10.2.3) in ms from `now`: delay-seconds or an HTTP date, between 0 and `maxMs`; null where the
 * header is missing or neither.
 */
export function parseRetryAfter(value: string | null, now: number, maxMs: number): number | null {
  if (value === null) return null;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, maxMs);
  // Each of the three forms of an HTTP date begins with a day of the week; Date.parse alone takes "1.5" for a date.
  const ms = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text) ? Date.parse(text) - now : Number.NaN;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), maxMs);
}
