// Totals of all tenants' usage.

import { expect, it } from "vitest";
import type { TenantUsage } from "../../src/client/index.ts";
import { byDay, byTenant, inAll, lastDays, ofMode, stackOf } from "../../src/console/operator/all-usage-totals.ts";

const row = (tenantId: string, day: string, submitted: number, changes: Partial<TenantUsage> = {}) => ({
  tenantId,
  mode: "live" as const,
  day,
  submitted,
  ready: submitted,
  failed: 0,
  canceled: 0,
  ...changes,
});

const ROWS: readonly TenantUsage[] = [
  row("acme", "2026-11-22", 5, { ready: 3, failed: 2 }),
  row("acme", "2026-11-23", 1),
  row("shop", "2026-11-23", 10),
  row("tiny", "2026-11-23", 2, { mode: "test" }),
];
const DAYS = ["2026-11-22", "2026-11-23"];

it("adds up all tenants", () => {
  expect(inAll(ROWS)).toEqual({ submitted: 18, ready: 16, failed: 2, canceled: 0 });
});

it("lists tenants with the most tasks first", () => {
  expect(byTenant(ROWS).map(({ tenantId, submitted }) => [tenantId, submitted])).toEqual([
    ["shop", 10],
    ["acme", 6],
    ["tiny", 2],
  ]);
});

it("is limited to a mode, and counted by day", () => {
  expect(ofMode(ROWS, "test").map(({ tenantId }) => tenantId)).toEqual(["tiny"]);
  expect(ofMode(ROWS, "all")).toEqual(ROWS);
  expect(byDay(ROWS, DAYS).map(({ submitted }) => submitted)).toEqual([5, 13]);
});

it("stacks tenants from the highest sum down, with those beyond the limit on top", () => {
  expect(stackOf(ROWS, DAYS, 2)).toEqual([
    { id: null, values: [5, 13] },
    { id: "acme", values: [5, 11] },
    { id: "shop", values: [0, 10] },
  ]);
});

it("counts days back from today in UTC", () => {
  expect(lastDays(Date.parse("2026-11-01T00:30:00Z"), 3)).toEqual(["2026-10-30", "2026-10-31", "2026-11-01"]);
});
