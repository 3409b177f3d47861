// The balance that getBalance returns: the tenant's remaining live tasks of the month.

import type { Context } from "hono";
import { BoundedMap } from "../bounded-map.ts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { callTenant } from "./account-access.ts";

/** The balance of test keys and of tenants without a quota. */
const UNLIMITED = 1_000_000;

/** How long (ms) an isolate caches a tenant's count, because clients ask before every task. */
const CACHE_MS = 60_000;

/** By tenant id and creation time, so that a tenant that was deleted and created again has its own entry. */
const cache = new BoundedMap<{ readonly liveTasks: number; readonly until: number }>(1_000);

/** The remaining live tasks of the caller's tenant this month, up to 90 s old. */
export async function balanceOf(c: Context<AppEnv>): Promise<number> {
  const { tenantId, mode, profile } = c.var.caller;
  const quota = profile.limits.monthlyTasks;
  if (mode === "test" || quota === null) return UNLIMITED;
  const now = Date.now();
  const name = `${tenantId}/${profile.createdAt}`;
  const cached = cache.get(name);
  if (cached !== undefined && cached.until > now) return Math.max(quota - cached.liveTasks, 0);
  const { month } = await callTenant(c, async (tenant, actor) => tenant.account(actor, mode));
  cache.set(name, { liveTasks: month.liveTasks, until: now + CACHE_MS });
  return Math.max(quota - month.liveTasks, 0);
}
