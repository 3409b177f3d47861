import { ApiError } from "./errors.ts";

/** A rate limit: `quota` calls in `periodS` seconds. */
export interface RateLimitPolicy {
  readonly name: string;
  readonly quota: number;
  readonly periodS: number;
}

/** The error for an exceeded rate limit, with `Retry-After` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers). */
export function rateLimited({ name, quota, periodS }: RateLimitPolicy, message: string): ApiError {
  const headers = { "Retry-After": String(periodS), "RateLimit-Policy": `"${name}";q=${quota};w=${periodS}` };
  return new ApiError("rate_limited", message, { headers });
}
