// What a TenantObject is asked and what it answers. Types only. Times are in ms since the epoch.

import type { AdmissionOutcome } from "../tasks/events.ts";
import type { TaskEventType } from "../tasks/task-webhook.ts";
import type { KeyMode, Scope } from "./keys.ts";
import type { LocationHint, TenantLimits, TenantProfile } from "./settings.ts";

/** A tenant to create. */
export interface NewTenant {
  readonly id: string;
  readonly name: string;
  readonly allowedHosts: readonly string[];
  readonly limits: TenantLimits;
  /** The only upstream account of its live tasks. By default any. */
  readonly upstreamAccount?: string | null | undefined;
  readonly location?: LocationHint | null | undefined;
}

/** A change of settings. What is undefined stays as it is. */
export interface TenantPatch {
  readonly name?: string | undefined;
  readonly allowedHosts?: readonly string[] | undefined;
  readonly limits?: Partial<TenantLimits> | undefined;
  readonly suspended?: boolean | undefined;
  readonly upstreamAccount?: string | null | undefined;
}

/** A tenant as the operator sees it: its settings, and what it is doing now. */
export interface TenantView extends TenantProfile {
  /** Tasks that have a slot. */
  readonly inFlight: Readonly<Record<KeyMode, number>>;
  /** Tasks that wait for a slot. */
  readonly queued: Readonly<Record<KeyMode, number>>;
  /** Live tasks of the current month (UTC), and how many are allowed. */
  readonly month: { readonly liveTasks: number; readonly quota: number | null };
}

/** A tenant as a key of a mode sees it. `inFlight` and `queued` are of this mode. */
export interface AccountView {
  readonly tenant: { readonly id: string; readonly name: string; readonly suspended: boolean };
  readonly mode: KeyMode;
  readonly allowedHosts: readonly string[];
  readonly limits: TenantLimits;
  readonly month: TenantView["month"];
  readonly inFlight: number;
  readonly queued: number;
}

/** A new tenant with the first signing secret of each mode. */
export interface CreatedTenant {
  readonly tenant: TenantView;
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

/** What a task keeps in memory about its tenant. */
export interface TaskSettings extends WebhookSettings {
  /** The events that connected stream clients want: the report of such an outcome carries its event. By default none. */
  readonly streamed?: readonly TaskEventType[];
}

/** The answer to a task that asks for a slot, and the settings for its webhook. Null without a tenant. */
export interface AdmissionReceipt {
  readonly outcome: AdmissionOutcome;
  readonly webhook: TaskSettings | null;
}

/** Whether the outcome is in the ledger now, and the settings for its webhook. */
export interface OutcomeReceipt {
  readonly entered: boolean;
  /** A stream client wants the event, and the report did not carry it. */
  readonly streaming: boolean;
  readonly settings: WebhookSettings;
}

export type AuditAction =
  | "key.created"
  | "key.rotated"
  | "key.revoked"
  | "webhook.updated"
  | "webhook.deleted"
  | "webhook.secret_read"
  | "webhook.secret_rotated"
  | "tenant.created"
  | "tenant.updated";

type AuditValue = string | number | boolean | null | readonly string[];
export type AuditDetails = Readonly<Record<string, AuditValue | Readonly<Record<string, AuditValue>>>>;

/** An entry of the audit log. */
export interface AuditEntry {
  readonly at: number;
  readonly action: AuditAction;
  readonly actor: { readonly type: "operator" } | { readonly type: "key"; readonly keyId: string };
  /** The id of the key or tenant, or `webhook`. */
  readonly target: string;
  /** Null for what concerns both modes. */
  readonly mode: KeyMode | null;
  readonly details: AuditDetails;
}

/** A page of entries. `next` is where the next page begins, or null at the end. */
export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly next: number | null;
}
