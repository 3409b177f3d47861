import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { aTime, expectEventually, expectInvalid, expectProblem } from "../support/answers.ts";
import { ADMIN_TOKEN, admin, call, makeCaller, makeKey, makeTenant, scenario } from "../support/gateway.ts";

afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

const HOUR_MS = 3_600_000;
const SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"];
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

/** Whether a key is a key: a task that is not there is not found by its holder. */
async function works(key: string): Promise<boolean> {
  const { status } = await call("GET", `/v1/tasks/${TASK_ID}`, { key });
  expect([401, 404]).toContain(status);
  return status === 404;
}

/** Only `Date` moves. */
function setClock(at: number): void {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(at);
}

describe("a new key", () => {
  it.each(["live", "test"])(
    "of mode %s is returned in full, and no later answer contains the key itself",
    async (mode) => {
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
    },
  );

  it("works at once, also when the edge knows the tenant already", async () => {
    const { tenantId, key } = await makeCaller();
    expect(await works(key)).toBe(true);
    expect(await works((await makeKey(tenantId)).key)).toBe(true);
  });

  it.each([...SCOPES.map((scope) => ({ scopes: [scope] })), { scopes: SCOPES }, { scopes: SCOPES.toReversed() }])(
    "may have the scopes $scopes",
    async ({ scopes }) => {
      const { id: tenantId } = await makeTenant();
      const response = await admin("POST", keysOf(tenantId), { name: "CI", mode: "test", scopes });
      const minted: KeyBody = await response.json();
      expect(minted.scopes.toSorted()).toEqual(scopes.toSorted());
    },
  );

  it("stops working at its expiry", async () => {
    const { id: tenantId } = await makeTenant();
    const expiresAt = new Date(Date.now() + HOUR_MS).toISOString();
    const { key } = await makeKey(tenantId, { expiresAt });
    expect((await list(tenantId))[0]?.expiresAt).toBe(expiresAt);
    setClock(Date.parse(expiresAt) - 1);
    expect(await works(key)).toBe(true);
    setClock(Date.parse(expiresAt));
    expect(await works(key)).toBe(false);
  });

  it("can have an expiry with an offset, which is returned in UTC", async () => {
    const { id: tenantId } = await makeTenant();
    const body = { name: "CI", mode: "test", expiresAt: "2999-01-01T02:00:00+02:00" };
    expect(await (await admin("POST", keysOf(tenantId), body)).json()).toMatchObject({
      expiresAt: "2999-01-01T00:00:00.000Z",
    });
  });

  it("can have a name of 100 characters", async () => {
    const { id: tenantId } = await makeTenant();
    await makeKey(tenantId, { name: "ü".repeat(100) });
    expect((await list(tenantId))[0]?.name).toBe("ü".repeat(100));
  });

  it("shows the day on which it was last used", async () => {
    const { tenantId, key } = await makeCaller();
    expect(await works(key)).toBe(true);
    await expectEventually(async () => (await list(tenantId))[0]?.lastUsedOn).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });
});

describe("POST /admin/tenants/{id}/keys", () => {
  it.each([
    ["name", ""],
    ["name", "n".repeat(101)],
    ["name", null],
    ["name", 5],
    ["name", undefined],
    ["mode", "prod"],
    ["mode", "LIVE"],
    ["mode", null],
    ["mode", undefined],
    ["scopes", []],
    ["scopes", "tasks:read"],
    ["scopes", null],
    ["scopes.0", ["tasks:delete"]],
    ["scopes.1", ["tasks:read", "*"]],
    ["scopes.0", [5]],
    ["expiresAt", "2020-01-01T00:00:00Z"],
    ["expiresAt", "tomorrow"],
    ["expiresAt", ""],
    ["expiresAt", "2999-01-01"],
    ["expiresAt", "2999-01-01T00:00:00"],
    ["expiresAt", "2999-13-01T00:00:00Z"],
    ["expiresAt", "01/01/2999"],
    ["expiresAt", 4_102_444_800_000],
    ["key", "sg_test_mine"],
    ["extra", 1],
  ])("is 400 for %s: %j", async (path, value) => {
    const { id: tenantId } = await makeTenant();
    const [field = path] = path.split(".");
    const body = { name: "CI", mode: "test", [field]: value };
    await expectInvalid(await admin("POST", keysOf(tenantId), body), path);
    expect(await list(tenantId)).toEqual([]);
  });

  it("is 400 for an expiry that is now", async () => {
    const { id: tenantId } = await makeTenant();
    const now = Date.now();
    setClock(now);
    const body = { name: "CI", mode: "test", expiresAt: new Date(now).toISOString() };
    await expectInvalid(await admin("POST", keysOf(tenantId), body), "expiresAt");
  });
});

