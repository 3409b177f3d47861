// How often a key may call, and an address may fail, by the platform's Rate Limiting binding. The numbers stand in
// wrangler.toml, where the binding reads them, and here, where the headers say them.

import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { ApiError } from "../errors.ts";
import type { AppEnv, Caller } from "./authenticate.ts";

interface Policy {
  readonly name: string;
  /** Calls per period. */
  readonly quota: number;
  readonly periodS: number;
}

const CREATE: Policy = { name: "create", quota: 1_000, periodS: 10 };
const CALLS: Policy = { name: "calls", quota: 3_000, periodS: 10 };
const AUTH_FAILURES: Policy = { name: "auth-failures", quota: 30, periodS: 60 };

/** `RateLimit-Policy` and `Retry-After` of a refusal (draft-ietf-httpapi-ratelimit-headers; RFC 9110 §10.2.3). */
function headersOf({ name, quota, periodS }: Policy): Record<string, string> {
  return { "Retry-After": String(periodS), "RateLimit-Policy": `"${name}";q=${quota};w=${periodS}` };
}

/** Limits a key's creations, or its other calls. Runs behind `authenticate`. */
export function limitCalls(kind: "create" | "calls") {
  return createMiddleware<AppEnv>(async function limitCalls(c, next) {
    await spend(c, c.var.caller, kind);
    await next();
  });
}

/** @throws ApiError `rate_limited` when the key has used up its calls of the period. */
export async function spend(c: Context<AppEnv>, caller: Caller, kind: "create" | "calls"): Promise<void> {
  const [binding, policy] = kind === "create" ? [c.env.CREATE_LIMIT, CREATE] : [c.env.CALL_LIMIT, CALLS];
  const { success } = await binding.limit({ key: caller.keyId });
  if (!success) {
    const message = `At most ${policy.quota} such calls in ${policy.periodS} seconds.`;
    throw new ApiError("rate_limited", message, { headers: headersOf(policy) });
  }
}

/** Counts a failed authentication; the error for one address too many, or null. */
export async function limitAuthFailures(c: Context<AppEnv>): Promise<ApiError | null> {
  const address = c.req.header("cf-connecting-ip") ?? "unknown";
  const { success } = await c.env.AUTH_FAILURE_LIMIT.limit({ key: address });
  if (success) return null;
  const message = "Too many failed authentications from this address.";
  return new ApiError("rate_limited", message, { headers: headersOf(AUTH_FAILURES) });
}
