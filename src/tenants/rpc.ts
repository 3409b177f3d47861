// What a TenantObject is asked and what it answers. Types only. Times are in ms since the epoch.

import type { KeyMode, Scope } from "./keys.ts";
import type { TenantLimits, TenantProfile } from "./settings.ts";

/** A tenant to create. */
export interface NewTenant {
  readonly id: string;
  readonly name: string;
  readonly allowedHosts: readonly string[];
  readonly limits: TenantLimits;
}

/** A change of settings. What is undefined stays as it is. */
export interface TenantPatch {
  readonly name?: string | undefined;
  readonly allowedHosts?: readonly string[] | undefined;
  readonly limits?: Partial<TenantLimits> | undefined;
  readonly suspended?: boolean | undefined;
}

/** A new tenant with the first signing secret of each mode. */
export interface CreatedTenant {
  readonly profile: TenantProfile;
  readonly webhookSecrets: Readonly<Record<KeyMode, string>>;
}

/** A key to create. */
export interface NewKey {
  readonly name: string;
  readonly mode: KeyMode;
  readonly scopes: readonly Scope[];
  readonly expiresAt: number | null;
}

/** A key as lists show it: everything but the key itself. */
export interface KeyInfo {
  readonly id: string;
  readonly name: string;
  readonly mode: KeyMode;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedDay: string | null;
}

/** A new key with its secret, which is never shown again. */
export interface CreatedKey extends KeyInfo {
  readonly key: string;
}

/** The new key of a rotation, and when the one that it replaces ends. */
export interface RotatedKey {
  readonly created: CreatedKey;
  readonly replaces: { readonly id: string; readonly expiresAt: number };
}

export type CreateKeyResult = CreatedKey | "too_many" | "forbidden";
export type RotateKeyResult = RotatedKey | "absent" | "already_rotated" | "too_many" | "forbidden";

/** The default webhook endpoint of a mode. */
export interface EndpointInfo {
  readonly url: string | null;
  readonly disabledAt: number | null;
  readonly disabledReason: string | null;
}

/** The newest signing secret of a mode, and the one before it while it still signs. */
export interface SecretInfo {
  readonly secret: string;
  readonly previous: { readonly secret: string; readonly expiresAt: number } | null;
}

/** What sending a webhook needs: the mode's endpoint, or null, and every secret that signs now, newest first. */
export interface WebhookSettings {
  readonly endpoint: string | null;
  readonly secrets: readonly string[];
}

/** Whether the outcome is in the ledger now, whether a stream client wants its event, and the settings for its webhook. */
export interface OutcomeReceipt {
  readonly entered: boolean;
  readonly streaming: boolean;
  readonly settings: WebhookSettings;
}
