// GET /v1/usage: totals by day, and by key.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { expectInvalid } from "../support/answers.ts";
import { call, makeKey, makeTenant } from "../support/gateway.ts";
import { ledgerTask } from "../support/ledger.ts";

afterEach(reset);

const today = () => new Date().toISOString().slice(0, 10);

async function days(key: string, query = ""): Promise<Record<string, unknown>[]> {
  const answer = await call("GET", `/v1/usage${query}`, { key });
  expect(answer.status).toBe(200);
  return (await answer.json<{ days: Record<string, unknown>[] }>()).days;
}

async function makeReader(): Promise<{ tenantId: string; key: string }> {
  const { id } = await makeTenant();
  const { key } = await makeKey(id, { scopes: ["account:read"] });
  return { tenantId: id, key };
}

describe("GET /v1/usage", () => {
  it("counts each task once, on the day of its creation, for the last 30 days", async () => {
    const { tenantId, key } = await makeReader();
    await ledgerTask(tenantId);
    await ledgerTask(tenantId, { status: "failed", errorCode: "timeout", solveMs: null });
    await ledgerTask(tenantId, { status: "canceled", solveMs: null });
    const found = await days(key);
    expect(found).toHaveLength(30);
    expect(found.at(-1)).toStrictEqual({
      day: today(),
      submitted: 3,
      ready: 1,
      failed: { timeout: 1 },
      canceled: 1,
      solveMs: { p50: 5_000, p95: 5_000 },
    });
    const empty = { submitted: 0, ready: 0, failed: {}, canceled: 0, solveMs: { p50: null, p95: null } };
    expect(found[0]).toStrictEqual({ day: expect.any(String), ...empty });
  });

  it("counts tasks by key with groupBy=key", async () => {
    const { tenantId, key } = await makeReader();
    await ledgerTask(tenantId, { keyId: "key_1" });
    await ledgerTask(tenantId, { keyId: "key_1", status: "canceled", solveMs: null });
    await ledgerTask(tenantId, { keyId: "key_2" });
    const found = await days(key, "?groupBy=key");
    expect(found.at(-1)).toMatchObject({
      keys: { key_1: { submitted: 2, ready: 1 }, key_2: { submitted: 1, ready: 1 } },
    });
    expect(found[0]).toMatchObject({ keys: {} });
  });

  it("counts only the tasks of the key's mode", async () => {
    const { tenantId } = await makeReader();
    await ledgerTask(tenantId);
    const { key } = await makeKey(tenantId, { mode: "live", scopes: ["account:read"] });
    expect((await days(key)).at(-1)).toMatchObject({ submitted: 0 });
  });

  it("returns a range of up to 366 days, with both ends", async () => {
    const { key } = await makeReader();
    expect((await days(key, "?from=2026-11-23&to=2026-11-23")).map(({ day }) => day)).toEqual(["2026-11-23"]);
    expect(await days(key, "?from=2027-01-01&to=2028-01-01")).toHaveLength(366);
  });

  it.each([
    ["?from=2026-02-30", "from"],
    ["?from=2026-11-24&to=2026-11-23", "from"],
    ["?from=2027-01-01&to=2028-01-02", "from"],
    ["?to=today", "to"],
    ["?to=0001-01-01", "to"],
    ["?groupBy=website", "groupBy"],
  ])("returns 400 for %s", async (query, path) => {
    const { key } = await makeReader();
    await expectInvalid(await call("GET", `/v1/usage${query}`, { key }), path);
  });
});
