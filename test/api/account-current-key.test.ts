// GET /v1/keys/current: a key is told what it is. Any valid key may ask, and learns of no other.

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import { tenantStub } from "../../src/tenants/directory.ts";
import { expectProblem } from "../support/answers.ts";
import { admin, call, makeCaller, makeKey } from "../support/gateway.ts";

afterEach(reset);

const current = (key: string): Promise<Response> => call("GET", "/v1/keys/current", { key });

it.each(["tasks:write", "tasks:read", "account:read", "account:write"])(
  "a key with %s alone may ask, and is told itself among others",
  async (scope) => {
    const { tenantId } = await makeCaller();
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const { id, key } = await makeKey(tenantId, { name: "Mine", mode: "live", scopes: [scope], expiresAt });
    await makeKey(tenantId, { name: "Another" });
    const answer = await current(key);
    expect(answer.status).toBe(200);
    const text = await answer.text();
    expect(JSON.parse(text)).toStrictEqual({
      id,
      name: "Mine",
      mode: "live",
      scopes: [scope],
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/),
      expiresAt,
      tenantId,
    });
    expect(text).not.toContain(key);
  },
);

it("a key that was rotated is told when it ends", async () => {
  const { tenantId, key } = await makeCaller();
  const { id } = await (await current(key)).json<{ id: string }>();
  await admin("POST", `/admin/tenants/${tenantId}/keys/${id}/rotate`, { overlapSeconds: 60 });
  const { expiresAt } = await (await current(key)).json<{ expiresAt: string }>();
  expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(0);
  expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(60_000);
});

it("a suspended tenant's key may ask", async () => {
  const { tenantId, key } = await makeCaller();
  await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
  expect((await current(key)).status).toBe(200);
});

it("a key that was revoked elsewhere is refused at once, though this edge still takes it for good", async () => {
  const { tenantId, key } = await makeCaller();
  const { id } = await (await current(key)).json<{ id: string }>();
  await tenantStub(env, tenantId).revokeKey(OPERATOR, id);
  expect((await call("GET", "/v1/tasks", { key })).status).toBe(200);
  await expectProblem(await current(key), "unauthenticated");
});
