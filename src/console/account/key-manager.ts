// The calls and permissions of the key views. A tenant's key manages the keys of its mode; the operator manages all keys of a tenant.

import type { CreatedKey, Key, Mode, NewTenantKey, Scope, SolvegateAdmin } from "../../client/index.ts";
import { SCOPES } from "../../tenants/keys.ts";
import type { TenantSession } from "../session/session.ts";

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
  list(signal: AbortSignal): Promise<readonly Key[]>;
  create(body: NewTenantKey): Promise<CreatedKey>;
  revoke(id: string): Promise<void>;
  rotate(id: string, overlapSeconds: number): Promise<CreatedKey>;
}

export const managerOfKey = ({ client: { keys }, me, can }: TenantSession): KeyManager => ({
  name: `keys ${me.id}`,
  canWrite: can("account:write"),
  modes: [me.mode],
  scopes: me.scopes,
  ownKeyId: me.id,
  list: (signal) => keys.list({ signal }),
  create: (body) => keys.create(body),
  revoke: (id) => keys.revoke(id),
  rotate: (id, overlapSeconds) => keys.rotate(id, { overlapSeconds }),
});

export const managerOfOperator = ({ keys }: SolvegateAdmin, tenantId: string): KeyManager => ({
  name: `keys of ${tenantId}`,
  canWrite: true,
  modes: ["test", "live"],
  scopes: SCOPES,
  ownKeyId: null,
  list: (signal) => keys.list(tenantId, { signal }),
  create: (body) => keys.create(tenantId, body),
  revoke: (id) => keys.revoke(tenantId, id),
  rotate: (id, overlapSeconds) => keys.rotate(tenantId, id, { overlapSeconds }),
});

/** A key rotates only keys without scopes that it lacks. */
export const mayRotate = ({ scopes }: KeyManager, key: Key): boolean =>
  key.scopes.every((scope) => scopes.includes(scope));
