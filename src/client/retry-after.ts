// The header `Retry-After`, for the client and the gateway.

/** The longest value (ms): 2^31 s, which RFC 9111 §1.2.2 uses for values that are too large. */
const MAX_RETRY_AFTER_MS = 2 ** 31 * 1_000;

/**
 * `Retry-After` (RFC 9110 §10.2.3) in ms from `now`, from 0 to `maxMs`: seconds or an HTTP date. Null if it is missing or neither.
 */
export function parseRetryAfter(value: string | null, now: number, maxMs = MAX_RETRY_AFTER_MS): number | null {
  const text = value?.trim() ?? "";
  // Every HTTP date begins with a weekday. Date.parse alone accepts "1.5".
  const isDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text);
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : isDate ? Date.parse(text) - now : Number.NaN;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), maxMs);
}
