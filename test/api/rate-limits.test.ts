// Rate limits: failed authentications by address, creations and other calls by key.

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { expectCompatibilityError, expectProblem } from "../support/answers.ts";
import {
  ADMIN_TOKEN,
  call,
  callWith,
  freshAddress,
  makeCaller,
  makeKey,
  makeTenant,
  scenario,
} from "../support/gateway.ts";

afterEach(reset);

const task = scenario("sandbox-never");
const TASK_ID = `tsk_${"5f".repeat(32)}`;

const EXHAUSTED = { limit: async () => ({ success: false }) };

/** Expects 429 with the headers that describe the limit. */
async function expectLimited(response: Response, quota: number, periodS: number): Promise<void> {
  expect(response.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  expect(response.headers.get("ratelimit-policy")).toMatch(new RegExp(`;q=${quota};w=${periodS}$`));
  await expectProblem(response, "rate_limited");
}

/** Sends requests until one gets 429. Returns how many failed before. */
async function failUntilLimited(fail: () => Promise<Response>): Promise<{ failures: number; limited: Response }> {
  for (let failures = 0; failures <= 60; failures += 1) {
    const response = await fail();
    if (response.status === 429) return { failures, limited: response };
    expect([200, 401]).toContain(response.status);
    await response.body?.cancel();
  }
  throw new Error("61 failed authentications were accepted");
}

describe("failed authentications", () => {
  it("are limited to 30 in 60 s for each address, /admin included, and valid keys of the address still work", async () => {
    const { key } = await makeCaller();
    const headers = { "cf-connecting-ip": freshAddress() };
    let turn = 0;
    const { failures, limited } = await failUntilLimited(() => {
      turn += 1;
      const path = turn % 2 === 0 ? "/admin/tenants" : `/v1/tasks/${TASK_ID}`;
      return call("GET", path, { key: "nonsense", headers });
    });
    expect(failures).toBe(30);
    await expectLimited(limited, 30, 60);

    const other = await call("POST", "/createTask", { headers, body: { clientKey: "nonsense" } });
    await expectCompatibilityError(other, "ERROR_NO_SLOT_AVAILABLE", 429);
    expect((await call("POST", "/v1/tasks", { key, headers, body: { task } })).status).toBe(202);
    expect((await call("GET", "/admin/tenants", { key: ADMIN_TOKEN, headers })).status).toBe(200);
    const created = await call("POST", "/createTask", { headers, body: { clientKey: key, task } });
    expect(await created.json()).toMatchObject({ errorId: 0 });
    await expectProblem(await call("GET", `/v1/tasks/${TASK_ID}`, { key: "nonsense" }), "unauthenticated");
  });

  it("are limited to 30 for each address in the compatibility API too", async () => {
    const headers = { "cf-connecting-ip": freshAddress() };
    const { failures, limited } = await failUntilLimited(() => call("POST", "/getTaskResult", { headers, body: {} }));
    expect(failures).toBe(30);
    await expectCompatibilityError(limited, "ERROR_NO_SLOT_AVAILABLE", 429);
  });
});

describe("the limit of a key's creations", () => {
  /** Uses up a key's creations of a period of 10 s. Returns how many were granted, or null if the next period began meanwhile. */
  async function useUpCreations(keyId: string): Promise<number | null> {
    const period = Math.floor(Date.now() / 10_000);
    const attempts = Array.from({ length: 1_001 }, () => env.CREATE_LIMIT.limit({ key: keyId }));
    const granted = (await Promise.all(attempts)).filter(({ success }) => success).length;
    return Math.floor(Date.now() / 10_000) === period ? granted : null;
  }

  it("is 1,000 in 10 s, and applies neither to the key's other calls nor to the tenant's other keys", async () => {
    const tenant = await makeTenant();
    const other = await makeKey(tenant.id);
    let limited: Response | null = null;
    while (limited?.status !== 429) {
      // A new key for each attempt, because the period may end at any time.
      const { id, key } = await makeKey(tenant.id);
      const granted = await useUpCreations(id);
      if (granted === null) continue;
      expect(granted).toBe(1_000);
      limited = await call("POST", "/v1/tasks", { key, body: { task } });
      expect((await call("GET", `/v1/tasks/${TASK_ID}`, { key })).status).toBe(404);
    }
    await expectLimited(limited, 1_000, 10);
    expect((await call("POST", "/v1/tasks", { key: other.key, body: { task } })).status).toBe(202);
  });

  it("is counted for each key", async () => {
    const { tenantId, key } = await makeCaller();
    const other = await makeKey(tenantId);
    const counted: string[] = [];
    const counting = { limit: async (options: { key: string }) => ({ success: counted.push(options.key) > 0 }) };
    for (const anyKey of [key, other.key, key]) {
      await callWith({ CREATE_LIMIT: counting }, "POST", "/v1/tasks", { key: anyKey, body: { task } });
    }
    expect(counted[0]).toBe(counted[2]);
    expect(counted[1]).toBe(other.id);
  });
});

describe("the limit of a key's other calls", () => {
  it.each([
    ["GET", ""],
    ["POST", "/cancel"],
  ])("is 3,000 in 10 s for %s /v1/tasks/{id}%s", async (method, suffix) => {
    const { key } = await makeCaller();
    const limited = await callWith({ CALL_LIMIT: EXHAUSTED }, method, `/v1/tasks/${TASK_ID}${suffix}`, { key });
    await expectLimited(limited, 3_000, 10);
  });

  it("is ERROR_NO_SLOT_AVAILABLE in the compatibility API, and so is the limit of creations", async () => {
    const { key: clientKey } = await makeCaller();
    const limits = { CALL_LIMIT: EXHAUSTED, CREATE_LIMIT: EXHAUSTED };
    for (const path of ["/getTaskResult", "/createTask"]) {
      const response = await callWith(limits, "POST", path, { body: { clientKey, taskId: "1", task } });
      await expectCompatibilityError(response, "ERROR_NO_SLOT_AVAILABLE", 429);
    }
  });
});
