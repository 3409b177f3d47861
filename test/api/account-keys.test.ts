// /v1/keys: a tenant's own keys, of the calling key's mode.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import { aTime, expectInvalid, expectProblem } from "../support/answers.ts";
import { admin, call, EXAMPLE_TASK, makeCaller, makeKey } from "../support/gateway.ts";
import { tenantObject } from "../support/tenants.ts";

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
  it("creates a key that works at once, and that no later answer contains", async () => {
    const { key } = await makeCaller({}, { scopes: ALL });
    const answer = await mint(key);
    expect(answer.status).toBe(201);
    const minted = await answer.json<Minted>();
    expect(minted).toMatchObject({ mode: "test", scopes: ["tasks:write", "tasks:read"], expiresAt: null });
    expect((await call("POST", "/v1/tasks", { key: minted.key, body: { task: EXAMPLE_TASK } })).status).toBe(202);

    const list = await call("GET", "/v1/keys", { key });
    const text = await list.text();
    expect(JSON.parse(text)).toMatchObject({ keys: [{ name: "A key" }, { id: minted.id, name: "Mine" }] });
    expect(text).not.toContain(minted.key);
  });

  it.each([
    ["a scope that it lacks", { scopes: ["tasks:read", "account:read"] }],
    ["another mode", { mode: "live", scopes: ["tasks:read"] }],
  ])("cannot create a key with %s", async (_what, body) => {
    const { key } = await makeCaller({}, { scopes: ["tasks:read", "account:write"] });
    await expectProblem(await mint(key, body), "insufficient_scope");
  });

  it("cannot rotate a key with a scope that it lacks", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ["tasks:read", "account:write"] });
    const { id } = await makeKey(tenantId, { scopes: ALL });
    await expectProblem(await call("POST", `/v1/keys/${id}/rotate`, { key }), "insufficient_scope");
  });

  it("cannot see, revoke or rotate a key of the other mode", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL });
    const live = await makeKey(tenantId, { mode: "live", scopes: ["tasks:read"] });
    const { keys } = await (await call("GET", "/v1/keys", { key })).json<{ keys: { mode: string }[] }>();
    expect(keys.map(({ mode }) => mode)).toEqual(["test"]);
    await expectProblem(await call("DELETE", `/v1/keys/${live.id}`, { key }), "not_found");
    await expectProblem(await call("POST", `/v1/keys/${live.id}/rotate`, { key }), "not_found");
    expect((await call("GET", "/v1/tasks", { key: live.key })).status).toBe(200);
  });

  it.each(["live", "test"])("creates a %s key like itself when the body has no mode", async (mode) => {
    const { key } = await makeCaller({}, { mode, scopes: ALL });
    const response = await call("POST", "/v1/keys", { key, body: { name: "Mine" } });
    expect(await response.json()).toMatchObject({ name: "Mine", mode });
  });

  it("rotates a key, and the answer says which key is replaced and when it ends", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL });
    const old = await makeKey(tenantId, { name: "Old", scopes: ["tasks:read"] });
    const before = Date.now();
    const response = await call("POST", `/v1/keys/${old.id}/rotate`, { key, body: { overlapSeconds: 60 } });
    expect(response.status).toBe(201);
    const answer = await response.json<{ replaces: { expiresAt: string } }>();
    expect(answer).toStrictEqual({
      id: expect.stringMatching(/^key_[0-9a-f]{32}$/),
      name: "Old",
      mode: "test",
      scopes: ["tasks:read"],
      createdAt: aTime,
      expiresAt: null,
      key: expect.stringMatching(/^sg_test_/),
      replaces: { id: old.id, expiresAt: aTime },
    });
    const endsIn = Date.parse(answer.replaces.expiresAt) - before;
    expect(endsIn).toBeGreaterThanOrEqual(60_000);
    expect(endsIn).toBeLessThan(120_000);
  });

  it.each([0, 60])("rotates a key only once, also after an overlap of %d s", async (overlapSeconds) => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL });
    const old = await makeKey(tenantId);
    const rotate = () => call("POST", `/v1/keys/${old.id}/rotate`, { key, body: { overlapSeconds } });
    expect((await rotate()).status).toBe(201);
    await expectProblem(await rotate(), "key_rotated");
    const asOperator = await admin("POST", `/admin/tenants/${tenantId}/keys/${old.id}/rotate`, { overlapSeconds });
    await expectProblem(asOperator, "key_rotated");
  });

  it("creates one replacement when two rotations run at once", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL });
    const old = await makeKey(tenantId);
    const rotate = () => call("POST", `/v1/keys/${old.id}/rotate`, { key, body: {} });
    const statuses = (await Promise.all([rotate(), rotate(), rotate()])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 409, 409]);
  });

  it("cannot create a key once it was revoked, though the edge still accepts it", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL });
    const { id } = await (await call("GET", "/v1/keys/current", { key })).json<{ id: string }>();
    await tenantObject(tenantId).revokeKey(OPERATOR, id);
    expect((await call("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK } })).status).toBe(202);
    await expectProblem(await mint(key), "unauthenticated");
  });

  it("rotates a key without an overlap, and the old one stops working at once", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL });
    const old = await makeKey(tenantId);
    const answer = await call("POST", `/v1/keys/${old.id}/rotate`, { key, body: { overlapSeconds: 0 } });
    expect(answer.status).toBe(201);
    const replacement = await answer.json<Minted>();
    expect((await call("GET", "/v1/tasks", { key: replacement.key })).status).toBe(200);
    await expectProblem(await call("GET", "/v1/tasks", { key: old.key }), "unauthenticated");
  });

  it("rotates with an overlap of an hour when the body is left out", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL });
    const old = await makeKey(tenantId);
    const response = await call("POST", `/v1/keys/${old.id}/rotate`, { key });
    const { replaces } = await response.json<{ replaces: { expiresAt: string } }>();
    expect(Math.round((Date.parse(replaces.expiresAt) - Date.now()) / 60_000)).toBe(60);
    expect((await call("GET", "/v1/tasks", { key: old.key })).status).toBe(200);
  });

  it("revokes a key, and returns 404 when it is revoked again", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL });
    const other = await makeKey(tenantId);
    expect((await call("DELETE", `/v1/keys/${other.id}`, { key })).status).toBe(204);
    await expectProblem(await call("GET", "/v1/tasks", { key: other.key }), "unauthenticated");
    await expectProblem(await call("DELETE", `/v1/keys/${other.id}`, { key }), "not_found");
  });

  it("returns 404 for a key of another tenant", async () => {
    const { key } = await makeCaller({}, { scopes: ALL });
    const otherTenant = await makeCaller();
    const { id } = await makeKey(otherTenant.tenantId);
    await expectProblem(await call("DELETE", `/v1/keys/${id}`, { key }), "not_found");
    await expectProblem(await call("POST", `/v1/keys/${id}/rotate`, { key }), "not_found");
  });

  it.each([
    [{ scopes: ["tasks:admin"] }, "scopes.0"],
    [{ scopes: [] }, "scopes"],
    [{ expiresAt: "2020-01-01T00:00:00Z" }, "expiresAt"],
    [{ expiresAt: "9999-12-31T23:59:59-23:59" }, "expiresAt"],
    [{ expiresAt: "0000-01-01T00:00:00+23:59" }, "expiresAt"],
    [{ name: "" }, "name"],
    [{ mode: "prod" }, "mode"],
    [{ extra: 1 }, "extra"],
  ])("rejects a key with %j", async (body, path) => {
    const { key } = await makeCaller({}, { scopes: ALL });
    await expectInvalid(await mint(key, body), path);
  });

  it("cannot create a key while its tenant is suspended, but can list keys", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL });
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    await expectProblem(await mint(key), "tenant_suspended");
    expect((await call("GET", "/v1/keys", { key })).status).toBe(200);
  });
});
