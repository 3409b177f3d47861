// Who reads or changes a tenant's account. Every account call to a TenantObject carries its actor.

import type { KeyMode, Scope } from "./keys.ts";

/** A key that calls, as the edge authenticated it. */
export interface KeyActor {
  readonly type: "key";
  readonly keyId: string;
  /** The only mode whose keys, endpoint and secrets the key can see and change. */
  readonly mode: KeyMode;
  /** The only scopes that the key can grant. */
  readonly scopes: readonly Scope[];
  /** `createdAt` of the key's tenant (ms). A tenant deleted and created again under the same id has another. */
  readonly tenantCreatedAt: number;
}

/** The operator, who has no limits of scope or mode, or a key. */
export type Actor = { readonly type: "operator" } | KeyActor;

export const OPERATOR: Actor = { type: "operator" };

/** The mode whose keys the actor can see, or null for both. */
export function visibleMode(actor: Actor): KeyMode | null {
  return actor.type === "key" ? actor.mode : null;
}

/** Whether the actor may create a key of this mode with these scopes. */
export function mayGrant(actor: Actor, mode: KeyMode, scopes: readonly Scope[]): boolean {
  if (actor.type === "operator") return true;
  return mode === actor.mode && scopes.every((scope) => actor.scopes.includes(scope));
}
