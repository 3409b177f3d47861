// /admin/tenants: the operator creates and changes tenants. Their views and deletion are in admin-tenant-views.test.ts.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { newTenantId, postTenant, tenantPage, tenantPath } from "../support/admin-tenants.ts";
import { aTime, expectEventually, expectInvalid, expectProblem } from "../support/answers.ts";
import { admin, call, makeCaller, makeKey, makeTenant, scenario, submit } from "../support/gateway.ts";

afterEach(reset);

const ENDLESS = scenario("sandbox-never");
const DEFAULT_LIMITS = { maxInFlight: 100, monthlyTasks: null };

describe("a new tenant", () => {
  it("is returned with its signing secrets, and no later response contains them", async () => {
    const wanted = {
      id: newTenantId(),
      name: "Acme & Söhne",
      allowedHosts: ["shop.example", "*.shop.example"],
      limits: { maxInFlight: 7, monthlyTasks: 1_000 },
    };
    const response = await admin("POST", "/admin/tenants", wanted);
    expect(response.status).toBe(201);
    const { webhookSecrets, ...tenant } = await response.json<{ webhookSecrets: unknown }>();
    expect(tenant).toStrictEqual({
      ...wanted,
      suspended: false,
      createdAt: aTime,
      upstreamAccount: null,
      location: null,
      inFlight: { live: 0, test: 0 },
      queued: { live: 0, test: 0 },
      month: { liveTasks: 0, quota: 1_000 },
    });
    const secret = expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(webhookSecrets).toStrictEqual({ live: secret, test: secret });

    const again = await admin("GET", tenantPath(wanted.id));
    expect(again.status).toBe(200);
    expect(await again.json()).toStrictEqual(tenant);
    expect(JSON.stringify(await tenantPage(""))).not.toContain("whsec_");
  });

  it("has the default for each limit that the request omits", async () => {
    expect(await (await postTenant({})).json()).toMatchObject({ limits: DEFAULT_LIMITS });
    expect(await (await postTenant({ limits: {} })).json()).toMatchObject({ limits: DEFAULT_LIMITS });
    const partial = await (await postTenant({ limits: { maxInFlight: 5 } })).json();
    expect(partial).toMatchObject({ limits: { maxInFlight: 5, monthlyTasks: null } });
  });

  it("has its own signing secret for each mode", async () => {
    const [one, two] = [await makeTenant(), await makeTenant()];
    const secrets = [one, two].flatMap(({ webhookSecrets }) => Object.values(webhookSecrets));
    expect(new Set(secrets).size).toBe(4);
  });

  it("returns 409 when the id is taken, and does not change the existing tenant", async () => {
    const { id } = await makeTenant({ name: "First" });
    await expectProblem(await postTenant({ id, name: "Second" }), "tenant_exists");
    expect(await (await admin("GET", tenantPath(id))).json()).toMatchObject({ name: "First" });
  });

  it("is created once by twenty concurrent requests", async () => {
    const id = newTenantId();
    const answers = await Promise.all(Array.from({ length: 20 }, () => postTenant({ id })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(19).fill(409)]);
  });

  it.each(["ab", "0a", "a-", "a--b", "0-9", "a".repeat(31)])("can have the id %s", async (id) => {
    expect((await postTenant({ id })).status).toBe(201);
  });
});

describe("POST /admin/tenants", () => {
  it.each([
    ["id", ""],
    ["id", "a"],
    ["id", "a".repeat(32)],
    ["id", "-ab"],
    ["id", "Acme"],
    ["id", "a_b"],
    ["id", "ab\n"],
    ["id", null],
    ["id", 42],
    ["id", undefined],
    ["name", ""],
    ["name", "n".repeat(101)],
    ["name", null],
    ["name", undefined],
    ["allowedHosts", "shop.example"],
    ["allowedHosts", null],
    ["limits", null],
    ["suspended", true],
    ["webhookSecret", "whsec_x"],
    ["extra", 1],
  ])("returns 400 for %s: %j", async (field, value) => {
    await expectInvalid(await postTenant({ [field]: value }), field);
  });

  it.each(["", "shop.*", "https://shop.example", 5])("returns 400 with the index of the host %j", async (pattern) => {
    await expectInvalid(await postTenant({ allowedHosts: ["good.example", pattern] }), "allowedHosts.1");
  });

  it("returns 400 for `*` beside other hosts", async () => {
    await expectInvalid(await postTenant({ allowedHosts: ["*", "shop.example"] }), "allowedHosts.0");
    await expectInvalid(await postTenant({ allowedHosts: ["shop.example", "*"] }), "allowedHosts.1");
  });

  it.each([
    ["maxInFlight", 0],
    ["maxInFlight", 1.5],
    ["maxInFlight", "100"],
    ["monthlyTasks", -1],
    ["perSecond", 5],
  ])("returns 400 for limits.%s: %j", async (limit, value) => {
    await expectInvalid(await postTenant({ limits: { [limit]: value } }), `limits.${limit}`);
  });

  it("creates no tenant when it returns 400", async () => {
    const id = newTenantId();
    await expectProblem(await postTenant({ id, limits: { maxInFlight: 0 } }), "invalid_request");
    await expectProblem(await admin("GET", tenantPath(id)), "not_found");
  });
});

