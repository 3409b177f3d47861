// Finds an API key by its hash: in the isolate's memory, then in KV, then in the tenant's object if the snapshot does not contain the
// key. Lookups of unknown keys are counted in advance, so that made-up keys and tenants cost no I/O beyond their limits.

import type { Attempt } from "../attempt-limit.ts";
import { AttemptLimit } from "../attempt-limit.ts";
import type { Env } from "../env.ts";
import { withRetry } from "../object-retry.ts";
import { readSnapshot, tenantStub } from "./directory.ts";
import { equalInConstantTime } from "./keys.ts";
import type { SnapshotKey, TenantProfile, TenantSnapshot } from "./settings.ts";
import {
  cachedSnapshot,
  cacheSnapshot,
  isKnownTenant,
  isRefreshDue,
  isUnknown,
  rememberUnknownKey,
  rememberUnknownTenant,
} from "./snapshot-cache.ts";

/** Limits of failed authentications per address, and of lookups of unknown keys per tenant. Repeated from wrangler.toml. */
export const ADDRESS_FAILURES = { limit: 30, periodS: 60 } as const;
const TENANT_FAILURES = { limit: 60, periodS: 60 } as const;

const addressFailures = new AttemptLimit(ADDRESS_FAILURES.limit, ADDRESS_FAILURES.periodS * 1_000);
const tenantFailures = new AttemptLimit(TENANT_FAILURES.limit, TENANT_FAILURES.periodS * 1_000);

/** How long (ms) this isolate blocks an address or tenant that exceeded the limit of its location. */
const BLOCK_MS = 10_000;

/** How long (ms) a lookup waits for other lookups of its address or tenant, at most `MAX_WAITS` times. */
const WAIT_MS = 10;
const MAX_WAITS = 500;

/** A key and its tenant, from the tenant's snapshot. */
interface KnownKey {
  readonly key: SnapshotKey;
  readonly profile: TenantProfile;
  readonly exhaustedMonth: string | null;
}

/** A key to find. */
export interface KeyCandidate {
  readonly tenantId: string;
  readonly hash: string;
  /** The IP address of the client. */
  readonly address: string;
}

/** The result of a lookup. */
export type KeyLookup =
  | { readonly tag: "known"; readonly known: KnownKey }
  /** The key is unknown, revoked or expired. `counted`: the failure was already counted for the address. */
  | { readonly tag: "unknown"; readonly counted: boolean }
  /** Too many failures from this address. */
  | { readonly tag: "rate_limited" };

/**
 * Finds a key.
 * @param background runs work that the result does not depend on
 */
export async function findKey(
  env: Env,
  candidate: KeyCandidate,
  now: number,
  background: (work: Promise<unknown>) => void,
): Promise<KeyLookup> {
  const { tenantId, hash } = candidate;
  const cached = cachedSnapshot(tenantId, now);
  const known = cached === null ? null : select(cached, hash);
  if (known !== null) {
    if (isRefreshDue(tenantId, now)) background(readSnapshot(env, tenantId, now));
    return isValid(known, now) ? { tag: "known", known } : { tag: "unknown", counted: false };
  }
  if (isUnknown(tenantId, hash, now)) return { tag: "unknown", counted: false };
  return lookUp(env, candidate, cached === null, now);
}

async function lookUp(env: Env, candidate: KeyCandidate, readKv: boolean, now: number): Promise<KeyLookup> {
  const { tenantId, hash } = candidate;
  const attempt = new LookupAttempt(env, candidate);
  if (readKv) {
    // The snapshot of an existing tenant is cached for 30 s, so reading it needs no limit. A tenant that this isolate has not seen may
    // be made up, so reading KV counts as an attempt.
    const rejected = isKnownTenant(tenantId) ? null : await attempt.begin();
    if (rejected !== null) return rejected;
    const found = keyIn(await readSnapshot(env, tenantId, now), hash, now);
    if (found !== null) return attempt.succeed(found);
  }
  const rejected = await attempt.begin();
  if (rejected !== null) return rejected;
  const fresh = await withRetry(async () => tenantStub(env, tenantId).snapshot());
  if (fresh === null) rememberUnknownTenant(tenantId, now);
  else cacheSnapshot(fresh, now);
  const found = keyIn(fresh, hash, now);
  if (found !== null) return attempt.succeed(found);
  rememberUnknownKey(hash, now);
  return attempt.fail();
}

