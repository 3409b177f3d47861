// Tenants and keys in responses, for /admin and for the tenant's own account.

import type { z } from "zod";
import { ApiError, invalidField } from "../errors.ts";
import { rfc3339, rfc3339OrNull } from "../rfc3339.ts";
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

/** Default overlap (s) of a rotated key with its replacement: an hour. */
export const KEY_OVERLAP_S = 3_600;

/** The error for an unknown key id, or one of another mode. */
export const noSuchKey = () => new ApiError("not_found", "There is no such key.");

/** A tenant in a response. */
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
    expiresAt: rfc3339OrNull(expiresAt),
  };
}

/** A key in a list. */
export function presentKey(key: KeyInfo) {
  return { ...keyFields(key), lastUsedOn: key.lastUsedDay };
}

/** The calling key in a response. */
export function presentCurrentKey(key: KeyInfo, tenantId: string) {
  return { ...keyFields(key), tenantId };
}

/** A created key in a response, with the key itself. */
export function presentCreatedKey(created: CreatedKey) {
  return { ...keyFields(created), key: created.key };
}

/** A rotated key in a response: its replacement, and when it stops working. */
export function presentRotatedKey({ created, replaces }: RotatedKey) {
  return {
    ...presentCreatedKey(created),
    replaces: { id: replaces.id, expiresAt: rfc3339(replaces.expiresAt) },
  };
}

/** Builds a key from a request. @throws ApiError `invalid_request` if its expiry is not in the future */
export function newKeyOf(body: Omit<z.output<typeof createKeySchema>, "mode">, mode: KeyMode, now: number): NewKey {
  const expiresAt = body.expiresAt ?? null;
  if (expiresAt !== null && expiresAt <= now) throw invalidField("expiresAt", "must be in the future");
  const wanted = new Set(body.scopes ?? DEFAULT_SCOPES);
  return { name: body.name, mode, scopes: SCOPES.filter((scope) => wanted.has(scope)), expiresAt };
}

/** Returns the created key, or throws the error for any other result. */
export function createdOrThrow(result: CreateKeyResult): CreatedKey {
  if (typeof result !== "string") return result;
  throw keyError(result);
}

/** Returns the rotated key, or throws the error for any other result. */
export function rotatedOrThrow(result: RotateKeyResult): RotatedKey {
  if (typeof result !== "string") return result;
  throw keyError(result);
}

function keyError(reason: Extract<CreateKeyResult | RotateKeyResult, string>): ApiError {
  switch (reason) {
    case "absent":
      return noSuchKey();
    case "already_rotated":
      return new ApiError("key_rotated", "This key was already rotated. Use its replacement, or create a new key.");
    case "forbidden":
      return new ApiError("insufficient_scope", "A key can only grant scopes that it has, in its own mode.");
    case "too_many":
      return new ApiError("invalid_request", `A tenant can have at most ${MAX_KEYS} keys. Revoke one first.`);
  }
}
