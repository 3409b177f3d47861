// The actor of a call to a tenant's account, and its permissions.

import type { KeyMode, Scope } from "./keys.ts";

/** An authenticated key. */
export interface KeyActor {
  readonly type: "key";
  readonly keyId: string;
  /** The only mode whose keys, endpoint and secrets the key can see and change. */
  readonly mode: KeyMode;
  /** The only scopes that the key can grant. */
  readonly scopes: readonly Scope[];
  /** `createdAt` of the key's tenant (ms). Distinguishes tenants that were created under the same id. */
  readonly tenantCreatedAt: number;
}

/** The operator, who has access to both modes and all scopes, or a key. */
export type Actor = { readonly type: "operator" } | KeyActor;

/** The operator as an actor. */
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
