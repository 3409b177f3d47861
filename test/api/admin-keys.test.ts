// /admin/tenants/{id}/keys: the operator creates, lists, rotates and revokes keys of both modes.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { aTime, expectInvalid, expectProblem } from "../support/answers.ts";
import { ADMIN_TOKEN, ALL_SCOPES, admin, call, makeCaller, makeKey, makeTenant, scenario } from "../support/gateway.ts";
import { freezeTime, releaseTime } from "../support/time.ts";

afterEach(async () => {
  releaseTime();
  await reset();
});

const HOUR_MS = 3_600_000;
const TASK_ID = `tsk_${"5f".repeat(32)}`;

interface KeyBody {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly mode: string;
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
}

const keysOf = (tenantId: string): string => `/admin/tenants/${tenantId}/keys`;

async function list(tenantId: string): Promise<(KeyBody & { readonly lastUsedOn: string | null })[]> {
  const response = await admin("GET", keysOf(tenantId));
  expect(response.status).toBe(200);
  return (await response.json<{ keys: (KeyBody & { lastUsedOn: string | null })[] }>()).keys;
}

async function rotate(tenantId: string, id: string, body?: unknown): Promise<KeyBody> {
  const response = await admin("POST", `${keysOf(tenantId)}/${id}/rotate`, body);
  expect(response.status).toBe(201);
  return response.json();
}

/** Whether the gateway accepts a key. A valid key gets 404 for an unknown task. */
async function works(key: string): Promise<boolean> {
  const { status } = await call("GET", `/v1/tasks/${TASK_ID}`, { key });
  expect([401, 404]).toContain(status);
  return status === 404;
}

describe("a new key of a tenant", () => {
  it.each(["live", "test"])("is returned once in mode %s, and no later response contains it", async (mode) => {
    const { id: tenantId } = await makeTenant();
    const response = await admin("POST", keysOf(tenantId), { name: "CI", mode });
    const body: KeyBody = await response.json();
    expect(response.status).toBe(201);
    expect(body).toStrictEqual({
      id: expect.stringMatching(/./),
      key: expect.stringMatching(new RegExp(`^sg_${mode}_${tenantId}_[0-9A-Za-z]{38}$`)),
      name: "CI",
      mode,
      scopes: ["tasks:write", "tasks:read"],
      createdAt: aTime,
      expiresAt: null,
    });
    const { key, ...shown } = body;
    const keys = await list(tenantId);
    expect(keys).toStrictEqual([{ ...shown, lastUsedOn: null }]);
    const secret = key.slice(-38);
    expect(JSON.stringify(keys)).not.toContain(secret);
    expect(body.id).not.toContain(secret);
  });

  it("works at once when the edge has an older snapshot of the tenant", async () => {
    const { tenantId, key } = await makeCaller();
    expect(await works(key)).toBe(true);
    expect(await works((await makeKey(tenantId)).key)).toBe(true);
  });

  it.each([[["account:write"]], [ALL_SCOPES], [ALL_SCOPES.toReversed()]])("has the scopes %j", async (scopes) => {
    const { id: tenantId } = await makeTenant();
    const response = await admin("POST", keysOf(tenantId), { name: "CI", mode: "test", scopes });
    const key: KeyBody = await response.json();
    expect(key.scopes.toSorted()).toEqual(scopes.toSorted());
  });

  it("stops working at its expiry", async () => {
    const { id: tenantId } = await makeTenant();
    const expiresAt = new Date(Date.now() + HOUR_MS).toISOString();
    const { key } = await makeKey(tenantId, { expiresAt });
    expect((await list(tenantId))[0]?.expiresAt).toBe(expiresAt);
    freezeTime(Date.parse(expiresAt) - 1);
    expect(await works(key)).toBe(true);
    freezeTime(Date.parse(expiresAt));
    expect(await works(key)).toBe(false);
  });

  it.each(["2999-01-01T02:00:00+02:00", "2999-01-01t00:00:00z", "2999-01-01T00:00:00.000999999Z"])(
    "accepts the expiry %s, and returns it in UTC with milliseconds",
    async (expiresAt) => {
      const { id: tenantId } = await makeTenant();
      const body = { name: "CI", mode: "test", expiresAt };
      expect(await (await admin("POST", keysOf(tenantId), body)).json()).toMatchObject({
        expiresAt: "2999-01-01T00:00:00.000Z",
      });
    },
  );

  it("can have a name of 100 characters", async () => {
    const { id: tenantId } = await makeTenant();
    await makeKey(tenantId, { name: "ü".repeat(100) });
    expect((await list(tenantId))[0]?.name).toBe("ü".repeat(100));
  });
});