/** Counts a lookup against the limits of its address and tenant, unless it succeeds. */
class LookupAttempt {
  readonly #env: Env;
  readonly #candidate: KeyCandidate;
  #started: { readonly ofAddress: Attempt; readonly ofTenant: Attempt } | null = null;

  constructor(env: Env, candidate: KeyCandidate) {
    this.#env = env;
    this.#candidate = candidate;
  }

  /** Counts the lookup, once. Returns the result if a limit is exceeded, else null. */
  async begin(): Promise<KeyLookup | null> {
    const { address, tenantId } = this.#candidate;
    for (let waits = 0; this.#started === null; waits += 1) {
      const now = Date.now();
      const ofAddress = addressFailures.begin(address, now);
      const ofTenant = ofAddress === null ? null : tenantFailures.begin(tenantId, now);
      if (ofAddress !== null && ofTenant !== null) {
        this.#started = { ofAddress, ofTenant };
        break;
      }
      if (ofAddress !== null) addressFailures.refund(address, ofAddress);
      const busy =
        ofAddress === null ? addressFailures.mayRefund(address, now) : tenantFailures.mayRefund(tenantId, now);
      // Concurrent lookups of valid keys count until they succeed, so the limit may only seem to be exceeded.
      if (busy && waits < MAX_WAITS) await scheduler.wait(WAIT_MS);
      else return ofAddress === null ? { tag: "rate_limited" } : { tag: "unknown", counted: false };
    }
    return null;
  }

  succeed(known: KnownKey): KeyLookup {
    if (this.#started !== null) {
      addressFailures.refund(this.#candidate.address, this.#started.ofAddress);
      tenantFailures.refund(this.#candidate.tenantId, this.#started.ofTenant);
    }
    return { tag: "known", known };
  }

  async fail(): Promise<KeyLookup> {
    const { address, tenantId } = this.#candidate;
    if (this.#started !== null) {
      this.#started.ofAddress.final = true;
      this.#started.ofTenant.final = true;
    }
    const [ofAddress, ofTenant] = await Promise.all([
      this.#env.AUTH_FAILURE_LIMIT.limit({ key: address }),
      this.#env.UNKNOWN_KEY_LIMIT.limit({ key: tenantId }),
    ]);
    if (!ofTenant.success) tenantFailures.block(tenantId, Date.now() + BLOCK_MS);
    if (ofAddress.success) return { tag: "unknown", counted: true };
    addressFailures.block(address, Date.now() + BLOCK_MS);
    return { tag: "rate_limited" };
  }
}

/** Counts a failed authentication of an address that needed no lookup. Returns false if the limit is exceeded. */
export async function countFailure(env: Env, address: string): Promise<boolean> {
  if (!addressFailures.take(address, Date.now())) return false;
  const { success } = await env.AUTH_FAILURE_LIMIT.limit({ key: address });
  if (!success) addressFailures.block(address, Date.now() + BLOCK_MS);
  return success;
}

function keyIn(snapshot: TenantSnapshot | null, hash: string, now: number): KnownKey | null {
  const known = snapshot === null ? null : select(snapshot, hash);
  return known !== null && isValid(known, now) ? known : null;
}

function select({ keys, profile, exhaustedMonth }: TenantSnapshot, hash: string): KnownKey | null {
  const key = keys.find((candidate) => equalInConstantTime(candidate.hash, hash));
  return key === undefined ? null : { key, profile, exhaustedMonth };
}

function isValid({ key }: KnownKey, now: number): boolean {
  return key.expiresAt === null || key.expiresAt > now;
}
