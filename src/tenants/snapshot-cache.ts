// What this isolate remembers of tenants: their snapshots, which tenants exist, and which keys and tenants are unknown. Every isolate
// has its own copy.

import { BoundedMap } from "../bounded-map.ts";
import type { TenantSnapshot } from "./settings.ts";

/** How long (ms) a snapshot is used. */
const SNAPSHOT_MS = 30_000;

/** Age (ms) at which a snapshot in use is read again in the background, so that requests rarely wait for KV. */
const REFRESH_MS = 15_000;

/** How long (ms) a key or a tenant that the tenant's object did not know stays unknown. */
const UNKNOWN_MS = 10_000;

const MAX_SNAPSHOTS = 1_000;
const MAX_IDS = 10_000;

interface CachedSnapshot {
  readonly snapshot: TenantSnapshot;
  readonly until: number;
  /** When to read it again. Once for each reading. */
  refreshAt: number;
}

const snapshots = new BoundedMap<CachedSnapshot>(MAX_SNAPSHOTS);
const existing = new BoundedMap<true>(MAX_IDS);
/** When a key (by hash) or a tenant is looked up again. */
const unknownKeys = new BoundedMap<number>(MAX_IDS);
const unknownTenants = new BoundedMap<number>(MAX_IDS);

/** The tenant's snapshot, at most 30 s old, or null. */
export function cachedSnapshot(tenantId: string, now: number): TenantSnapshot | null {
  return entryOf(tenantId, now)?.snapshot ?? null;
}

/** Whether the cached snapshot is to be read again. True once for each reading. */
export function isRefreshDue(tenantId: string, now: number): boolean {
  const entry = entryOf(tenantId, now);
  if (entry === null || entry.refreshAt > now) return false;
  entry.refreshAt = entry.until;
  return true;
}

export function cacheSnapshot(snapshot: TenantSnapshot, now: number): void {
  const { id, createdAt } = snapshot.profile;
  const known = entryOf(id, now)?.snapshot;
  // KV can return an older snapshot than the tenant's object has given since, or one of a deleted tenant of the same id.
  const older = known !== undefined && known.profile.createdAt === createdAt && known.revision > snapshot.revision;
  if (older || (known !== undefined && known.profile.createdAt > createdAt)) return;
  snapshots.set(id, { snapshot, until: now + SNAPSHOT_MS, refreshAt: now + REFRESH_MS });
  rememberTenant(id);
}

/** Whether this isolate has had a snapshot of the tenant, or created it: an invented id has no snapshot. */
export function isKnownTenant(tenantId: string): boolean {
  return existing.get(tenantId) !== undefined;
}

export function rememberTenant(tenantId: string): void {
  existing.set(tenantId, true);
  unknownTenants.delete(tenantId);
}

/** Whether the tenant's object did not know the key, or the tenant, within the last seconds. */
export function isUnknown(tenantId: string, hash: string, now: number): boolean {
  return (unknownTenants.get(tenantId) ?? 0) > now || (unknownKeys.get(hash) ?? 0) > now;
}

export function rememberUnknownKey(hash: string, now: number): void {
  unknownKeys.set(hash, now + UNKNOWN_MS);
}

export function rememberUnknownTenant(tenantId: string, now: number): void {
  snapshots.delete(tenantId);
  existing.delete(tenantId);
  unknownTenants.set(tenantId, now + UNKNOWN_MS);
}

/** Drops the snapshot of a tenant, so that the next request reads it again: for the isolate that has just changed the tenant. */
export function dropCachedTenant(tenantId: string): void {
  snapshots.delete(tenantId);
  unknownTenants.delete(tenantId);
}

function entryOf(tenantId: string, now: number): CachedSnapshot | null {
  const entry = snapshots.get(tenantId);
  return entry !== undefined && entry.until > now ? entry : null;
}