describe("POST /admin/tenants/{id}/keys", () => {
  it.each([
    ["name", ""],
    ["name", "n".repeat(101)],
    ["name", null],
    ["name", undefined],
    ["mode", "prod"],
    ["mode", undefined],
    ["scopes", []],
    ["scopes", "tasks:read"],
    ["scopes.1", ["tasks:read", "*"]],
    ["expiresAt", "2020-01-01T00:00:00Z"],
    ["expiresAt", "tomorrow"],
    ["expiresAt", "2999-01-01"],
    ["expiresAt", "2999-01-01T00:00:00"],
    ["expiresAt", "2999-02-20T00:00Z"],
    ["expiresAt", "2999-02-20T24:00:00Z"],
    ["expiresAt", "2999-02-30T00:00:00Z"],
    ["expiresAt", "9999-12-31T23:59:59-23:59"],
    ["expiresAt", "0000-01-01T00:00:00+23:59"],
    ["expiresAt", 4_102_444_800_000],
    ["key", "sg_test_mine"],
    ["extra", 1],
  ])("returns 400 for %s: %j", async (path, value) => {
    const { id: tenantId } = await makeTenant();
    const [field = path] = path.split(".");
    const body = { name: "CI", mode: "test", [field]: value };
    await expectInvalid(await admin("POST", keysOf(tenantId), body), path);
    expect(await list(tenantId)).toEqual([]);
  });

  it("returns 400 for an expiry that is not in the future", async () => {
    const { id: tenantId } = await makeTenant();
    const now = Date.now();
    freezeTime(now);
    const body = { name: "CI", mode: "test", expiresAt: new Date(now).toISOString() };
    await expectInvalid(await admin("POST", keysOf(tenantId), body), "expiresAt");
  });
});

describe("a revoked key", () => {
  it("stops working at once, and the tenant's other keys keep working", async () => {
    const { id: tenantId } = await makeTenant();
    const [one, two] = [await makeKey(tenantId), await makeKey(tenantId)];
    expect([await works(one.key), await works(two.key)]).toEqual([true, true]);
    const response = await admin("DELETE", `${keysOf(tenantId)}/${one.id}`);
    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
    expect([await works(one.key), await works(two.key)]).toEqual([false, true]);
    expect((await list(tenantId)).map(({ id }) => id)).toEqual([two.id]);
    await expectProblem(await admin("DELETE", `${keysOf(tenantId)}/${one.id}`), "not_found");
  });

  it("must belong to the tenant in the path: another tenant's key returns 404", async () => {
    const [owner, other] = [await makeTenant(), await makeTenant()];
    const { id, key } = await makeKey(owner.id);
    await expectProblem(await admin("DELETE", `${keysOf(other.id)}/${id}`), "not_found");
    await expectProblem(await admin("POST", `${keysOf(other.id)}/${id}/rotate`, {}), "not_found");
    await expectProblem(await admin("DELETE", `${keysOf(owner.id)}/key_unknown`), "not_found");
    await expectProblem(await admin("POST", `${keysOf(owner.id)}/key_unknown/rotate`, {}), "not_found");
    expect(await works(key)).toBe(true);
  });
});

