// How often a key may call, by the platform's Rate Limiting bindings. The numbers are in wrangler.toml, where the bindings read them,
// and here, for the response headers.

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

/** Limits a key's creations or its other calls. Runs behind `authenticate`. */
export function limitCalls(kind: "create" | "calls") {
  return createMiddleware<AppEnv>(async function limitCalls(c, next) {
    await spend(c, c.var.caller, kind);
    await next();
  });
}

/** @throws ApiError `rate_limited` when the key has used up its calls of the period */
export async function spend(c: Context<AppEnv>, caller: Caller, kind: "create" | "calls"): Promise<void> {
  const [binding, policy] = kind === "create" ? [c.env.CREATE_LIMIT, CREATE] : [c.env.CALL_LIMIT, CALLS];
  const { success } = await binding.limit({ key: caller.keyId });
  if (!success) {
    throw rateLimited(policy, `At most ${policy.quota} of these calls are allowed in ${policy.periodS} seconds.`);
  }
}

/** Counts a test of a webhook endpoint, per tenant and mode: `refund` when nothing is sent, `settle` before it is sent. */
export function beginWebhookTest(c: Context<AppEnv>) {
  const { tenantId, mode } = c.var.caller;
  const subject = `${tenantId}:${mode}`;
  const attempt = webhookTests.begin(subject, Date.now());
  if (attempt === null) throw tooManyTests();
  return {
    refund: () => webhookTests.refund(subject, attempt),
    settle: async () => {
      attempt.settled = true;
      const { success } = await c.env.WEBHOOK_TEST_LIMIT.limit({ key: subject });
      if (!success) throw tooManyTests();
    },
  };
}

function tooManyTests() {
  return rateLimited(WEBHOOK_TESTS, "At most 10 tests of an endpoint are allowed in 60 seconds.");
}
