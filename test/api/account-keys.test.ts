// /v1/keys: the keys of the calling key's tenant and mode. The validation that is shared with /admin is in admin-keys.test.ts.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import { aTime, expectInvalid, expectProblem } from "../support/answers.ts";
import { ALL_SCOPES, admin, call, EXAMPLE_TASK, makeCaller, makeKey } from "../support/gateway.ts";
import { tenantObject } from "../support/tenants.ts";

afterEach(reset);

interface CreatedKey {
  readonly id: string;
  readonly key: string;
  readonly mode: string;
  readonly scopes: readonly string[];
}

const create = (key: string, body: Record<string, unknown> = {}) =>
  call("POST", "/v1/keys", { key, body: { name: "Mine", mode: "test", ...body } });

describe("a key with account:write", () => {
  it("creates a key that works at once, and no later response contains it", async () => {
    const { key } = await makeCaller({}, { scopes: ALL_SCOPES });
    const answer = await create(key);
    expect(answer.status).toBe(201);
    const created = await answer.json<CreatedKey>();
    expect(created).toMatchObject({ mode: "test", scopes: ["tasks:write", "tasks:read"], expiresAt: null });
    expect((await call("POST", "/v1/tasks", { key: created.key, body: { task: EXAMPLE_TASK } })).status).toBe(202);

    const list = await call("GET", "/v1/keys", { key });
    const text = await list.text();
    expect(JSON.parse(text)).toMatchObject({ keys: [{ name: "A key" }, { id: created.id, name: "Mine" }] });
    expect(text).not.toContain(created.key);
  });

  it.each([
    ["a scope that it lacks", { scopes: ["tasks:read", "account:read"] }],
    ["another mode", { mode: "live", scopes: ["tasks:read"] }],
  ])("cannot create a key with %s", async (_what, body) => {
    const { key } = await makeCaller({}, { scopes: ["tasks:read", "account:write"] });
    await expectProblem(await create(key, body), "insufficient_scope");
  });

  it("cannot rotate a key with a scope that it lacks", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ["tasks:read", "account:write"] });
    const { id } = await makeKey(tenantId, { scopes: ALL_SCOPES });
    await expectProblem(await call("POST", `/v1/keys/${id}/rotate`, { key }), "insufficient_scope");
  });

  it("cannot see, revoke or rotate a key of the other mode", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL_SCOPES });
    const live = await makeKey(tenantId, { mode: "live", scopes: ["tasks:read"] });
    const { keys } = await (await call("GET", "/v1/keys", { key })).json<{ keys: { mode: string }[] }>();
    expect(keys.map(({ mode }) => mode)).toEqual(["test"]);
    await expectProblem(await call("DELETE", `/v1/keys/${live.id}`, { key }), "not_found");
    await expectProblem(await call("POST", `/v1/keys/${live.id}/rotate`, { key }), "not_found");
    expect((await call("GET", "/v1/tasks", { key: live.key })).status).toBe(200);
  });

  it.each(["live", "test"])("creates a %s key like itself when the body has no mode", async (mode) => {
    const { key } = await makeCaller({}, { mode, scopes: ALL_SCOPES });
    const response = await call("POST", "/v1/keys", { key, body: { name: "Mine" } });
    expect(await response.json()).toMatchObject({ name: "Mine", mode });
  });

  it("rotates a key, and the response has the id and the end of the key that is replaced", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL_SCOPES });
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

  it.each([0, 60])("rotates a key only once, with an overlap of %d s", async (overlapSeconds) => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL_SCOPES });
    const old = await makeKey(tenantId);
    const rotate = () => call("POST", `/v1/keys/${old.id}/rotate`, { key, body: { overlapSeconds } });
    expect((await rotate()).status).toBe(201);
    await expectProblem(await rotate(), "key_rotated");
    const asOperator = await admin("POST", `/admin/tenants/${tenantId}/keys/${old.id}/rotate`, { overlapSeconds });
    await expectProblem(asOperator, "key_rotated");
  });

  it("creates one replacement when several rotations run at once", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL_SCOPES });
    const old = await makeKey(tenantId);
    const rotate = () => call("POST", `/v1/keys/${old.id}/rotate`, { key, body: {} });
    const statuses = (await Promise.all([rotate(), rotate(), rotate()])).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 409, 409]);
  });

  it("cannot create a key after it was revoked, while the edge still accepts it", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL_SCOPES });
    const { id } = await (await call("GET", "/v1/keys/current", { key })).json<{ id: string }>();
    await tenantObject(tenantId).revokeKey(OPERATOR, id);
    expect((await call("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK } })).status).toBe(202);
    await expectProblem(await create(key), "unauthenticated");
  });

  it("revokes a key, and returns 404 when it is revoked again", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL_SCOPES });
    const other = await makeKey(tenantId);
    expect((await call("DELETE", `/v1/keys/${other.id}`, { key })).status).toBe(204);
    await expectProblem(await call("GET", "/v1/tasks", { key: other.key }), "unauthenticated");
    await expectProblem(await call("DELETE", `/v1/keys/${other.id}`, { key }), "not_found");
  });

  it("returns 404 for a key of another tenant", async () => {
    const { key } = await makeCaller({}, { scopes: ALL_SCOPES });
    const otherTenant = await makeCaller();
    const { id } = await makeKey(otherTenant.tenantId);
    await expectProblem(await call("DELETE", `/v1/keys/${id}`, { key }), "not_found");
    await expectProblem(await call("POST", `/v1/keys/${id}/rotate`, { key }), "not_found");
  });

  it.each([
    [{ scopes: ["tasks:admin"] }, "scopes.0"],
    [{ mode: "prod" }, "mode"],
    [{ extra: 1 }, "extra"],
  ])("returns 400 for a new key with %j", async (body, path) => {
    const { key } = await makeCaller({}, { scopes: ALL_SCOPES });
    await expectInvalid(await create(key, body), path);
  });

  it("can list keys but create none while its tenant is suspended", async () => {
    const { tenantId, key } = await makeCaller({}, { scopes: ALL_SCOPES });
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    await expectProblem(await create(key), "tenant_suspended");
    expect((await call("GET", "/v1/keys", { key })).status).toBe(200);
  });
});
