// How the routes of /admin reach a tenant's object.

import type { Env } from "../env.ts";
import { ApiError } from "../errors.ts";
import { withRetry } from "../object-retry.ts";
import { tenantStub } from "../tenants/directory.ts";
import { TENANT_ID_PATTERN } from "../tenants/keys.ts";

type Call<T> = (tenant: ReturnType<typeof tenantStub>, attempt: number) => Promise<T | null>;

/**
 * Calls a tenant's object, again when the object is lost in the middle. Only for idempotent calls.
 * @throws ApiError `not_found` for null, which means that there is no such tenant
 */
export function askTenant<T>(env: Env, tenantId: string, call: Call<T>): Promise<T> {
  return withRetry((attempt) => askTenantOnce(env, tenantId, call, attempt));
}

/** As `askTenant`, for calls that must not be repeated. */
export async function askTenantOnce<T>(env: Env, tenantId: string, call: Call<T>, attempt = 1): Promise<T> {
  // The object of an id that no tenant can have is not called.
  const answer = TENANT_ID_PATTERN.test(tenantId) ? await call(tenantStub(env, tenantId), attempt) : null;
  if (answer === null) throw new ApiError("not_found", "There is no such tenant.");
  return answer;
}
