// Usage of all tenants, and its totals by tenant and by day.

import type { Mode, SolvegateAdmin, TenantUsage } from "../../client/index.ts";

/** Usage of all tenants on consecutive days. */
export function loadUsage(
  client: SolvegateAdmin,
  days: readonly string[],
  signal: AbortSignal,
): Promise<readonly TenantUsage[]> {
  return Array.fromAsync(client.usage({ from: days[0], to: days.at(-1), signal }));
}

export interface Totals {
  readonly submitted: number;
  readonly ready: number;
  readonly failed: number;
  readonly canceled: number;
}

export interface TenantTotals extends Totals {
  readonly tenantId: string;
}

const NOTHING: Totals = { submitted: 0, ready: 0, failed: 0, canceled: 0 };

const add = (totals: Totals, row: TenantUsage): Totals => ({
  submitted: totals.submitted + row.submitted,
  ready: totals.ready + row.ready,
  failed: totals.failed + row.failed,
  canceled: totals.canceled + row.canceled,
});

/** The rows of a mode, or of both. */
export const ofMode = (rows: readonly TenantUsage[], mode: Mode | "all"): readonly TenantUsage[] =>
  mode === "all" ? rows : rows.filter((row) => row.mode === mode);

/** Totals by tenant, most submitted first. */
export function byTenant(rows: readonly TenantUsage[]): readonly TenantTotals[] {
  const totals = new Map<string, TenantTotals>();
  for (const row of rows) {
    const { tenantId } = row;
    totals.set(tenantId, { tenantId, ...add(totals.get(tenantId) ?? NOTHING, row) });
  }
  return [...totals.values()].sort((a, b) => b.submitted - a.submitted || (a.tenantId < b.tenantId ? -1 : 1));
}

/** Totals of all rows. */
export const inAll = (rows: readonly TenantUsage[]): Totals => rows.reduce(add, NOTHING);

/** Totals of each day. */
export const byDay = (rows: readonly TenantUsage[], days: readonly string[]): readonly Totals[] =>
  days.map((day) => inAll(rows.filter((row) => row.day === day)));

/**
 * What each tenant submitted on each day, stacked: the first is the sum of all, the last the tenant at the bottom. Tenants beyond
 * `most` are one entry at the top, whose id is null.
 */
export function stackOf(rows: readonly TenantUsage[], days: readonly string[], most: number) {
  const largest = byTenant(rows).slice(0, most);
  const known = new Set(largest.map(({ tenantId }) => tenantId));
  const others = rows.some(({ tenantId }) => !known.has(tenantId));
  const ids: (string | null)[] = [...largest.map(({ tenantId }) => tenantId), ...(others ? [null] : [])];
  let below = days.map(() => 0);
  const layers = ids.map((id) => {
    below = days.map((day, index) => {
      const own = rows.filter(
        (row) => row.day === day && (id === null ? !known.has(row.tenantId) : row.tenantId === id),
      );
      return (below[index] ?? 0) + own.reduce((sum, row) => sum + row.submitted, 0);
    });
    return { id, values: below };
  });
  return layers.reverse();
}

/** The last `count` UTC days up to `now` (ms since the epoch), oldest first. */
export function lastDays(now: number, count: number): string[] {
  return Array.from({ length: count }, (_, index) =>
    new Date(now - (count - 1 - index) * 86_400_000).toISOString().slice(0, 10),
  );
}
