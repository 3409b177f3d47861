// Rate limits of API keys, enforced by Rate Limiting bindings. The numbers are repeated from wrangler.toml for the response headers.

import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { AttemptLimit } from "../attempt-limit.ts";
import type { RateLimitPolicy } from "../rate-limit-policy.ts";
import { rateLimited } from "../rate-limit-policy.ts";
import type { AppEnv, Caller } from "./authenticate.ts";

const CREATE: RateLimitPolicy = { name: "create", quota: 1_000, periodS: 10 };
const CALLS: RateLimitPolicy = { name: "calls", quota: 3_000, periodS: 10 };
const WEBHOOK_TESTS: RateLimitPolicy = { name: "webhook-tests", quota: 10, periodS: 60 };
const webhookTests = new AttemptLimit(WEBHOOK_TESTS.quota, WEBHOOK_TESTS.periodS * 1_000);

/** Limits task creations or other calls per key. Must run after `authenticate`. */
export function limitCalls(kind: "create" | "calls") {
  return createMiddleware<AppEnv>(async function limitCalls(c, next) {
    await spend(c, c.var.caller, kind);
    await next();
  });
}

/** Counts a call of a key. @throws ApiError `rate_limited` if the key has no calls left in the period */
export async function spend(c: Context<AppEnv>, caller: Caller, kind: "create" | "calls"): Promise<void> {
  const [binding, policy] = kind === "create" ? [c.env.CREATE_LIMIT, CREATE] : [c.env.CALL_LIMIT, CALLS];
  const { success } = await binding.limit({ key: caller.keyId });
  if (!success) {
    throw rateLimited(policy, `A key can make at most ${policy.quota} of these calls in ${policy.periodS} seconds.`);
  }
}

/**
 * Counts a webhook test, per tenant and mode. Call `commit` before sending it, or `refund` if nothing is sent.
 * @throws ApiError `rate_limited`, as `commit` does
 */
export function beginWebhookTest(c: Context<AppEnv>) {
  const { tenantId, mode } = c.var.caller;
  const subject = `${tenantId}:${mode}`;
  const attempt = webhookTests.begin(subject, Date.now());
  if (attempt === null) throw tooManyTests();
  return {
    refund: () => webhookTests.refund(subject, attempt),
    commit: async () => {
      attempt.final = true;
      const { success } = await c.env.WEBHOOK_TEST_LIMIT.limit({ key: subject });
      if (!success) throw tooManyTests();
    },
  };
}

function tooManyTests() {
  return rateLimited(WEBHOOK_TESTS, "A tenant can send at most 10 webhook tests per mode in 60 seconds.");
}
