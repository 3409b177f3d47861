// The clients in workerd against the real gateway: every call, and what the gateway rejects.

import { reset } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Fetch, Solvegate, SolvegateAdmin, SolvegateError } from "../../src/client/index.ts";
import { ADMIN_TOKEN, makeCaller, scenario } from "../support/gateway.ts";

const SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"];
const INSTANT = scenario("sandbox-instant");

/** As a Worker calls the gateway by a service binding. */
const binding: Fetch = (url, init) => exports.default.fetch(url, init);
const clientOf = (apiKey: string) => new Solvegate({ baseUrl: "https://gateway.test", apiKey, fetch: binding });

let client: Solvegate;
let tenantId: string;

beforeEach(async () => {
  const caller = await makeCaller({}, { scopes: SCOPES });
  client = clientOf(caller.key);
  tenantId = caller.tenantId;
});
afterEach(reset);

/** The SolvegateError of a call. */
async function failure(call: Promise<unknown>): Promise<SolvegateError> {
  const error = await call.catch((reason: unknown) => reason);
  if (!(error instanceof SolvegateError)) throw new Error(`no SolvegateError: ${String(error)}`);
  return error;
}

const today = () => new Date().toISOString().slice(0, 10);

describe("tasks", () => {
  it("are solved by one call", async () => {
    const { websiteURL, websiteKey, pageAction } = INSTANT;
    const options = { metadata: { order: "7" }, timeoutSeconds: 30 };
    const task = await client.solve({ websiteURL, websiteKey, pageAction }, options);
    expect(task.solution.gRecaptchaResponse).toMatch(/^sandbox\./);
    expect(task).toMatchObject({ status: "ready", metadata: { order: "7" }, task: { isInvisible: true } });
  });

  it("become errors with the upstream's code and the task if they fail", async () => {
    const error = await failure(client.solve(scenario("sandbox-reject-ERROR_SITEKEY")));
    expect(error).toMatchObject({ code: "upstream_rejected", status: null, task: { status: "failed" } });
    expect(error.requestId).toMatch(/^[\w-]+$/);
    expect(error.task?.error?.upstreamCode).toBe("ERROR_SITEKEY");
  });

  it("are created, read, waited for, listed and claimed once", async () => {
    const created = await client.tasks.create({ task: INSTANT }, { idempotencyKey: "order-7" });
    const again = await client.tasks.create({ task: INSTANT }, { idempotencyKey: "order-7" });
    expect(again.id).toBe(created.id);
    await expect(client.tasks.wait(created.id)).resolves.toMatchObject({ status: "ready", solutionState: "available" });
    await expect(client.tasks.get(created.id)).resolves.toMatchObject({ id: created.id });
    const [first] = await client.tasks.events(created.id);
    expect(first?.type).toBe("accepted");
    await expect.poll(() => Array.fromAsync(client.tasks.list())).toMatchObject([{ id: created.id, status: "ready" }]);

    const solution = await client.tasks.claim(created.id);
    expect(solution.gRecaptchaResponse).toMatch(/^sandbox\./);
    expect(await failure(client.tasks.claim(created.id))).toMatchObject({ code: "already_claimed", status: 410 });
  });

  it("are created and read with a long poll", async () => {
    const created = await client.tasks.create({ task: INSTANT }, { waitSeconds: 20 });
    expect(created.status).toBe("ready");
    const { id } = await client.tasks.create({ task: INSTANT });
    await expect(client.tasks.get(id, { waitSeconds: 20 })).resolves.toMatchObject({ id, status: "ready" });
  });

  it("are canceled, once or repeatedly, but not when they are ready", async () => {
    const { id } = await client.tasks.create({ task: scenario("sandbox-never") });
    for (let time = 0; time < 2; time += 1) {
      await expect(client.tasks.cancel(id)).resolves.toMatchObject({ id, status: "canceled" });
    }
    const ready = await client.solve(INSTANT);
    expect(await failure(client.tasks.cancel(ready.id))).toMatchObject({ code: "task_finished", status: 409 });
    expect(await failure(client.tasks.redeliver(ready.id))).toMatchObject({ code: "not_redeliverable", status: 409 });
  });

  it("are listed page by page, with filters", async () => {
    const ids = [];
    for (let count = 0; count < 3; count += 1) ids.unshift((await client.solve(INSTANT)).id);
    const listed = async (status: "ready" | "failed") =>
      (await Array.fromAsync(client.tasks.list({ limit: 1, status, website: "antcpt.com" }))).map(({ id }) => id);
    await expect.poll(() => listed("ready")).toEqual(ids);
    await expect(listed("failed")).resolves.toEqual([]);
    const page = await client.tasks.page({ limit: 2 });
    expect(page.tasks.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const next = await client.tasks.page({ limit: 2, cursor: page.nextCursor ?? "" });
    expect(next).toMatchObject({ tasks: [{ id: ids[2] }], nextCursor: null });
  });
});

describe("an error of the client", () => {
  it.each([
    ["a website that is not allowed", { websiteURL: "https://other.example/" }, {}, "website_not_allowed", 403],
    ["a timeout that is too short", {}, { timeoutSeconds: 5 }, "invalid_request", 400],
  ])("has the gateway's code, status and request id for %s", async (_what, task, options, code, status) => {
    const error = await failure(client.solve({ ...INSTANT, ...task }, options));
    expect(error).toMatchObject({ code, status, task: null });
    expect(error.requestId).not.toBeNull();
    if (code === "invalid_request") expect(error.errors).toHaveLength(1);
  });

  it("has the code insufficient_scope for a key without the scope", async () => {
    const narrow = clientOf((await makeCaller({}, { scopes: ["tasks:read"] })).key);
    expect(await failure(narrow.solve(INSTANT))).toMatchObject({ code: "insufficient_scope", status: 403 });
    expect(await failure(narrow.keys.list())).toMatchObject({ code: "insufficient_scope", status: 403 });
  });
});

describe("the account", () => {
  it("has a webhook endpoint that is set, read and deleted, and a secret that is read and rotated", async () => {
    await expect(client.webhook.get()).resolves.toEqual({ url: null, disabledAt: null, disabledReason: null });
    const url = "https://hooks.shop.example/a";
    await expect(client.webhook.set(url)).resolves.toMatchObject({ url });
    await client.webhook.delete();
    expect(await failure(client.webhook.test())).toMatchObject({ code: "not_found", status: 404 });
    const before = await client.webhook.secret();
    expect(before).toEqual({ secret: expect.stringMatching(/^whsec_/), previous: null });
    const { secret } = await client.webhook.rotate({ overlapSeconds: 60 });
    await expect(client.webhook.secret()).resolves.toMatchObject({ secret, previous: { secret: before.secret } });
  });

  it("has keys that are created, replaced and revoked", async () => {
    const created = await client.keys.create({ name: "CI" });
    const scopes = ["tasks:write", "tasks:read"];
    expect(created).toMatchObject({ name: "CI", mode: "test", scopes, key: expect.stringMatching(/^sg_test_/) });
    const next = await client.keys.rotate(created.id, { overlapSeconds: 0 });
    expect(next.replaces.id).toBe(created.id);
    await expect(clientOf(next.key).keys.current()).resolves.toMatchObject({ id: next.id, tenantId, scopes });
    await client.keys.revoke(next.id);
    expect((await client.keys.list()).map(({ id }) => id)).not.toContain(next.id);
    expect(await failure(client.keys.revoke(next.id))).toMatchObject({ code: "not_found" });
  });

  it("has its tenant, limits and current use, and an audit log", async () => {
    const account = await client.account();
    expect(account).toMatchObject({ tenant: { id: tenantId, suspended: false }, mode: "test", inFlight: 0 });
    expect(account.allowedHosts).toEqual(["antcpt.com"]);
    const { id } = await client.keys.create({ name: "CI" });
    await client.keys.revoke(id);
    const actions = (await Array.fromAsync(client.audit.list({ limit: 1 }))).map(({ action }) => action);
    expect(actions.slice(0, 2)).toEqual(["key.revoked", "key.created"]);
    expect((await client.audit.page({ limit: 1 })).entries).toMatchObject([{ action: "key.revoked", target: id }]);
  });

  it("has its usage by day and key", async () => {
    await client.solve(INSTANT);
    const day = today();
    const { id } = await client.keys.current();
    await expect
      .poll(() => client.usage({ from: day, to: day, groupBy: "key" }))
      .toMatchObject([{ day, submitted: 1, ready: 1, keys: { [id]: { submitted: 1, ready: 1 } } }]);
    await expect(client.usage()).resolves.toHaveLength(30);
  });
});

describe("the operator's client", () => {
  const admin = new SolvegateAdmin({ baseUrl: "https://gateway.test", adminToken: ADMIN_TOKEN, fetch: binding });

  it("creates, reads, updates, lists and deletes tenants", async () => {
    const created = await admin.tenants.create({ id: "acme-2", name: "Acme", allowedHosts: ["shop.example"] });
    expect(created.webhookSecrets.test).toMatch(/^whsec_/);
    expect(await failure(admin.tenants.create({ id: "acme-2", name: "Acme" }))).toMatchObject({
      code: "tenant_exists",
    });
    await expect(admin.tenants.update("acme-2", { suspended: true })).resolves.toMatchObject({ suspended: true });
    await expect(admin.tenants.get("acme-2")).resolves.toMatchObject({ name: "Acme", suspended: true });
    const ids = (await Array.fromAsync(admin.tenants.list({ limit: 1 }))).map(({ id }) => id);
    expect(ids).toEqual(["acme-2", tenantId].sort());
    await admin.tenants.delete("acme-2");
    expect(await failure(admin.tenants.get("acme-2"))).toMatchObject({ code: "not_found", status: 404 });
  });

  it("creates, lists, replaces and revokes a tenant's keys of both modes", async () => {
    const live = await admin.keys.create(tenantId, { name: "Shop", mode: "live" });
    const next = await admin.keys.rotate(tenantId, live.id, { overlapSeconds: 0 });
    expect(next).toMatchObject({ mode: "live", replaces: { id: live.id } });
    await admin.keys.revoke(tenantId, next.id);
    expect((await admin.keys.list(tenantId)).map(({ mode }) => mode)).toContain("test");
  });

  it("reads a tenant's tasks and usage, and the usage of all tenants", async () => {
    const { id } = await client.solve(INSTANT);
    const day = today();
    await expect
      .poll(() => Array.fromAsync(admin.tenants.tasks(tenantId, { mode: "test" })))
      .toMatchObject([{ id, status: "ready" }]);
    const range = { from: day, to: day };
    await expect(admin.tenants.usage(tenantId, { ...range, mode: "test" })).resolves.toMatchObject([{ submitted: 1 }]);
    const all = await Array.fromAsync(admin.usage(range));
    expect(all.filter((row) => row.tenantId === tenantId && row.mode === "test")).toMatchObject([
      { day, submitted: 1 },
    ]);
  });

  it("reads a tenant's audit log and the upstream accounts", async () => {
    const entries = await Array.fromAsync(admin.tenants.audit(tenantId, { limit: 1 }));
    expect(entries.map(({ action, actor }) => `${action} by ${actor.type}`)).toContain("tenant.created by operator");
    await expect(admin.upstream()).resolves.toMatchObject([{ name: "default", state: "ok" }]);
    await expect(admin.upstreamOverview()).resolves.toMatchObject({ accounts: [{ name: "default" }], history: [] });
  });

  it("is rejected with a wrong token, which is not in the error", async () => {
    const options = { baseUrl: "https://gateway.test", adminToken: "another-token-of-the-tests", fetch: binding };
    const error = await failure(new SolvegateAdmin(options).tenants.get("acme"));
    expect(error).toMatchObject({ code: "unauthenticated", status: 401 });
    expect(`${error.message} ${error.stack}`).not.toContain(options.adminToken);
  });
});