describe("a rotated key", () => {
  it("is replaced by a key with the same settings, and works for an hour by default", async () => {
    const { id: tenantId } = await makeTenant();
    const old = await makeKey(tenantId, { name: "CI", mode: "live", scopes: ["tasks:read", "account:read"] });
    const next = await rotate(tenantId, old.id, {});
    expect(next).toStrictEqual({
      id: expect.not.stringMatching(old.id),
      key: expect.stringMatching(new RegExp(`^sg_live_${tenantId}_`)),
      name: "CI",
      mode: "live",
      scopes: ["tasks:read", "account:read"],
      createdAt: aTime,
      expiresAt: null,
      replaces: { id: old.id, expiresAt: aTime },
    });
    expect(next.key).not.toBe(old.key);
    expect([await works(old.key), await works(next.key)]).toEqual([true, true]);

    const keys = await list(tenantId);
    expect(keys.map(({ id }) => id).sort()).toEqual([old.id, next.id].sort());
    expect(JSON.stringify(keys)).not.toContain(next.key.slice(-38));
    const endsAt = Date.parse(keys.find(({ id }) => id === old.id)?.expiresAt ?? "");
    expect(Math.abs(endsAt - Date.parse(next.createdAt) - HOUR_MS)).toBeLessThan(1_000);
    freezeTime(endsAt);
    expect([await works(old.key), await works(next.key)]).toEqual([false, true]);
  });

  it("can be rotated without a body", async () => {
    const { tenantId, key } = await makeCaller();
    const [old] = await list(tenantId);
    const response = await call("POST", `${keysOf(tenantId)}/${old?.id}/rotate`, { key: ADMIN_TOKEN });
    expect(response.status).toBe(201);
    expect(await works(key)).toBe(true);
  });

  it("stops working at once when the overlap is 0", async () => {
    const { id: tenantId } = await makeTenant();
    const old = await makeKey(tenantId);
    expect(await works(old.key)).toBe(true);
    const next = await rotate(tenantId, old.id, { overlapSeconds: 0 });
    expect([await works(old.key), await works(next.key)]).toEqual([false, true]);
  });

  it("works for a week with the longest overlap", async () => {
    const { id: tenantId } = await makeTenant();
    const old = await makeKey(tenantId);
    const next = await rotate(tenantId, old.id, { overlapSeconds: 604_800 });
    freezeTime(Date.parse(next.createdAt) + 604_790_000);
    expect(await works(old.key)).toBe(true);
  });

  it("ends at its own expiry when the overlap is longer", async () => {
    const { id: tenantId } = await makeTenant();
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const old = await makeKey(tenantId, { expiresAt });
    await rotate(tenantId, old.id, { overlapSeconds: 604_800 });
    expect((await list(tenantId)).find(({ id }) => id === old.id)?.expiresAt).toBe(expiresAt);
  });

  it.each([
    ["overlapSeconds", { overlapSeconds: -1 }],
    ["overlapSeconds", { overlapSeconds: 604_801 }],
    ["overlapSeconds", { overlapSeconds: "60" }],
    ["overlap", { overlap: 60 }],
  ])("is not rotated by an invalid request: %s in %j", async (path, body) => {
    const { id: tenantId } = await makeTenant();
    const { id } = await makeKey(tenantId);
    await expectInvalid(await admin("POST", `${keysOf(tenantId)}/${id}/rotate`, body), path);
    expect(await list(tenantId)).toHaveLength(1);
  });
});

it("a replacement key can read the tasks of the key that it replaces", async () => {
  const { tenantId, key } = await makeCaller();
  const created = await call("POST", "/v1/tasks", { key, body: { task: scenario("sandbox-never") } });
  const { id } = await created.json<{ id: string }>();
  const [old] = await list(tenantId);
  const next = await rotate(tenantId, old?.id ?? "", { overlapSeconds: 0 });
  expect((await call("GET", `/v1/tasks/${id}`, { key: next.key })).status).toBe(200);
});

describe("a key's last use", () => {
  it("is shown as a day after the key was used", async () => {
    const { id: tenantId } = await makeTenant();
    const { key } = await makeKey(tenantId);
    expect((await list(tenantId)).map(({ lastUsedOn }) => lastUsedOn)).toEqual([null]);
    await call("GET", "/v1/tasks", { key });
    await call("GET", "/v1/tasks", { key });
    const today = new Date().toISOString().slice(0, 10);
    await expect.poll(async () => (await list(tenantId)).map(({ lastUsedOn }) => lastUsedOn)).toEqual([today]);
  });
});
