// GET /v1/account, and the audit log at GET /v1/audit and GET /admin/tenants/{id}/audit.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aTime, expectInvalid, expectProblem } from "../support/answers.ts";
import { ADMIN_TOKEN, ALL_SCOPES, admin, call, makeKey, makeTenant, scenario, submit } from "../support/gateway.ts";
import { tenantObject } from "../support/tenants.ts";
import { freezeTime, pass, releaseTime, ring } from "../support/time.ts";

afterEach(async () => {
  releaseTime();
  await reset();
});

const ENDPOINT = "https://hooks.shop.example/T0/B0/token-of-the-receiver?sig=abc";

interface Entry {
  readonly at: string;
  readonly action: string;
  readonly actor: { readonly type: string; readonly keyId?: string };
  readonly target: string;
  readonly mode: string | null;
  readonly details: Record<string, unknown>;
}
interface Page {
  readonly entries: readonly Entry[];
  readonly nextCursor: string | null;
}

let tenantId: string;
let test: { id: string; key: string };
let live: { id: string; key: string };

beforeEach(async () => {
  ({ id: tenantId } = await makeTenant({ name: "Acme", limits: { maxInFlight: 1, monthlyTasks: 5 } }));
  test = await makeKey(tenantId, { name: "Test", scopes: ALL_SCOPES });
  live = await makeKey(tenantId, { name: "Live", mode: "live", scopes: ALL_SCOPES });
});

async function pageOf(path: string, key: string): Promise<Page> {
  const response = await call("GET", path, { key });
  expect(response.status).toBe(200);
  return response.json();
}
const ownPage = (key: string = test.key, query = "") => pageOf(`/v1/audit${query}`, key);
const operatorPage = (query = "") => pageOf(`/admin/tenants/${tenantId}/audit${query}`, ADMIN_TOKEN);
const actionsOf = ({ entries }: Page) => entries.map(({ action }) => action);

describe("GET /v1/account", () => {
  it("returns the tenant, its limits, its month, and the tasks of the calling key's mode", async () => {
    await submit(test.key, scenario("sandbox-never"));
    await submit(test.key, scenario("sandbox-never"));
    const account = async (key: string) => (await call("GET", "/v1/account", { key })).json();
    await expect.poll(() => account(test.key)).toMatchObject({ inFlight: 1, queued: 1 });
    const common = {
      tenant: { id: tenantId, name: "Acme", suspended: false },
      allowedHosts: ["antcpt.com"],
      limits: { maxInFlight: 1, monthlyTasks: 5 },
      month: { liveTasks: 0, quota: 5 },
    };
    expect(await account(test.key)).toStrictEqual({ ...common, mode: "test", inFlight: 1, queued: 1 });
    expect(await account(live.key)).toStrictEqual({ ...common, mode: "live", inFlight: 0, queued: 0 });
  });

  it.each(ALL_SCOPES)("can be read with any valid key: a key with only the scope %s", async (scope) => {
    const { key } = await makeKey(tenantId, { scopes: [scope] });
    expect((await call("GET", "/v1/account", { key })).status).toBe(200);
  });

  it("can be read by a suspended tenant", async () => {
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    const response = await call("GET", "/v1/account", { key: test.key });
    expect(await response.json()).toMatchObject({ tenant: { suspended: true } });
  });
});

