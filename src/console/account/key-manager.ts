// What the key views need: whose keys, and what may be done with them. A tenant's key manages the keys of its mode; the operator manages
// all keys of a tenant.

import type { Result } from "../api/failure.ts";
import type { OperatorApi } from "../api/operator-api.ts";
import type { CreatedKey, Key, Mode, NewKey, Scope } from "../api/wire.ts";
import type { TenantSession } from "../session/session.ts";

export const ALL_SCOPES = [
  "tasks:write",
  "tasks:read",
  "account:read",
  "account:write",
] as const satisfies readonly Scope[];

export interface KeyManager {
  /** Names the list that is loaded. */
  readonly name: string;
  readonly canWrite: boolean;
  /** The modes in which keys may be created. */
  readonly modes: readonly Mode[];
  /** The scopes that may be granted. */
  readonly scopes: readonly Scope[];
  /** The key that is signed in, or null for the operator. */
  readonly ownKeyId: string | null;
  list(signal: AbortSignal): Promise<Result<readonly Key[]>>;
  create(body: NewKey): Promise<Result<CreatedKey>>;
  revoke(id: string): Promise<Result<void>>;
  rotate(id: string, overlapSeconds: number): Promise<Result<CreatedKey>>;
}

export const managerOfKey = ({ api, me, can }: TenantSession): KeyManager => ({
  name: `keys ${me.id}`,
  canWrite: can("account:write"),
  modes: [me.mode],
  scopes: me.scopes,
  ownKeyId: me.id,
  list: api.keys,
  create: api.createKey,
  revoke: api.revokeKey,
  rotate: api.rotateKey,
});

export const managerOfOperator = (api: OperatorApi, tenantId: string): KeyManager => ({
  name: `keys of ${tenantId}`,
  canWrite: true,
  modes: ["test", "live"],
  scopes: ALL_SCOPES,
  ownKeyId: null,
  list: (signal) => api.keys(tenantId, signal),
  create: (body) => api.createKey(tenantId, body),
  revoke: (id) => api.revokeKey(tenantId, id),
  rotate: (id, overlapSeconds) => api.rotateKey(tenantId, id, overlapSeconds),
});

/** A key rotates only keys without scopes that it lacks. */
export const mayRotate = ({ scopes }: KeyManager, key: Key): boolean =>
  key.scopes.every((scope) => scopes.includes(scope));
