// Operations of an actor on a tenant's account. Changes are recorded in the audit log.

import { rfc3339OrNull } from "../rfc3339.ts";
import type { Actor } from "./actor.ts";
import { visibleMode } from "./actor.ts";
import type { AuditLog } from "./audit.ts";
import type { Keyring, KeySecret } from "./keyring.ts";
import type { KeyMode } from "./keys.ts";
import type {
  AuditDetails,
  AuditPage,
  CreateKeyResult,
  EndpointInfo,
  NewKey,
  RotateKeyResult,
  SecretInfo,
  TenantPatch,
} from "./rpc.ts";
import type { TenantProfile } from "./settings.ts";
import type { SettingsStore } from "./settings-store.ts";
import type { WebhookEndpoints } from "./webhook-endpoints.ts";

/** The `target` of audit entries for endpoints and secrets. */
const WEBHOOK = "webhook";

/** The maximum number of added or removed hosts in an audit entry. */
const MAX_LISTED_HOSTS = 50;

/** The services that an account uses. */
export interface AccountServices {
  readonly settings: SettingsStore;
  readonly keyring: Keyring;
  readonly webhooks: WebhookEndpoints;
  readonly audit: AuditLog;
}

/** A tenant's account. */
export class Account {
  readonly #services: AccountServices;

  constructor(services: AccountServices) {
    this.#services = services;
  }

  createKey(actor: Actor, wanted: NewKey, secret: KeySecret, now: number): CreateKeyResult {
    const result = this.#services.keyring.create(actor, wanted, secret, now);
    if (typeof result === "string") return result;
    const { name, scopes, mode, expiresAt } = result;
    this.#services.audit.record(
      actor,
      "key.created",
      result.id,
      mode,
      { name, scopes, expiresAt: rfc3339OrNull(expiresAt) },
      now,
    );
    this.#services.settings.update({});
    return result;
  }

  /** Revokes a key immediately. Returns false if the actor can see no such valid key. */
  revokeKey(actor: Actor, id: string, now: number): boolean {
    const revoked = this.#services.keyring.revoke(actor, id, now);
    if (revoked === null) return false;
    this.#services.audit.record(actor, "key.revoked", id, revoked.mode, { name: revoked.name }, now);
    this.#services.settings.update({});
    return true;
  }

  rotateKey(actor: Actor, id: string, overlapMs: number, secret: KeySecret, now: number): RotateKeyResult {
    const result = this.#services.keyring.rotate(actor, id, overlapMs, secret, now);
    if (typeof result === "string") return result;
    const { created, replaces } = result;
    const details = { name: created.name, replacedBy: created.id, endsAt: rfc3339OrNull(replaces.expiresAt) };
    this.#services.audit.record(actor, "key.rotated", id, created.mode, details, now);
    this.#services.settings.update({});
    return result;
  }

  /** Sets and enables the endpoint of a mode, or deletes it (null). */
  setEndpoint(actor: Actor, mode: KeyMode, url: string | null, now: number): EndpointInfo {
    const { webhooks, audit } = this.#services;
    const before = webhooks.endpoint(mode).url;
    if (url === null && before === null) return webhooks.endpoint(mode);
    // The path and query of a webhook URL can contain a token, so only the host is logged.
    if (url === null) audit.record(actor, "webhook.deleted", WEBHOOK, mode, { host: hostOf(before) }, now);
    else audit.record(actor, "webhook.updated", WEBHOOK, mode, { host: hostOf(url) }, now);
    return webhooks.setEndpoint(mode, url, now);
  }

  readSecret(actor: Actor, mode: KeyMode, now: number): SecretInfo {
    this.#services.audit.record(actor, "webhook.secret_read", WEBHOOK, mode, {}, now);
    return this.#services.webhooks.secret(mode, now);
  }

  rotateSecret(actor: Actor, mode: KeyMode, overlapMs: number, now: number): string {
    const details = { overlapSeconds: overlapMs / 1_000 };
    this.#services.audit.record(actor, "webhook.secret_rotated", WEBHOOK, mode, details, now);
    return this.#services.webhooks.rotateSecret(mode, overlapMs, now);
  }

  /** Updates the tenant's settings. */
  patch(actor: Actor, patch: TenantPatch, now: number): TenantProfile {
    const before = this.#services.settings.profile;
    const after = this.#services.settings.patch(patch);
    const changes = changesBetween(before, after);
    if (Object.keys(changes).length > 0) {
      this.#services.audit.record(actor, "tenant.updated", after.id, null, changes, now);
    }
    return after;
  }

  /** A page of the audit log. `mode` null: all entries that the actor can see. */
  auditPage(actor: Actor, mode: KeyMode | null, limit: number, before: number | null): AuditPage {
    return this.#services.audit.page(visibleMode(actor) ?? mode, limit, before);
  }
}

/** The changed fields with their old and new values, and the added and removed hosts. */
function changesBetween(before: TenantProfile, after: TenantProfile): AuditDetails {
  const changes: Record<string, AuditDetails[string]> = {};
  for (const field of ["name", "suspended", "upstreamAccount"] as const) {
    if (before[field] !== after[field]) changes[field] = { from: before[field], to: after[field] };
  }
  for (const field of ["maxInFlight", "monthlyTasks"] as const) {
    if (before.limits[field] !== after.limits[field]) {
      changes[field] = { from: before.limits[field], to: after.limits[field] };
    }
  }
  const added = missingIn(before.allowedHosts, after.allowedHosts);
  const removed = missingIn(after.allowedHosts, before.allowedHosts);
  if (added.length > 0 || removed.length > 0) {
    changes.allowedHosts = {
      added: added.slice(0, MAX_LISTED_HOSTS),
      removed: removed.slice(0, MAX_LISTED_HOSTS),
      addedCount: added.length,
      removedCount: removed.length,
    };
  }
  return changes;
}

function missingIn(hosts: readonly string[], wanted: readonly string[]): string[] {
  const known = new Set(hosts);
  return wanted.filter((host) => !known.has(host));
}

function hostOf(url: string | null): string | null {
  return url === null ? null : (URL.parse(url)?.host ?? null);
}
