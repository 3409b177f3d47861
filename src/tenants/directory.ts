// Tenants as the edge finds them: their objects, and their snapshots in KV.

import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import type { LocationHint, TenantProfile, TenantSnapshot } from "./settings.ts";
import { SNAPSHOT_PREFIX, snapshotKeyOf, snapshotSchema } from "./settings.ts";
import { cacheSnapshot } from "./snapshot-cache.ts";

/** How long (s) KV may answer from a location's cache. 60 is the platform's default. */
const KV_CACHE_S = 60;

/**
 * The object of a tenant.
 * @param locationHint where the platform places the object, if this is its first call
 */
export function tenantStub(env: Env, tenantId: string, locationHint?: LocationHint | null) {
  const id = env.TENANTS.idFromName(tenantId);
  return locationHint == null ? env.TENANTS.get(id) : env.TENANTS.get(id, { locationHint });
}

/** A page of tenants in the order of their ids, from KV: a new tenant appears when KV has it everywhere. */
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

/** The snapshot that KV has, which is cached. Null when KV has none or fails: the tenant's object is asked then. */
export async function readSnapshot(env: Env, tenantId: string, now: number): Promise<TenantSnapshot | null> {
  const name = snapshotKeyOf(tenantId);
  try {
    const snapshot = parseSnapshot(await env.DIRECTORY.get(name, { type: "text", cacheTtl: KV_CACHE_S }), name);
    if (snapshot !== null) cacheSnapshot(snapshot, now);
    return snapshot;
  } catch (error) {
    log("warn", "snapshot_unavailable", { name, ...describeError(error) });
    return null;
  }
}

/** A snapshot as KV has it, or null when there is none or this version cannot read it. */
export function parseSnapshot(text: string | null, name: string): TenantSnapshot | null {
  if (text === null) return null;
  try {
    return snapshotSchema.parse(JSON.parse(text));
  } catch {
    log("error", "snapshot_unreadable", { name });
    return null;
  }
}
