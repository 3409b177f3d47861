// The operator's views of tenants, their upstream account and location, and their deletion.

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { newTenantId, postTenant, type TenantPage, tenantPage, tenantPath } from "../support/admin-tenants.ts";
import { expectInvalid, expectProblem } from "../support/answers.ts";
import {
  ADMIN_TOKEN,
  admin,
  call,
  callWith,
  EXAMPLE_TASK,
  makeCaller,
  makeKey,
  makeTenant,
  scenario,
  solve,
  submit,
} from "../support/gateway.ts";
import { createTenant, tenantObject } from "../support/tenants.ts";

afterEach(reset);

const ENDLESS = scenario("sandbox-never");

const read = async (id: string) => (await admin("GET", tenantPath(id))).json();

describe("a tenant's view", () => {
  it("has the tasks in flight and queued in each mode, and the live tasks of the month", async () => {
    const { id } = await makeTenant({ limits: { maxInFlight: 1, monthlyTasks: 10 } });
    const test = await makeKey(id);
    const live = await makeKey(id, { mode: "live" });
    for (let n = 0; n < 3; n += 1) await submit(test.key, ENDLESS);
    await submit(live.key, ENDLESS);
    await expect
      .poll(() => read(id))
      .toMatchObject({
        inFlight: { live: 1, test: 1 },
        queued: { live: 0, test: 2 },
        month: { liveTasks: 1, quota: 10 },
      });
  });
});

describe("the upstreamAccount of a tenant", () => {
  it("is set on creation, kept by other changes, removed by null, and set again", async () => {
    const response = await postTenant({ upstreamAccount: "default" });
    expect(response.status).toBe(201);
    const { id, ...created } = await response.json<{ id: string }>();
    expect(created).toMatchObject({ upstreamAccount: "default" });
    await admin("PATCH", tenantPath(id), { name: "Renamed" });
    expect(await read(id)).toMatchObject({ upstreamAccount: "default" });
    await admin("PATCH", tenantPath(id), { upstreamAccount: null });
    expect(await read(id)).toMatchObject({ upstreamAccount: null });
    await admin("PATCH", tenantPath(id), { upstreamAccount: "default" });
    expect(await read(id)).toMatchObject({ upstreamAccount: "default" });
  });

  it("returns 400 for an account that is not configured, and changes nothing", async () => {
    await expectInvalid(await postTenant({ upstreamAccount: "other" }), "upstreamAccount");
    const { id } = await makeTenant();
    await expectInvalid(
      await admin("PATCH", tenantPath(id), { upstreamAccount: "other", name: "x" }),
      "upstreamAccount",
    );
    expect(await read(id)).toMatchObject({ upstreamAccount: null, name: "A tenant" });
  });

  it("rejects live tasks with upstream_not_configured when it is no longer configured, and accepts test tasks", async () => {
    const { id } = await makeTenant({ upstreamAccount: "default" });
    const body = { task: EXAMPLE_TASK };
    const accounts = JSON.stringify([
      { name: "primary", url: "http://upstream.test", clientKey: "a-key-of-the-tests" },
    ]);
    const changes = { UPSTREAM_ACCOUNTS: accounts };
    const live = await makeKey(id, { mode: "live" });
    await expectProblem(
      await callWith(changes, "POST", "/v1/tasks", { key: live.key, body }),
      "upstream_not_configured",
    );
    const test = await makeKey(id);
    expect((await callWith(changes, "POST", "/v1/tasks", { key: test.key, body })).status).toBe(202);
  });

  it("is part of the admission of live tasks, and not of test tasks", async () => {
    const tenant = await createTenant({ id: newTenantId(), upstreamAccount: "default" });
    const request = { taskId: env.TASKS.newUniqueId().toString(), website: "antcpt.com", createdAt: Date.now() };
    const deadlineAt = Date.now() + 60_000;
    const admitted = await tenant.admit({ ...request, mode: "live", deadlineAt });
    expect(admitted.outcome).toMatchObject({ tag: "admitted", upstreamAccount: "default" });
    const taskId = env.TASKS.newUniqueId().toString();
    const test = await tenant.admit({ ...request, taskId, mode: "test", deadlineAt });
    expect(test.outcome).not.toHaveProperty("upstreamAccount");
  });
});

describe("the location of a tenant", () => {
  it.each(["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"])("can be %s", async (location) => {
    const hints: unknown[] = [];
    const TENANTS = {
      idFromName: (name: string) => env.TENANTS.idFromName(name),
      get: (id: DurableObjectId, options?: { locationHint?: DurableObjectLocationHint }) => {
        hints.push(options?.locationHint);
        return env.TENANTS.get(id, options);
      },
    };
    const body = { id: newTenantId(), name: "Acme", allowedHosts: [], location };
    const response = await callWith({ TENANTS }, "POST", "/admin/tenants", { key: ADMIN_TOKEN, body });
    expect(await response.json()).toMatchObject({ location });
    expect(hints).toEqual([location]);
  });

  it.each(["", "WEUR", "europe", 1])("returns 400 for %j", async (location) => {
    await expectInvalid(await postTenant({ location }), "location");
  });

  it("cannot be changed", async () => {
    const { id } = await makeTenant();
    await expectInvalid(await admin("PATCH", tenantPath(id), { location: "weur" }), "location");
  });
});

