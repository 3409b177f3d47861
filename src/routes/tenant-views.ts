// What /admin and a tenant's own account share: tenants and keys as the wire shows them, and keys as it asks for them.

import type { z } from "zod";
import { ApiError, invalidField } from "../errors.ts";
import type { createKeySchema } from "../schemas/tenants.ts";
import type { KeyInfo, MintedKey, NewKey } from "../tenants/keyring.ts";
import { MAX_KEYS } from "../tenants/keyring.ts";
import { DEFAULT_SCOPES, SCOPES } from "../tenants/keys.ts";
import type { MintResult } from "../tenants/object.ts";
import type { TenantProfile } from "../tenants/settings.ts";

/** An old key works this long (s) beside its successor where the caller names no overlap. */
export const KEY_OVERLAP_S = 3_600;

const rfc3339 = (ms: number): string => new Date(ms).toISOString();

export function presentTenant(profile: TenantProfile) {
  return { ...profile, createdAt: rfc3339(profile.createdAt) };
}

function keyFields({ id, name, mode, scopes, createdAt, expiresAt }: KeyInfo) {
  return {
    id,
    name,
    mode,
    scopes: [...scopes],
    createdAt: rfc3339(createdAt),
    expiresAt: expiresAt === null ? null : rfc3339(expiresAt),
  };
}

export function presentKey(key: KeyInfo) {
  return { ...keyFields(key), lastUsedOn: key.lastUsedDay };
}

/** A key as it is told of itself: whose it is, beside what it may. */
export function presentCurrent(key: KeyInfo, tenantId: string) {
  return { ...keyFields(key), tenantId };
}

export function presentMinted(minted: MintedKey) {
  return { ...keyFields(minted), key: minted.key };
}

/** @throws ApiError for an expiry that is not in the future. */
export function newKeyOf(body: z.output<typeof createKeySchema>, now: number): NewKey {
  const expiresAt = body.expiresAt == null ? null : Date.parse(body.expiresAt);
  if (expiresAt !== null && expiresAt <= now) {
    throw invalidField("expiresAt", "must be in the future");
  }
  const wanted = new Set(body.scopes ?? DEFAULT_SCOPES);
  return { name: body.name, mode: body.mode, scopes: SCOPES.filter((scope) => wanted.has(scope)), expiresAt };
}

/** @throws ApiError where the tenant or key does not exist, or there are too many keys. */
export function mintedOrThrow(result: MintResult, absent: () => ApiError): MintedKey {
  if (result === "absent") throw absent();
  if (result === "forbidden") {
    throw new ApiError("insufficient_scope", "A key gives no scope that it lacks, and no other mode than its own.");
  }
  if (result === "too_many") {
    throw new ApiError("invalid_request", `A tenant has at most ${MAX_KEYS} keys: revoke one first.`);
  }
  return result;
}
