// Per-isolate caches of tenant snapshots, existing tenants, and unknown keys and tenants.

import { BoundedMap } from "../bounded-map.ts";
import type { TenantSnapshot } from "./settings.ts";

/** How long (ms) a snapshot is used. */
const SNAPSHOT_MS = 30_000;

/** The age (ms) at which a snapshot is refreshed in the background, so that requests rarely wait for KV. */
const REFRESH_MS = 15_000;

/** How long (ms) a key or tenant that the tenant's object did not know is cached as unknown. */
const UNKNOWN_MS = 10_000;

const MAX_SNAPSHOTS = 1_000;
const MAX_IDS = 10_000;

interface CachedSnapshot {
  readonly snapshot: TenantSnapshot;
  readonly until: number;
  /** When the snapshot is refreshed (ms). */
  refreshAt: number;
}

const snapshots = new BoundedMap<CachedSnapshot>(MAX_SNAPSHOTS);
const existing = new BoundedMap<true>(MAX_IDS);
/** By key hash and by tenant id, when the entry expires (ms). */
const unknownKeys = new BoundedMap<number>(MAX_IDS);
const unknownTenants = new BoundedMap<number>(MAX_IDS);

/** The cached snapshot of a tenant, or null. */
export function cachedSnapshot(tenantId: string, now: number): TenantSnapshot | null {
  return entryOf(tenantId, now)?.snapshot ?? null;
}

/** Whether the cached snapshot must be refreshed. Returns true once per cached snapshot. */
export function isRefreshDue(tenantId: string, now: number): boolean {
  const entry = entryOf(tenantId, now);
  if (entry === null || entry.refreshAt > now) return false;
  entry.refreshAt = entry.until;
  return true;
}

/** Caches a snapshot, unless a newer one is cached. */
export function cacheSnapshot(snapshot: TenantSnapshot, now: number): void {
  const { id, createdAt } = snapshot.profile;
  const known = entryOf(id, now)?.snapshot;
  // KV can return an outdated snapshot, or the one of a deleted tenant with the same id.
  const older = known !== undefined && known.profile.createdAt === createdAt && known.revision > snapshot.revision;
  if (older || (known !== undefined && known.profile.createdAt > createdAt)) return;
  snapshots.set(id, { snapshot, until: now + SNAPSHOT_MS, refreshAt: now + REFRESH_MS });
  rememberTenant(id);
}

/** Whether this isolate has seen the tenant, so that its id is not made up. */
export function isKnownTenant(tenantId: string): boolean {
  return existing.get(tenantId) !== undefined;
}

/** Caches that a tenant exists. */
export function rememberTenant(tenantId: string): void {
  existing.set(tenantId, true);
  unknownTenants.delete(tenantId);
}

/** Whether the key or the tenant is cached as unknown. */
export function isUnknown(tenantId: string, hash: string, now: number): boolean {
  return (unknownTenants.get(tenantId) ?? 0) > now || (unknownKeys.get(hash) ?? 0) > now;
}

/** Caches that a key is unknown. */
export function rememberUnknownKey(hash: string, now: number): void {
  unknownKeys.set(hash, now + UNKNOWN_MS);
}

/** Caches that a tenant does not exist. */
export function rememberUnknownTenant(tenantId: string, now: number): void {
  snapshots.delete(tenantId);
  existing.delete(tenantId);
  unknownTenants.set(tenantId, now + UNKNOWN_MS);
}

/** Drops the cached snapshot of a tenant that this isolate has just changed. */
export function dropCachedTenant(tenantId: string): void {
  snapshots.delete(tenantId);
  unknownTenants.delete(tenantId);
}

function entryOf(tenantId: string, now: number): CachedSnapshot | null {
  const entry = snapshots.get(tenantId);
  return entry !== undefined && entry.until > now ? entry : null;
}
