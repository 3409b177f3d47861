// The operator's views of tasks and usage, for one tenant and for all tenants.

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { expectInvalid, expectProblem } from "../support/answers.ts";
import { ADMIN_TOKEN, admin, call, callWith, makeCaller, makeKey, makeTenant } from "../support/gateway.ts";
import { ledgerTask } from "../support/ledger.ts";

afterEach(reset);

const today = () => new Date().toISOString().slice(0, 10);

async function json<T = Record<string, unknown>>(path: string, key = ADMIN_TOKEN): Promise<T> {
  const answer = await call("GET", path, { key });
  expect(answer.status).toBe(200);
  return answer.json();
}

interface UsagePage {
  readonly usage: readonly { readonly tenantId: string }[];
  readonly nextCursor: string | null;
  readonly unavailable?: readonly string[];
}

describe("GET /admin/tenants/{id}/tasks and /usage", () => {
  it("return the same as /v1 returns to the tenant's keys of the mode, with the same filters", async () => {
    const { tenantId, key } = await makeCaller();
    const { key: reader } = await makeKey(tenantId, { scopes: ["account:read"] });
    await ledgerTask(tenantId, { reference: "a", keyId: "key_1" });
    await ledgerTask(tenantId, { reference: "b" });
    const path = `/admin/tenants/${tenantId}`;
    const tasks = await json(`${path}/tasks?mode=test`);
    expect(tasks).toEqual(await json("/v1/tasks", key));
    expect(tasks).toMatchObject({ tasks: [{ status: "ready" }, { status: "ready" }] });
    expect(await json(`${path}/tasks?mode=test&reference=a`)).toEqual(await json("/v1/tasks?reference=a", key));
    expect(await json(`${path}/usage?mode=test&groupBy=key`)).toEqual(await json("/v1/usage?groupBy=key", reader));
  });

  it("return live tasks by default", async () => {
    const { id } = await makeTenant();
    await ledgerTask(id);
    await ledgerTask(id, { mode: "live", reference: "live" });
    expect(await json(`/admin/tenants/${id}/tasks`)).toMatchObject({ tasks: [{ reference: "live" }] });
    const { days } = (await json(`/admin/tenants/${id}/usage`)) as { days: unknown[] };
    expect(days.at(-1)).toMatchObject({ submitted: 1 });
  });

  it("return a cursor that the other mode rejects", async () => {
    const { id } = await makeTenant();
    for (let n = 0; n < 3; n += 1) await ledgerTask(id);
    const path = `/admin/tenants/${id}/tasks`;
    const { nextCursor } = await json(`${path}?mode=test&limit=2`);
    expect(await json(`${path}?mode=test&cursor=${nextCursor}`)).toMatchObject({ tasks: [{}], nextCursor: null });
    await expectInvalid(await admin("GET", `${path}?mode=live&cursor=${nextCursor}`), "cursor");
  });

  it.each(["tasks", "usage"])("return 404 for the %s of a tenant that does not exist", async (what) => {
    for (const id of ["unknown", "No-Tenant-Id"]) {
      await expectProblem(await admin("GET", `/admin/tenants/${id}/${what}`), "not_found");
    }
  });

  it.each(["tasks", "usage"])("return 400 for an unknown mode: %s", async (what) => {
    const { id } = await makeTenant();
    await expectInvalid(await admin("GET", `/admin/tenants/${id}/${what}?mode=both`), "mode");
  });
});

describe("GET /admin/usage", () => {
  it("returns an entry for each tenant, mode and day with tasks", async () => {
    const [one, two] = [await makeTenant({ id: "one" }), await makeTenant({ id: "two" })];
    await makeTenant({ id: "without-tasks" });
    await ledgerTask(one.id);
    await ledgerTask(one.id, { status: "failed", errorCode: "timeout", solveMs: null });
    await ledgerTask(one.id, { status: "failed", errorCode: "unsolvable", solveMs: null });
    await ledgerTask(two.id, { mode: "live", status: "canceled", solveMs: null });
    const day = today();
    expect(await json("/admin/usage")).toStrictEqual({
      usage: [
        { tenantId: "one", mode: "test", day, submitted: 3, ready: 1, failed: 2, canceled: 0 },
        { tenantId: "two", mode: "live", day, submitted: 1, ready: 0, failed: 0, canceled: 1 },
      ],
      nextCursor: null,
    });
    expect(await json("/admin/usage?from=2026-01-01&to=2026-01-31")).toStrictEqual({ usage: [], nextCursor: null });
  });

  it("returns fewer tenants in a page for a longer range, and binds the cursor to the range", async () => {
    const ids = ["t-a", "t-b", "t-c"];
    for (const id of ids) {
      await makeTenant({ id });
      await ledgerTask(id);
    }
    const to = today();
    const range = `from=${new Date(Date.now() - 365 * 86_400_000).toISOString().slice(0, 10)}&to=${to}`;
    const found: string[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const query: string = cursor === null ? range : `${range}&cursor=${encodeURIComponent(cursor)}`;
      const page = await json<UsagePage>(`/admin/usage?${query}`);
      found.push(...page.usage.map(({ tenantId }) => tenantId));
      if (page.nextCursor !== null) {
        const other = `/admin/usage?to=${to}&cursor=${encodeURIComponent(page.nextCursor)}`;
        await expectInvalid(await admin("GET", other), "cursor");
      }
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== null);
    expect(found).toEqual(ids);
    expect(pages).toBeGreaterThan(1);
  });

  it("lists tenants whose objects fail as unavailable, and returns the others", async () => {
    for (const id of ["good", "lost"]) {
      await makeTenant({ id });
      await ledgerTask(id);
    }
    const lost = { usage: () => Promise.reject(new Error("the object is lost")) };
    const tenants = {
      idFromName: (name: string) => name,
      get: (name: string) => (name === "lost" ? lost : env.TENANTS.get(env.TENANTS.idFromName(name))),
    };
    const answer = await callWith({ TENANTS: tenants }, "GET", "/admin/usage", { key: ADMIN_TOKEN });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      usage: [{ tenantId: "good" }],
      unavailable: ["lost"],
      nextCursor: null,
    });
  });

  it.each([
    ["?from=2026-11-24&to=2026-11-23", "from"],
    ["?cursor=x", "cursor"],
  ])("returns 400 for %s", async (query, path) => {
    await expectInvalid(await admin("GET", `/admin/usage${query}`), path);
  });
});