describe("the audit log", () => {
  it("has an entry for each change and each read of a secret, newest first", async () => {
    const created = await (
      await call("POST", "/v1/keys", { key: test.key, body: { name: "New", scopes: ["tasks:read"] } })
    ).json<{ id: string }>();
    const body = { overlapSeconds: 60 };
    const rotated = await (await call("POST", `/v1/keys/${created.id}/rotate`, { key: test.key, body })).json<{
      id: string;
    }>();
    await call("DELETE", `/v1/keys/${rotated.id}`, { key: test.key });
    await call("PUT", "/v1/webhook", { key: test.key, body: { url: ENDPOINT } });
    await call("GET", "/v1/webhook/secret", { key: test.key });
    await call("POST", "/v1/webhook/rotate", { key: test.key, body });
    await call("DELETE", "/v1/webhook", { key: test.key });

    const by = { at: aTime, actor: { type: "key", keyId: test.id }, mode: "test" };
    const byOperator = { at: aTime, actor: { type: "operator" } };
    const host = "hooks.shop.example";
    expect((await ownPage()).entries).toStrictEqual([
      { ...by, action: "webhook.deleted", target: "webhook", details: { host } },
      { ...by, action: "webhook.secret_rotated", target: "webhook", details: { overlapSeconds: 60 } },
      { ...by, action: "webhook.secret_read", target: "webhook", details: {} },
      { ...by, action: "webhook.updated", target: "webhook", details: { host } },
      { ...by, action: "key.revoked", target: rotated.id, details: { name: "New" } },
      {
        ...by,
        action: "key.rotated",
        target: created.id,
        details: { name: "New", replacedBy: rotated.id, endsAt: aTime },
      },
      {
        ...by,
        action: "key.created",
        target: created.id,
        details: { name: "New", scopes: ["tasks:read"], expiresAt: null },
      },
      {
        ...byOperator,
        action: "key.created",
        target: test.id,
        mode: "test",
        details: { name: "Test", scopes: ALL_SCOPES, expiresAt: null },
      },
      {
        ...byOperator,
        action: "tenant.created",
        target: tenantId,
        mode: null,
        details: { name: "Acme", upstreamAccount: null, location: null },
      },
    ]);
  });

  it("has the old and new settings for each change by the operator, and no entry for a patch without changes", async () => {
    const patch = {
      name: "Acme & Sons",
      suspended: true,
      limits: { monthlyTasks: null },
      allowedHosts: ["antcpt.com", "new.example"],
    };
    await admin("PATCH", `/admin/tenants/${tenantId}`, patch);
    await admin("PATCH", `/admin/tenants/${tenantId}`, patch);
    await admin("PATCH", `/admin/tenants/${tenantId}`, {});
    const { entries } = await operatorPage();
    expect(entries.filter(({ action }) => action === "tenant.updated")).toStrictEqual([
      {
        at: aTime,
        action: "tenant.updated",
        actor: { type: "operator" },
        target: tenantId,
        mode: null,
        details: {
          name: { from: "Acme", to: "Acme & Sons" },
          suspended: { from: false, to: true },
          monthlyTasks: { from: 5, to: null },
          allowedHosts: { added: ["new.example"], removed: [], addedCount: 1, removedCount: 0 },
        },
      },
    ]);
  });

  it("omits the other mode's keys and endpoint for a key, and has both modes for the operator", async () => {
    await call("PUT", "/v1/webhook", { key: live.key, body: { url: ENDPOINT } });
    await call("GET", "/v1/webhook/secret", { key: test.key });
    expect(actionsOf(await ownPage(test.key))).toEqual(["webhook.secret_read", "key.created", "tenant.created"]);
    expect(actionsOf(await ownPage(live.key))).toEqual(["webhook.updated", "key.created", "tenant.created"]);
    expect(actionsOf(await operatorPage())).toHaveLength(5);
    expect(actionsOf(await operatorPage("?mode=live"))).toEqual(actionsOf(await ownPage(live.key)));
  });

  it("contains no key, no secret and no webhook path", async () => {
    const secrets = [test.key, live.key, "token-of-the-receiver"];
    await call("PUT", "/v1/webhook", { key: test.key, body: { url: ENDPOINT } });
    const read = await (await call("GET", "/v1/webhook/secret", { key: test.key })).json<{ secret: string }>();
    const next = await (await call("POST", "/v1/webhook/rotate", { key: test.key })).json<{ secret: string }>();
    const text = JSON.stringify(await operatorPage());
    for (const secret of [...secrets, read.secret, next.secret]) expect(text).not.toContain(secret);
  });

  it("returns each entry once over all pages while entries are added", async () => {
    for (let n = 0; n < 6; n += 1) await call("GET", "/v1/webhook/secret", { key: test.key });
    const whole = (await ownPage()).entries;
    const found: Entry[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "?limit=3" : `?limit=3&cursor=${encodeURIComponent(cursor)}`;
      const page: Page = await ownPage(test.key, query);
      found.push(...page.entries);
      cursor = page.nextCursor;
      await call("GET", "/v1/webhook/secret", { key: test.key });
    } while (cursor !== null);
    expect(found).toEqual(whole);
  });

  it("returns 400 for the cursor of another log and for invalid parameters", async () => {
    await call("GET", "/v1/webhook/secret", { key: test.key });
    const { nextCursor } = await ownPage(test.key, "?limit=1");
    const cursor = encodeURIComponent(nextCursor ?? "");
    await expectInvalid(await call("GET", `/v1/audit?cursor=${cursor}`, { key: live.key }), "cursor");
    await expectInvalid(await call("GET", "/v1/audit?cursor=1", { key: test.key }), "cursor");
    await expectInvalid(await call("GET", "/v1/audit?limit=0", { key: test.key }), "limit");
    await expectInvalid(await admin("GET", `/admin/tenants/${tenantId}/audit?mode=both`), "mode");
  });

  it("keeps an entry for a year", async () => {
    freezeTime();
    ({ id: tenantId } = await makeTenant());
    await makeKey(tenantId);
    pass(364 * 86_400_000);
    await ring(tenantObject(tenantId));
    expect((await operatorPage()).entries).toHaveLength(2);
    pass(2 * 86_400_000);
    await ring(tenantObject(tenantId));
    expect((await operatorPage()).entries).toHaveLength(0);
  });

  it("returns 404 for a tenant that does not exist", async () => {
    await expectProblem(await admin("GET", "/admin/tenants/no-such-tenant/audit"), "not_found");
  });
});
