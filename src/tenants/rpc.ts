// RPC types of the TenantObject. Times are in ms since the epoch.

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
  /** The only upstream account for live tasks. By default, all accounts. */
  readonly upstreamAccount?: string | null | undefined;
  readonly location?: LocationHint | null | undefined;
}

/** A change of settings. Undefined fields do not change. */
export interface TenantPatch {
  readonly name?: string | undefined;
  readonly allowedHosts?: readonly string[] | undefined;
  readonly limits?: Partial<TenantLimits> | undefined;
  readonly suspended?: boolean | undefined;
  readonly upstreamAccount?: string | null | undefined;
}

/** The operator's view of a tenant: its settings and current usage. */
export interface TenantView extends TenantProfile {
  /** Tasks that hold a slot. */
  readonly inFlight: Readonly<Record<KeyMode, number>>;
  /** Tasks that wait for a slot. */
  readonly queued: Readonly<Record<KeyMode, number>>;
  /** Live tasks of the current month (UTC), and the quota. */
  readonly month: { readonly liveTasks: number; readonly quota: number | null };
}

/** A key's view of its tenant. `inFlight` and `queued` count tasks of its mode. */
export interface AccountView {
  readonly tenant: { readonly id: string; readonly name: string; readonly suspended: boolean };
  readonly mode: KeyMode;
  readonly allowedHosts: readonly string[];
  readonly limits: TenantLimits;
  readonly month: TenantView["month"];
  readonly inFlight: number;
  readonly queued: number;
}

/** A new tenant and its signing secrets. */
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

/** A key without the key itself. */
export interface KeyInfo {
  readonly id: string;
  readonly name: string;
  readonly mode: KeyMode;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly lastUsedDay: string | null;
}

/** A new key, including the key itself, which cannot be read again. */
export interface CreatedKey extends KeyInfo {
  readonly key: string;
}

/** The replacement of a rotated key, and when the old key ends. */
export interface RotatedKey {
  readonly created: CreatedKey;
  readonly replaces: { readonly id: string; readonly expiresAt: number };
}

/** The created key, or why it was not created. */
export type CreateKeyResult = CreatedKey | "too_many" | "forbidden";
/** The rotated key, or why it was not rotated. */
export type RotateKeyResult = RotatedKey | "absent" | "already_rotated" | "too_many" | "forbidden";

/** The default webhook endpoint of a mode. */
export interface EndpointInfo {
  readonly url: string | null;
  readonly disabledAt: number | null;
  readonly disabledReason: string | null;
}

/** The signing secret of a mode, and the previous one as long as it is valid. */
export interface SecretInfo {
  readonly secret: string;
  readonly previous: { readonly secret: string; readonly expiresAt: number } | null;
}

/** The settings for sending webhooks: the mode's endpoint, or null, and all valid secrets, newest first. */
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

/** The actions in the audit log. */
export const AUDIT_ACTIONS = [
  "key.created",
  "key.rotated",
  "key.revoked",
  "webhook.updated",
  "webhook.deleted",
  "webhook.secret_read",
  "webhook.secret_rotated",
  "tenant.created",
  "tenant.updated",
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

type AuditValue = string | number | boolean | null | readonly string[];
/** The changed values. Never contains a key or secret. */
export type AuditDetails = Readonly<Record<string, AuditValue | Readonly<Record<string, AuditValue>>>>;

/** An entry of the audit log. */
export interface AuditEntry {
  readonly at: number;
  readonly action: AuditAction;
  readonly actor: { readonly type: "operator" } | { readonly type: "key"; readonly keyId: string };
  /** The id of the changed key or tenant, or `webhook`. */
  readonly target: string;
  /** Null for changes that affect both modes. */
  readonly mode: KeyMode | null;
  readonly details: AuditDetails;
}

/** A page of entries. `next` is the `before` of the next page, or null on the last page. */
export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly next: number | null;
}
