// Calls from /admin routes to a tenant's object.

import type { Env } from "../env.ts";
import { ApiError } from "../errors.ts";
import { withRetry } from "../object-retry.ts";
import { tenantStub } from "../tenants/directory.ts";
import { TENANT_ID_PATTERN } from "../tenants/keys.ts";

type Call<T> = (tenant: ReturnType<typeof tenantStub>, attempt: number) => Promise<T | null>;

/**
 * Calls a tenant's object, with retries. Only for idempotent calls.
 * @param call returns null if the tenant does not exist
 * @throws ApiError `not_found` for null
 */
export function askTenant<T>(env: Env, tenantId: string, call: Call<T>): Promise<T> {
  return withRetry((attempt) => askTenantOnce(env, tenantId, call, attempt));
}

/** Like `askTenant`, without retries. */
export async function askTenantOnce<T>(env: Env, tenantId: string, call: Call<T>, attempt = 1): Promise<T> {
  // No tenant has an invalid id, so skip the call.
  const answer = TENANT_ID_PATTERN.test(tenantId) ? await call(tenantStub(env, tenantId), attempt) : null;
  if (answer === null) throw new ApiError("not_found", "There is no such tenant.");
  return answer;
}
