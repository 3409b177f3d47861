// How the routes of a tenant's own account reach its object, as the calling key.

import type { Context } from "hono";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authFailure, UNAUTHENTICATED } from "../middleware/authenticate.ts";
import { withRetry } from "../object-retry.ts";
import type { KeyActor } from "../tenants/actor.ts";
import { tenantStub } from "../tenants/directory.ts";

type Call<T> = (tenant: ReturnType<typeof tenantStub>, actor: KeyActor, attempt: number) => Promise<T | null>;

/**
 * Calls the object of the caller's tenant, again when the object is lost in the middle. Only for idempotent calls.
 * @throws ApiError `unauthenticated` for null: the key or its tenant ended after the edge's copy was made
 */
export function callTenant<T>(c: Context<AppEnv>, call: Call<T>): Promise<T> {
  return withRetry((attempt) => callTenantOnce(c, call, attempt));
}

/** As `callTenant`, for calls that must not be repeated. */
export async function callTenantOnce<T>(c: Context<AppEnv>, call: Call<T>, attempt = 1): Promise<T> {
  const { tenantId, keyId, mode, scopes, profile } = c.var.caller;
  const actor: KeyActor = { type: "key", keyId, mode, scopes, tenantCreatedAt: profile.createdAt };
  const answer = await call(tenantStub(c.env, tenantId), actor, attempt);
  if (answer === null) throw await authFailure(c, UNAUTHENTICATED);
  return answer;
}
