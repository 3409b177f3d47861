// Authentication by API key and by the operator's token. Missing, malformed, unknown, revoked and expired keys all get the same
// response.

import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { BoundedMap } from "../bounded-map.ts";
import type { Configuration, Env } from "../env.ts";
import { ApiError, unknownPath } from "../errors.ts";
import { rateLimited } from "../rate-limit-policy.ts";
import { tenantStub } from "../tenants/directory.ts";
import { ADDRESS_FAILURES, countFailure, findKey } from "../tenants/find-key.ts";
import type { KeyMode, Scope } from "../tenants/keys.ts";
import { equalInConstantTime, hashKey, parseKey } from "../tenants/keys.ts";
import type { TenantProfile } from "../tenants/settings.ts";

/** The authenticated caller. */
export interface Caller {
  readonly tenantId: string;
  readonly mode: KeyMode;
  readonly keyId: string;
  /** SHA-256 of the key. */
  readonly keyHash: string;
  readonly scopes: readonly Scope[];
  /** From the tenant's snapshot, up to 90 s old. */
  readonly profile: TenantProfile;
  /** From the snapshot: the month (`2026-11`) whose quota of live tasks is used up, or null. */
  readonly exhaustedMonth: string | null;
}

/** The Hono environment. `caller` is set by `authenticate`. */
export interface AppEnv {
  Bindings: Env;
  /** `createdTaskId`: the task that the request created or repeated, for the access log. */
  Variables: { requestId: string; configuration: Configuration; caller: Caller; createdTaskId?: string };
}

/** The message for a request without a valid key. */
export const UNAUTHENTICATED = "This call needs a valid API key: Authorization: Bearer sg_…";

const FAILURES = { name: "auth-failures", quota: ADDRESS_FAILURES.limit, periodS: ADDRESS_FAILURES.periodS };

/**
 * Requires an API key and sets `caller`.
 * @param scope the scope that the key must have, or null for any key
 * @param keyOf extracts the key from the request
 */
export function authenticate(scope: Scope | null, keyOf: (c: Context<AppEnv>) => string | null = bearerOf) {
  return createMiddleware<AppEnv>(async function authenticate(c, next) {
    const caller = await requireCaller(c, keyOf(c), UNAUTHENTICATED);
    c.set("caller", caller);
    if (scope !== null && !caller.scopes.includes(scope)) {
      throw new ApiError("insufficient_scope", `This call needs the scope ${scope}.`);
    }
    await next();
  });
}

/** Requires the operator's token. If none is configured, /admin does not exist. */
export function authenticateOperator() {
  return createMiddleware<AppEnv>(async function authenticateOperator(c, next) {
    const { adminToken } = c.var.configuration;
    if (adminToken === null) throw unknownPath();
    const token = bearerOf(c);
    if (token === null || !equalInConstantTime(token, adminToken)) {
      throw await authFailure(c, "This call needs the operator's token: Authorization: Bearer …");
    }
    await next();
  });
}

/**
 * Validates an API key and returns its caller.
 * @throws ApiError `unauthenticated` with `message`, or `rate_limited` after too many failures from the same address
 */
export async function requireCaller(c: Context<AppEnv>, key: unknown, message: string): Promise<Caller> {
  const parsed = typeof key === "string" ? parseKey(key) : null;
  if (typeof key !== "string" || parsed === null) throw await authFailure(c, message);
  const now = Date.now();
  const keyHash = await hashKey(key);
  const lookup = await lookUp(c, parsed.tenantId, keyHash, now);
  if (lookup.tag === "rate_limited") throw tooManyFailures();
  if (lookup.tag === "unknown") throw lookup.counted ? unauthenticated(message) : await authFailure(c, message);
  const { key: found, profile, exhaustedMonth } = lookup.known;
  noteUse(c, profile.id, found.id, now);
  return {
    tenantId: profile.id,
    mode: found.mode,
    keyId: found.id,
    keyHash,
    scopes: found.scopes,
    profile,
    exhaustedMonth,
  };
}

/**
 * Validates the caller's key again, after a long poll.
 * @throws ApiError `unauthenticated` if the key is no longer valid
 */
export async function requireValidKey(c: Context<AppEnv>): Promise<void> {
  const { tenantId, keyHash, profile } = c.var.caller;
  const lookup = await lookUp(c, tenantId, keyHash, Date.now());
  const valid = lookup.tag === "known" && lookup.known.profile.createdAt === profile.createdAt;
  if (!valid) throw unauthenticated(UNAUTHENTICATED);
}

/** Counts a failed authentication and returns the error to throw: `unauthenticated`, or `rate_limited` after too many of them. */
export async function authFailure(c: Context<AppEnv>, message: string): Promise<ApiError> {
  return (await countFailure(c.env, addressOf(c))) ? unauthenticated(message) : tooManyFailures();
}

function unauthenticated(message: string): ApiError {
  return new ApiError("unauthenticated", message, { headers: { "WWW-Authenticate": "Bearer" } });
}

function tooManyFailures(): ApiError {
  return rateLimited(FAILURES, "Too many failed authentications from this address.");
}

function lookUp(c: Context<AppEnv>, tenantId: string, hash: string, now: number) {
  const candidate = { tenantId, hash, address: addressOf(c) };
  return findKey(c.env, candidate, now, (work) => c.executionCtx.waitUntil(work));
}

function addressOf(c: Context<AppEnv>): string {
  return c.req.header("cf-connecting-ip") ?? "unknown";
}

/** The bearer token of the `Authorization` header, or null. */
export function bearerOf(c: Context<AppEnv>): string | null {
  const match = /^Bearer +(\S+) *$/i.exec(c.req.header("authorization") ?? "");
  return match?.[1] ?? null;
}

/** By key, the day on which this isolate last reported its use. The tenant's object stores only the day. */
const notedOn = new BoundedMap<string>(10_000);

function noteUse(c: Context<AppEnv>, tenantId: string, keyId: string, now: number): void {
  const day = new Date(now).toISOString().slice(0, 10);
  if (notedOn.get(keyId) === day) return;
  notedOn.set(keyId, day);
  // Best effort: a lost report only makes `lastUsedOn` outdated.
  c.executionCtx.waitUntil(
    tenantStub(c.env, tenantId)
      .noteKeyUse(keyId, day)
      .catch(() => undefined),
  );
}
