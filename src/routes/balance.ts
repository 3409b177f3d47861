// The balance of getBalance: the live tasks that a tenant has left this month.

import type { Context } from "hono";
import type { AppEnv } from "../middleware/authenticate.ts";
import { callTenant } from "./account-access.ts";

/** The balance where nothing limits the month: test keys, and tenants without a quota. */
const UNLIMITED = 1_000_000;

/** Milliseconds for which an isolate uses a tenant's count again. Clients ask before every task. */
const CACHE_MS = 60_000;

/** Tenants whose counts an isolate remembers. */
const MAX_CACHED = 1_000;

/** By tenant and its creation time. */
const cache = new Map<string, { readonly liveTasks: number; readonly until: number }>();

/** The live tasks that the caller's tenant has left this month, up to 90 s old. */
export async function balanceOf(c: Context<AppEnv>): Promise<number> {
  const { tenantId, mode, profile } = c.var.caller;
  const quota = profile.limits.monthlyTasks;
  if (mode === "test" || quota === null) return UNLIMITED;
  const now = Date.now();
  const name = `${tenantId}/${profile.createdAt}`;
  const cached = cache.get(name);
  if (cached !== undefined && cached.until > now) return Math.max(quota - cached.liveTasks, 0);
  const { month } = await callTenant(c, async (tenant, actor) => tenant.account(actor, mode));
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(name, { liveTasks: month.liveTasks, until: now + CACHE_MS });
  return Math.max(quota - month.liveTasks, 0);
}
