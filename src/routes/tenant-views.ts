// Tenants and keys as the API shows them, shared by /admin and the tenant's own account.

import type { z } from "zod";
import { ApiError, invalidField } from "../errors.ts";
import type { createKeySchema } from "../schemas/tenants.ts";
import { MAX_KEYS } from "../tenants/keyring.ts";
import type { KeyMode } from "../tenants/keys.ts";
import { DEFAULT_SCOPES, SCOPES } from "../tenants/keys.ts";
import type {
  CreatedKey,
  CreateKeyResult,
  KeyInfo,
  NewKey,
  RotatedKey,
  RotateKeyResult,
  TenantView,
} from "../tenants/rpc.ts";

/** Default overlap (s) of a rotated key with its replacement. */
export const KEY_OVERLAP_S = 3_600;

export const noSuchKey = () => new ApiError("not_found", "There is no such key.");

const rfc3339 = (ms: number): string => new Date(ms).toISOString();

export function presentTenant(view: TenantView) {
  return { ...view, createdAt: rfc3339(view.createdAt) };
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

/** The calling key, with its tenant. */
export function presentCurrentKey(key: KeyInfo, tenantId: string) {
  return { ...keyFields(key), tenantId };
}

export function presentCreatedKey(created: CreatedKey) {
  return { ...keyFields(created), key: created.key };
}

export function presentRotatedKey({ created, replaces }: RotatedKey) {
  return {
    ...presentCreatedKey(created),
    replaces: { id: replaces.id, expiresAt: rfc3339(replaces.expiresAt) },
  };
}

/** @throws ApiError for an expiry that is not in the future */
export function newKeyOf(body: Omit<z.output<typeof createKeySchema>, "mode">, mode: KeyMode, now: number): NewKey {
  const expiresAt = body.expiresAt ?? null;
  if (expiresAt !== null && expiresAt <= now) throw invalidField("expiresAt", "must be in the future");
  const wanted = new Set(body.scopes ?? DEFAULT_SCOPES);
  return { name: body.name, mode, scopes: SCOPES.filter((scope) => wanted.has(scope)), expiresAt };
}

/** @throws ApiError for everything but a created key */
export function createdOrThrow(result: CreateKeyResult): CreatedKey {
  if (typeof result !== "string") return result;
  throw keyError(result);
}

/** @throws ApiError for everything but a rotated key */
export function rotatedOrThrow(result: RotateKeyResult): RotatedKey {
  if (typeof result !== "string") return result;
  throw keyError(result);
}

function keyError(reason: Extract<CreateKeyResult | RotateKeyResult, string>): ApiError {
  switch (reason) {
    case "absent":
      return noSuchKey();
    case "already_rotated":
      return new ApiError("key_rotated", "This key was rotated before. Use its replacement, or create a new key.");
    case "forbidden":
      return new ApiError("insufficient_scope", "A key can grant only scopes that it has itself, in its own mode.");
    case "too_many":
      return new ApiError("invalid_request", `A tenant can have at most ${MAX_KEYS} keys. Revoke one first.`);
  }
}
