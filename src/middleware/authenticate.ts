// Who calls. A key is checked for its form first (a typo costs no I/O), then by hash in the directory. Missing, malformed,
// unknown, revoked and expired keys all look alike. Refuses to log what it is shown.

import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { Configuration, Env } from "../env.ts";
import { ApiError } from "../errors.ts";
import { findKey, tenantStub } from "../tenants/directory.ts";
import type { KeyMode, Scope } from "../tenants/keys.ts";
import { equalInConstantTime, hashKey, parseKey } from "../tenants/keys.ts";
import type { TenantProfile } from "../tenants/settings.ts";
import { limitAuthFailures } from "./rate-limit.ts";

/** The authenticated caller. */
export interface Caller {
  readonly tenantId: string;
  readonly mode: KeyMode;
  readonly keyId: string;
  readonly scopes: readonly Scope[];
  /** The tenant as this edge knows it: up to 90 s old. */
  readonly profile: TenantProfile;
  /** The month (`2026-11`) whose quota of live tasks is used up, or null. */
  readonly exhaustedMonth: string | null;
}

/** What handlers read of their context; `caller` stands there behind `authenticate` only. */
export interface AppEnv {
  Bindings: Env;
  Variables: { requestId: string; configuration: Configuration; caller: Caller };
}

/** What a caller without a valid key is told, whatever is wrong with it. */
export const UNAUTHENTICATED = "A valid API key is needed: Authorization: Bearer sg_…";

/** Requires a key that has `scope`, or any key at all for null, and sets `caller`. `keyOf` finds the key in the request. */
export function authenticate(scope: Scope | null, keyOf: (c: Context<AppEnv>) => string | null = bearerOf) {
  return createMiddleware<AppEnv>(async function authenticate(c, next) {
    const caller = await callerOf(c, keyOf(c));
    if (caller === null) throw await authFailure(c, UNAUTHENTICATED);
    c.set("caller", caller);
    if (scope !== null && !caller.scopes.includes(scope)) {
      throw new ApiError("insufficient_scope", `This call needs the scope ${scope}.`);
    }
    await next();
  });
}

/** Requires the operator's token. Without one configured there is no /admin. */
export function authenticateOperator() {
  return createMiddleware<AppEnv>(async function authenticateOperator(c, next) {
    const { adminToken } = c.var.configuration;
    if (adminToken === null) throw new ApiError("not_found", "There is nothing here.");
    const token = bearerOf(c);
    if (token === null || !equalInConstantTime(token, adminToken)) {
      throw await authFailure(c, "The operator's token is needed: Authorization: Bearer …");
    }
    await next();
  });
}

/** The caller that a key names, or null: it never throws for a bad key. */
export async function callerOf(c: Context<AppEnv>, key: unknown): Promise<Caller | null> {
  const parsed = typeof key === "string" ? parseKey(key) : null;
  if (typeof key !== "string" || parsed === null) return null;
  const now = Date.now();
  const found = await findKey(c.env, parsed.tenantId, await hashKey(key), now, (work) =>
    c.executionCtx.waitUntil(work),
  );
  if (found === null || found.key.mode !== parsed.mode) return null;
  noteUse(c, found.profile.id, found.key.id, now);
  return {
    tenantId: found.profile.id,
    mode: found.key.mode,
    keyId: found.key.id,
    scopes: found.key.scopes,
    profile: found.profile,
    exhaustedMonth: found.exhaustedMonth,
  };
}

/** Counts a failed authentication against its address: 401, or 429 to those who have failed too often. */
export async function authFailure(c: Context<AppEnv>, message: string): Promise<ApiError> {
  const limited = await limitAuthFailures(c);
  return limited ?? new ApiError("unauthenticated", message, { headers: { "WWW-Authenticate": "Bearer" } });
}

/** The token of the `Authorization` header, or null. */
export function bearerOf(c: Context<AppEnv>): string | null {
  const match = /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "");
  return match?.[1] ?? null;
}

/** The day on which this isolate last told a tenant of a key's use: once a day and isolate is enough for a day's grain. */
const notedOn = new Map<string, string>();
const MAX_NOTED = 10_000;

function noteUse(c: Context<AppEnv>, tenantId: string, keyId: string, now: number): void {
  const day = new Date(now).toISOString().slice(0, 10);
  if (notedOn.get(keyId) === day) return;
  if (notedOn.size >= MAX_NOTED) notedOn.clear();
  notedOn.set(keyId, day);
  // A note that is lost costs a date in a list; the request does not wait for it.
  c.executionCtx.waitUntil(
    tenantStub(c.env, tenantId)
      .noteKeyUse(keyId, day)
      .catch(() => undefined),
  );
}
