// Finding an API key by its hash: in this isolate's memory, in KV, and, for a key that the snapshot does not contain, in the tenant's
// object. A look-up of an unknown key is counted before it is made, so that invented keys and tenants soon cost no I/O at all.

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

/** Failed authentications of an address in 60 s, and look-ups of a tenant's unknown keys in 60 s. Both as in wrangler.toml. */
export const ADDRESS_FAILURES = { limit: 30, periodS: 60 } as const;
const TENANT_FAILURES = { limit: 60, periodS: 60 } as const;

const addressFailures = new AttemptLimit(ADDRESS_FAILURES.limit, ADDRESS_FAILURES.periodS * 1_000);
const tenantFailures = new AttemptLimit(TENANT_FAILURES.limit, TENANT_FAILURES.periodS * 1_000);

/** How long (ms) this isolate blocks a subject that its location has counted too often, before it asks the location again. */
const BLOCK_MS = 10_000;

/** How long (ms) a look-up waits for others of its address or tenant to end, at most `MAX_WAITS` times. */
const WAIT_MS = 10;
const MAX_WAITS = 500;

/** A key that is valid, with its tenant as the edge knows it. */
interface KnownKey {
  readonly key: SnapshotKey;
  readonly profile: TenantProfile;
  readonly exhaustedMonth: string | null;
}

/** A key to find. */
export interface KeyCandidate {
  readonly tenantId: string;
  readonly hash: string;
  /** Where the request came from. */
  readonly address: string;
}

export type KeyLookup =
  | { readonly tag: "known"; readonly known: KnownKey }
  /** Unknown, revoked or expired. `counted`: its address has been charged with a failure already. */
  | { readonly tag: "unknown"; readonly counted: boolean }
  /** Its address has failed too often. */
  | { readonly tag: "rate_limited" };

/**
 * Finds a key.
 * @param background takes work that the answer does not wait for
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
  const attempt = new LookUpAttempt(env, candidate);
  if (readKv) {
    // The snapshot of a tenant that exists is read every 30 s at most, whatever key asks: that cost is the tenant's. A tenant that this
    // isolate has never seen may be invented, so there even the read of KV is limited.
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

/** A look-up that its address and its tenant are charged with, unless it succeeds. */
class LookUpAttempt {
  readonly #env: Env;
  readonly #candidate: KeyCandidate;
  #started: { readonly ofAddress: Attempt; readonly ofTenant: Attempt } | null = null;

  constructor(env: Env, candidate: KeyCandidate) {
    this.#env = env;
    this.#candidate = candidate;
  }

  /** Starts the look-up if it has not started. Returns why it may not, or null. */
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
      // Valid keys that are looked up at the same time are charged until they are found, so a full share may only seem full.
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

/** Charges an address with a failed authentication that needed no look-up. Returns false when it has failed too often. */
export async function chargeFailure(env: Env, address: string): Promise<boolean> {
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
