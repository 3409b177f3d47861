// Calls from a tenant's own account routes to the tenant's object, on behalf of the calling key.

import type { Context } from "hono";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authFailure, UNAUTHENTICATED } from "../middleware/authenticate.ts";
import { withRetry } from "../object-retry.ts";
import type { KeyActor } from "../tenants/actor.ts";
import { tenantStub } from "../tenants/directory.ts";

type Call<T> = (tenant: ReturnType<typeof tenantStub>, actor: KeyActor, attempt: number) => Promise<T | null>;

/**
 * Calls the object of the caller's tenant, with retries. Only for idempotent calls.
 * @param call returns null if the key or its tenant no longer exists. The snapshot that authenticated the key can be out of date.
 * @throws ApiError `unauthenticated` for null
 */
export function callTenant<T>(c: Context<AppEnv>, call: Call<T>): Promise<T> {
  return withRetry((attempt) => callTenantOnce(c, call, attempt));
}

/** Like `callTenant`, without retries. */
export async function callTenantOnce<T>(c: Context<AppEnv>, call: Call<T>, attempt = 1): Promise<T> {
  const { tenantId, keyId, mode, scopes, profile } = c.var.caller;
  const actor: KeyActor = { type: "key", keyId, mode, scopes, tenantCreatedAt: profile.createdAt };
  const answer = await call(tenantStub(c.env, tenantId), actor, attempt);
  if (answer === null) throw await authFailure(c, UNAUTHENTICATED);
  return answer;
}