describe("PATCH /admin/tenants/{id}", () => {
  it.each<[{ limits?: { maxInFlight?: number; monthlyTasks?: number }; [field: string]: unknown }]>([
    [{ name: "Renamed" }],
    [{ allowedHosts: ["other.example"] }],
    [{ allowedHosts: [] }],
    [{ suspended: true }],
    [{ limits: { maxInFlight: 1, monthlyTasks: 5 } }],
    [{}],
  ])("changes no other setting with %j", async (patch) => {
    const { id } = await makeTenant();
    const { month, ...before } = await (await admin("GET", tenantPath(id))).json<{ month: object }>();
    const response = await admin("PATCH", tenantPath(id), patch);
    expect(response.status).toBe(200);
    const after = await response.json();
    const quota = patch.limits?.monthlyTasks ?? null;
    expect(after).toStrictEqual({ ...before, ...patch, month: { ...month, quota } });
    expect(await (await admin("GET", tenantPath(id))).json()).toStrictEqual(after);
    expect((await tenantPage("")).tenants).toStrictEqual([after]);
  });

  it("changes one limit without the other, and removes the quota with null", async () => {
    const { id } = await makeTenant({ limits: { maxInFlight: 5, monthlyTasks: 10 } });
    const one = await (await admin("PATCH", tenantPath(id), { limits: { maxInFlight: 6 } })).json();
    expect(one).toMatchObject({ limits: { maxInFlight: 6, monthlyTasks: 10 } });
    const two = await (await admin("PATCH", tenantPath(id), { limits: { monthlyTasks: null } })).json();
    expect(two).toMatchObject({ limits: { maxInFlight: 6, monthlyTasks: null } });
  });

  it.each([
    ["id", { id: "other" }],
    ["webhookSecret", { webhookSecret: "whsec_x" }],
    ["name", { name: null }],
    ["suspended", { suspended: "true" }],
    ["allowedHosts.1", { allowedHosts: ["shop.example", "*"] }],
    ["limits.maxInFlight", { limits: { maxInFlight: 0 } }],
    ["limits.monthlyTasks", { limits: { monthlyTasks: -1 } }],
    ["extra", { name: "Good", extra: 1 }],
  ])("returns 400 for %s and changes nothing: %j", async (path, patch) => {
    const { id } = await makeTenant();
    const before = await (await admin("GET", tenantPath(id))).json();
    await expectInvalid(await admin("PATCH", tenantPath(id), patch), path);
    expect(await (await admin("GET", tenantPath(id))).json()).toStrictEqual(before);
  });

  it("applies new hosts at once", async () => {
    const { tenantId, key } = await makeCaller();
    await submit(key, ENDLESS);
    await admin("PATCH", tenantPath(tenantId), { allowedHosts: ["other.example"] });
    await expectProblem(await call("POST", "/v1/tasks", { key, body: { task: ENDLESS } }), "website_not_allowed");
    await admin("PATCH", tenantPath(tenantId), { allowedHosts: ["*"] });
    await submit(key, ENDLESS);
  });

  it("admits waiting tasks when maxInFlight is raised", async () => {
    const { tenantId, key } = await makeCaller({ limits: { maxInFlight: 1 } });
    const ids = [(await submit(key, ENDLESS)).id, (await submit(key, ENDLESS)).id];
    const statuses = async (): Promise<string[]> => {
      const tasks = ids.map(async (id) => (await call("GET", `/v1/tasks/${id}`, { key })).json<{ status: string }>());
      return (await Promise.all(tasks)).map(({ status }) => status).sort();
    };
    await expectEventually(statuses).toEqual(["processing", "queued"]);
    await admin("PATCH", tenantPath(tenantId), { limits: { maxInFlight: 2 } });
    await expectEventually(statuses).toEqual(["processing", "processing"]);
  });
});

describe("a tenant that does not exist", () => {
  it.each(["missing", "Acme", "..%2facme", "%00"])("returns 404 from every call: %s", async (id) => {
    const keyBody = { name: "A key", mode: "test" };
    const answers = [
      await admin("GET", tenantPath(id)),
      await admin("PATCH", tenantPath(id), { name: "Renamed" }),
      await admin("DELETE", tenantPath(id)),
      await admin("GET", `${tenantPath(id)}/keys`),
      await admin("POST", `${tenantPath(id)}/keys`, keyBody),
      await admin("DELETE", `${tenantPath(id)}/keys/key_1`),
      await admin("POST", `${tenantPath(id)}/keys/key_1/rotate`, {}),
    ];
    for (const answer of answers) await expectProblem(answer, "not_found");
  });

  it("is not created by other calls", async () => {
    await admin("PATCH", tenantPath("missing"), { name: "Renamed" });
    await expect(makeKey("missing")).rejects.toThrow("404");
    expect((await tenantPage("")).tenants).toEqual([]);
  });
});
