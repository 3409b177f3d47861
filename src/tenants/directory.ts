// Access to tenants: stubs of their objects, and their snapshots in KV.

import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import type { LocationHint, TenantProfile, TenantSnapshot } from "./settings.ts";
import { SNAPSHOT_PREFIX, snapshotKeyOf, snapshotSchema } from "./settings.ts";
import { cacheSnapshot } from "./snapshot-cache.ts";

/** How long (s) a location may cache a value of KV. */
const KV_CACHE_S = 60;

/**
 * A stub of a tenant's object.
 * @param locationHint used by the platform only for the first call to the object
 */
export function tenantStub(env: Env, tenantId: string, locationHint?: LocationHint | null) {
  const id = env.TENANTS.idFromName(tenantId);
  return locationHint == null ? env.TENANTS.get(id) : env.TENANTS.get(id, { locationHint });
}

/** A page of tenants by id, from KV. A new tenant can take a minute to appear. */
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

/** Reads a snapshot from KV and caches it. Null if there is none, or if KV fails. */
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

/** Parses a snapshot from KV. Null if there is none, or if this version cannot read it. */
export function parseSnapshot(text: string | null, name: string): TenantSnapshot | null {
  if (text === null) return null;
  try {
    return snapshotSchema.parse(JSON.parse(text));
  } catch {
    log("error", "snapshot_unreadable", { name });
    return null;
  }
}
