// What the edge knows of tenants: the isolate's memory, then KV, then, for a key that the snapshot does not know, the tenant's
// object itself. So a new key works at once everywhere, and a revoked one dies with the snapshots: 30 s of memory and 60 s of KV.
// Refuses to hold a key: it is asked by hash.

import type { Env } from "../env.ts";
import { log } from "../log.ts";
import { equalInConstantTime } from "./keys.ts";
import type { SnapshotKey, TenantProfile, TenantSnapshot } from "./settings.ts";
import { SNAPSHOT_PREFIX, snapshotKeyOf, snapshotSchema } from "./settings.ts";

/** How long (ms) an isolate trusts a snapshot that it has read. With KV's 60 s: a revoked key is dead within 90 s. */
const MEMORY_MS = 30_000;

/** How long (s) KV may answer from a location's cache: its least. */
const KV_CACHE_S = 60;

/** Snapshots that an isolate remembers; the oldest make room. */
const MAX_REMEMBERED = 1_000;

/** A snapshot of this age (ms) is read anew beside the request that finds it so: who comes after waits for KV as little. */
const REFRESH_MS = 15_000;

interface Remembered {
  readonly snapshot: TenantSnapshot;
  readonly until: number;
  /** When it is to be read anew; once for each reading. */
  refreshAt: number;
}

/** A key that is known, with the tenant that it belongs to. */
export interface KnownKey {
  readonly key: SnapshotKey;
  readonly profile: TenantProfile;
  readonly exhaustedMonth: string | null;
}

/** Per isolate, as module state is: each has its own copy, and each copy dies within `MEMORY_MS`. */
const memory = new Map<string, Remembered>();

/**
 * Finds a key by tenant and hash; null where it is unknown, revoked or expired.
 * @param background takes work that the answer does not wait for
 */
export async function findKey(
  env: Env,
  tenantId: string,
  hash: string,
  now: number,
  background: (work: Promise<unknown>) => void,
): Promise<KnownKey | null> {
  const remembered = recall(tenantId, now);
  if (remembered !== null && remembered.refreshAt <= now) {
    remembered.refreshAt = remembered.until;
    // KV's trouble is not this request's: what is remembered is good until its time is over.
    background(readSnapshot(env, tenantId, now).catch(() => null));
  }
  const near = remembered?.snapshot ?? (await readSnapshot(env, tenantId, now));
  const known = near === null ? null : select(near, hash);
  if (known !== null) return alive(known, now);
  const fresh = await tenantStub(env, tenantId).snapshot();
  if (fresh === null) return null;
  remember(fresh, now);
  const found = select(fresh, hash);
  return found === null ? null : alive(found, now);
}

/** Drops what this isolate remembers of a tenant: for the operator who has just changed it. */
export function dropCachedTenant(tenantId: string): void {
  memory.delete(tenantId);
}

/** The object of a tenant. */
export function tenantStub(env: Env, tenantId: string) {
  return env.TENANTS.get(env.TENANTS.idFromName(tenantId));
}

/** A page of tenants in the order of their ids, from KV: a tenant appears when KV has it everywhere. */
export async function listTenants(
  env: Env,
  limit: number,
  cursor: string | null,
): Promise<{ readonly profiles: TenantProfile[]; readonly nextCursor: string | null }> {
  const page = await env.DIRECTORY.list({ prefix: SNAPSHOT_PREFIX, limit, ...(cursor === null ? {} : { cursor }) });
  const names = page.keys.map(({ name }) => name);
  const values = names.length === 0 ? new Map<string, string | null>() : await env.DIRECTORY.get(names);
  const profiles = names.flatMap((name) => {
    const snapshot = parseSnapshot(values.get(name) ?? null, name);
    return snapshot === null ? [] : [snapshot.profile];
  });
  return { profiles, nextCursor: page.list_complete ? null : page.cursor };
}

async function readSnapshot(env: Env, tenantId: string, now: number): Promise<TenantSnapshot | null> {
  const name = snapshotKeyOf(tenantId);
  const snapshot = parseSnapshot(await env.DIRECTORY.get(name, { type: "text", cacheTtl: KV_CACHE_S }), name);
  if (snapshot !== null) remember(snapshot, now);
  return snapshot;
}

function parseSnapshot(text: string | null, name: string): TenantSnapshot | null {
  if (text === null) return null;
  try {
    return snapshotSchema.parse(JSON.parse(text));
  } catch {
    // The object is the truth and is asked next; what KV holds is worth a look by a person.
    log("error", "snapshot_unreadable", { name });
    return null;
  }
}

function recall(tenantId: string, now: number): Remembered | null {
  const known = memory.get(tenantId);
  return known !== undefined && known.until > now ? known : null;
}

function remember(snapshot: TenantSnapshot, now: number): void {
  const { id, createdAt } = snapshot.profile;
  const known = recall(id, now)?.snapshot;
  // What KV's cache still has is no news to an isolate that asked the object since.
  if (known !== undefined && known.profile.createdAt === createdAt && known.revision > snapshot.revision) return;
  memory.delete(id);
  memory.set(id, { snapshot, until: now + MEMORY_MS, refreshAt: now + REFRESH_MS });
  const oldest = memory.keys().next();
  if (memory.size > MAX_REMEMBERED && !oldest.done) memory.delete(oldest.value);
}

function select({ keys, profile, exhaustedMonth }: TenantSnapshot, hash: string): KnownKey | null {
  const key = keys.find((candidate) => equalInConstantTime(candidate.hash, hash));
  return key === undefined ? null : { key, profile, exhaustedMonth };
}

function alive(known: KnownKey, now: number): KnownKey | null {
  return known.key.expiresAt === null || known.key.expiresAt > now ? known : null;
}