describe("GET /admin/tenants", () => {
  it("returns each tenant once over all pages", async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, async () => (await makeTenant()).id));
    const seen: string[] = [];
    let cursor: string | null = "";
    for (let pages = 0; cursor !== null; pages += 1) {
      expect(pages).toBeLessThan(4);
      const { tenants, nextCursor }: TenantPage = await tenantPage(
        cursor === "" ? "?limit=2" : `?limit=2&cursor=${encodeURIComponent(cursor)}`,
      );
      expect(tenants.length).toBeLessThanOrEqual(2);
      seen.push(...tenants.map(({ id }) => id));
      cursor = nextCursor;
    }
    expect(seen.toSorted()).toEqual(ids.toSorted());
  });

  it("returns a tenant as GET /admin/tenants/{id} does", async () => {
    const { id } = await makeTenant();
    const { tenants, nextCursor } = await tenantPage("");
    expect(tenants).toStrictEqual([await (await admin("GET", tenantPath(id))).json()]);
    expect(nextCursor).toBeNull();
  });

  it("returns an empty list when there is no tenant", async () => {
    expect(await tenantPage("?limit=100")).toStrictEqual({ tenants: [], nextCursor: null });
  });

  it.each(["0", "101", "1e1", ""])("returns 400 for the limit %j", async (limit) => {
    await expectInvalid(await admin("GET", `/admin/tenants?limit=${limit}`), "limit");
  });

  it("returns 400 for a cursor that it did not return", async () => {
    await expectInvalid(await admin("GET", "/admin/tenants?cursor=garbage"), "cursor");
  });

  it("omits a deleted tenant that is still in KV", async () => {
    const { id } = await makeTenant();
    const other = await makeTenant();
    const old = (await env.DIRECTORY.get(`tenant:${id}`)) ?? "";
    await admin("DELETE", tenantPath(id));
    await env.DIRECTORY.put(`tenant:${id}`, old);
    expect((await tenantPage("")).tenants).toMatchObject([{ id: other.id }]);
  });

  it("lists a tenant whose object fails as unavailable, and returns the others", async () => {
    const broken = await makeTenant();
    const other = await makeTenant();
    const failing = () => Promise.reject(new Error("an error of the object"));
    const brokenId = env.TENANTS.idFromName(broken.id);
    const TENANTS = {
      idFromName: (name: string) => env.TENANTS.idFromName(name),
      get: (id: DurableObjectId) => (id.equals(brokenId) ? { describe: failing } : env.TENANTS.get(id)),
    };
    const response = await callWith({ TENANTS }, "GET", "/admin/tenants", { key: ADMIN_TOKEN });
    expect(await response.json()).toMatchObject({ tenants: [{ id: other.id }], unavailable: [broken.id] });
  });
});

describe("a deleted tenant", () => {
  it("is removed with its keys, and its id can be used again", async () => {
    const { tenantId, key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    const response = await admin("DELETE", tenantPath(tenantId));
    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
    await expectProblem(await call("GET", `/v1/tasks/${id}`, { key }), "unauthenticated");
    await expectProblem(await call("POST", "/v1/tasks", { key, body: { task: ENDLESS } }), "unauthenticated");
    await expectProblem(await admin("GET", tenantPath(tenantId)), "not_found");
    expect((await tenantPage("")).tenants).toEqual([]);
    await expectProblem(await admin("DELETE", tenantPath(tenantId)), "not_found");

    expect((await postTenant({ id: tenantId })).status).toBe(201);
    await expectProblem(await call("GET", `/v1/tasks/${id}`, { key }), "unauthenticated");
    expect(await (await admin("GET", `${tenantPath(tenantId)}/keys`)).json()).toStrictEqual({ keys: [] });
  });

  it("shares no task and no idempotency key with a new tenant of the same id", async () => {
    const { tenantId, key } = await makeCaller();
    const old = await solve(key);
    const headers = { "idempotency-key": "order-1" };
    const create = (by: string) => call("POST", "/v1/tasks", { key: by, body: { task: EXAMPLE_TASK }, headers });
    const { id: oldId } = await (await create(key)).json<{ id: string }>();
    expect((await admin("DELETE", tenantPath(tenantId))).status).toBe(204);

    await makeTenant({ id: tenantId });
    const next = await makeKey(tenantId);
    await expectProblem(await call("GET", `/v1/tasks/${old.id}`, { key: next.key }), "not_found");
    await expectProblem(await call("POST", `/v1/tasks/${old.id}/claim`, { key: next.key }), "not_found");
    const again = await create(next.key);
    expect(again.headers.get("idempotency-replayed")).toBeNull();
    expect((await again.json<{ id: string }>()).id).not.toBe(oldId);
  });

  it("returns 401 to an old key that the edge still accepts when the id is used again", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ["tasks:read", "account:read", "account:write"] });
    expect((await call("GET", "/v1/tasks", { key })).status).toBe(200);
    await tenantObject(tenantId).remove();
    await createTenant({ id: tenantId, name: "Another owner" });
    for (const path of [
      "/v1/account",
      "/v1/keys",
      "/v1/webhook",
      "/v1/webhook/secret",
      "/v1/audit",
      "/v1/tasks",
      "/v1/usage",
    ]) {
      await expectProblem(await call("GET", path, { key }), "unauthenticated");
    }
    await expectProblem(await call("POST", "/v1/keys", { key, body: { name: "x" } }), "unauthenticated");
  });
});