describe("a revoked key", () => {
  it("stops working at once, and the tenant's other keys work on", async () => {
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

  it("belongs to the tenant in the path: another tenant's is 404", async () => {
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
  it("is replaced by a key like it, and works for an hour by default", async () => {
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
    setClock(endsAt);
    expect([await works(old.key), await works(next.key)]).toEqual([false, true]);
  });

  it("can be rotated without a body", async () => {
    const { tenantId, key } = await makeCaller();
    const [old] = await list(tenantId);
    const response = await call("POST", `${keysOf(tenantId)}/${old?.id}/rotate`, { key: ADMIN_TOKEN });
    expect(response.status).toBe(201);
    expect(await works(key)).toBe(true);
  });

  it("stops working at once without an overlap", async () => {
    const { id: tenantId } = await makeTenant();
    const old = await makeKey(tenantId);
    expect(await works(old.key)).toBe(true);
    const next = await rotate(tenantId, old.id, { overlapSeconds: 0 });
    expect([await works(old.key), await works(next.key)]).toEqual([false, true]);
  });

  it("works for a week at most", async () => {
    const { id: tenantId } = await makeTenant();
    const old = await makeKey(tenantId);
    const next = await rotate(tenantId, old.id, { overlapSeconds: 604_800 });
    setClock(Date.parse(next.createdAt) + 604_790_000);
    expect(await works(old.key)).toBe(true);
  });

  it("does not work beyond its own expiry", async () => {
    const { id: tenantId } = await makeTenant();
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const old = await makeKey(tenantId, { expiresAt });
    await rotate(tenantId, old.id, { overlapSeconds: 604_800 });
    expect((await list(tenantId)).find(({ id }) => id === old.id)?.expiresAt).toBe(expiresAt);
  });

  it.each([
    ["overlapSeconds", { overlapSeconds: -1 }],
    ["overlapSeconds", { overlapSeconds: 604_801 }],
    ["overlapSeconds", { overlapSeconds: 1.5 }],
    ["overlapSeconds", { overlapSeconds: "60" }],
    ["overlapSeconds", { overlapSeconds: null }],
    ["overlap", { overlap: 60 }],
  ])("is not rotated with an invalid %s: %j", async (path, body) => {
    const { id: tenantId } = await makeTenant();
    const { id } = await makeKey(tenantId);
    await expectInvalid(await admin("POST", `${keysOf(tenantId)}/${id}/rotate`, body), path);
    expect(await list(tenantId)).toHaveLength(1);
  });
});

it("a new key can read the tasks that an old key of its tenant created", async () => {
  const { tenantId, key } = await makeCaller();
  const created = await call("POST", "/v1/tasks", { key, body: { task: scenario("sandbox-never") } });
  const { id } = await created.json<{ id: string }>();
  const [old] = await list(tenantId);
  const next = await rotate(tenantId, old?.id ?? "", { overlapSeconds: 0 });
  expect((await call("GET", `/v1/tasks/${id}`, { key: next.key })).status).toBe(200);
});

describe("a key's last use", () => {
  it("is shown as a day once the key was used", async () => {
    const { id: tenantId } = await makeTenant();
    const { key } = await makeKey(tenantId);
    expect((await list(tenantId)).map(({ lastUsedOn }) => lastUsedOn)).toEqual([null]);
    await call("GET", "/v1/tasks", { key });
    await call("GET", "/v1/tasks", { key });
    const today = new Date().toISOString().slice(0, 10);
    await expect.poll(async () => (await list(tenantId)).map(({ lastUsedOn }) => lastUsedOn)).toEqual([today]);
  });
});
