// GET /v1/keys/current: any valid key can read itself.

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import { tenantStub } from "../../src/tenants/directory.ts";
import { expectProblem } from "../support/answers.ts";
import { ALL_SCOPES, admin, call, EXAMPLE_TASK, makeCaller, makeKey } from "../support/gateway.ts";

afterEach(reset);

const current = (key: string): Promise<Response> => call("GET", "/v1/keys/current", { key });

it.each(ALL_SCOPES)("GET /v1/keys/current returns the calling key to a key with only the scope %s", async (scope) => {
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
});

it("GET /v1/keys/current returns the end of a rotated key as its expiry", async () => {
  const { tenantId, key } = await makeCaller();
  const { id } = await (await current(key)).json<{ id: string }>();
  await admin("POST", `/admin/tenants/${tenantId}/keys/${id}/rotate`, { overlapSeconds: 60 });
  const { expiresAt } = await (await current(key)).json<{ expiresAt: string }>();
  expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(0);
  expect(Date.parse(expiresAt) - Date.now()).toBeLessThanOrEqual(60_000);
});

it("GET /v1/keys/current works for a suspended tenant", async () => {
  const { tenantId, key } = await makeCaller();
  await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
  expect((await current(key)).status).toBe(200);
});

it("GET /v1/keys/current returns 401 for a key that was revoked, while the edge still accepts it", async () => {
  const { tenantId, key } = await makeCaller();
  const { id } = await (await current(key)).json<{ id: string }>();
  await tenantStub(env, tenantId).revokeKey(OPERATOR, id);
  expect((await call("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK } })).status).toBe(202);
  await expectProblem(await current(key), "unauthenticated");
});
