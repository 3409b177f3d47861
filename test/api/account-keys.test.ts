// /v1/keys: a tenant's own keys. A key gives nothing that it lacks.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { expectInvalid, expectProblem } from "../support/answers.ts";
import { admin, call, makeCaller, makeKey, SEED_TASK } from "../support/gateway.ts";

afterEach(reset);

const ALL = ["tasks:write", "tasks:read", "account:read", "account:write"];

interface Minted {
  readonly id: string;
  readonly key: string;
  readonly mode: string;
  readonly scopes: readonly string[];
}

const mint = (key: string, body: Record<string, unknown> = {}) =>
  call("POST", "/v1/keys", { key, body: { name: "Mine", mode: "test", ...body } });

describe("a key with account:write", () => {
  it("makes a key that works at once, shown this once", async () => {
    const { key } = await makeCaller({}, { scopes: ALL });
    const answer = await mint(key);
    expect(answer.status).toBe(201);
    const minted = await answer.json<Minted>();
    expect(minted).toMatchObject({ mode: "test", scopes: ["tasks:write", "tasks:read"], expiresAt: null });
    expect((await call("POST", "/v1/tasks", { key: minted.key, body: { task: SEED_TASK } })).status).toBe(202);

    const list = await call("GET", "/v1/keys", { key });
    const text = await list.text();
    expect(JSON.parse(text)).toMatchObject({ keys: [{ name: "A key" }, { id: minted.id, name: "Mine" }] });
    expect(text).not.toContain(minted.key);
  });

  it.each([
    ["a scope that it lacks", { scopes: ["tasks:read", "account:read"] }],
    ["another mode", { mode: "live", scopes: ["tasks:read"] }],
  ])("gives no key of %s", async (_what, body) => {
    const { key } = await makeCaller({}, { scopes: ["tasks:read", "account:write"] });
    await expectProblem(await mint(key, body), "insufficient_scope");
  });

  it.each([
    ["a scope that it lacks", { scopes: ALL }],
    ["another mode", { mode: "live", scopes: ["tasks:read"] }],
  ])("rotates no key of %s", async (_what, other) => {
    const { tenantId, key } = await makeCaller({}, { scopes: ["tasks:read", "account:write"] });
    const { id } = await makeKey(tenantId, other);
    await expectProblem(await call("POST", `/v1/keys/${id}/rotate`, { key }), "insufficient_scope");
  });

  it("rotates a key of its own kind, and the old one ends with the overlap", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL });
    const old = await makeKey(tenantId);
    const answer = await call("POST", `/v1/keys/${old.id}/rotate`, { key, body: { overlapSeconds: 0 } });
    expect(answer.status).toBe(201);
    const heir = await answer.json<Minted>();
    expect((await call("GET", "/v1/tasks", { key: heir.key })).status).toBe(200);
    await expectProblem(await call("GET", "/v1/tasks", { key: old.key }), "unauthenticated");
  });

  it("rotates by default with an hour's overlap, and an heir's heir lives as long as it did", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL });
    const old = await makeKey(tenantId);
    await call("POST", `/v1/keys/${old.id}/rotate`, { key });
    const again = await call("POST", `/v1/keys/${old.id}/rotate`, { key });
    expect(await again.json()).toMatchObject({ expiresAt: null });
    expect((await call("GET", "/v1/tasks", { key: old.key })).status).toBe(200);
  });

  it("revokes a key, and finds none twice", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL });
    const other = await makeKey(tenantId);
    expect((await call("DELETE", `/v1/keys/${other.id}`, { key })).status).toBe(204);
    await expectProblem(await call("GET", "/v1/tasks", { key: other.key }), "unauthenticated");
    await expectProblem(await call("DELETE", `/v1/keys/${other.id}`, { key }), "not_found");
  });

  it("finds no key of another tenant", async () => {
    const { key } = await makeCaller({}, { scopes: ALL });
    const stranger = await makeCaller();
    const { id } = await makeKey(stranger.tenantId);
    await expectProblem(await call("DELETE", `/v1/keys/${id}`, { key }), "not_found");
    await expectProblem(await call("POST", `/v1/keys/${id}/rotate`, { key }), "not_found");
  });

  it.each([
    [{ scopes: ["tasks:admin"] }, "scopes.0"],
    [{ scopes: [] }, "scopes"],
    [{ expiresAt: "2020-01-01T00:00:00Z" }, "expiresAt"],
    [{ name: "" }, "name"],
    [{ mode: "prod" }, "mode"],
    [{ extra: 1 }, "extra"],
  ])("makes none of %j", async (body, path) => {
    const { key } = await makeCaller({}, { scopes: ALL });
    await expectInvalid(await mint(key, body), path);
  });

  it("makes none while its tenant is suspended, and still reads", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL });
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    await expectProblem(await mint(key), "tenant_suspended");
    expect((await call("GET", "/v1/keys", { key })).status).toBe(200);
  });
});
