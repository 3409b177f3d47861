// Input that a lenient parser would accept, or a strict one reject, against the contract.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { expectCompatibilityError, expectInvalid, expectProblem } from "../support/answers.ts";
import {
  ADMIN_TOKEN,
  admin,
  call,
  callWith,
  EXAMPLE_TASK,
  makeCaller,
  makeKey,
  makeTenant,
  scenario,
  solve,
  submit,
} from "../support/gateway.ts";

// Objects that remain at the end of a file may run their alarms during teardown.
afterEach(reset);

describe("a tenant made anew under an old id", () => {
  it("owns no task of its predecessor, and its idempotency keys meet none", async () => {
    const { tenantId, key } = await makeCaller();
    const old = await solve(key);
    const headers = { "idempotency-key": "order-1" };
    const first = await call("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK }, headers });
    const { id: oldId } = await first.json<{ id: string }>();
    expect((await admin("DELETE", `/admin/tenants/${tenantId}`)).status).toBe(204);

    await makeTenant({ id: tenantId });
    const next = await makeKey(tenantId);
    await expectProblem(await call("GET", `/v1/tasks/${old.id}`, { key: next.key }), "not_found");
    await expectProblem(await call("POST", `/v1/tasks/${old.id}/claim`, { key: next.key }), "not_found");
    const again = await call("POST", "/v1/tasks", { key: next.key, body: { task: EXAMPLE_TASK }, headers });
    expect(again.headers.get("idempotency-replayed")).toBeNull();
    expect((await again.json<{ id: string }>()).id).not.toBe(oldId);
  });
});

describe("Prefer: wait", () => {
  it("takes any number over 60 as 60", async () => {
    const { key } = await makeCaller();
    const answer = await call("POST", "/v1/tasks", {
      key,
      body: { task: scenario("sandbox-instant") },
      headers: { prefer: "wait=10000000000" },
    });
    expect([answer.status, answer.headers.get("preference-applied")]).toEqual([200, "wait=60"]);
  });
});

describe("a field named __proto__", () => {
  it.each(['{"metadata":{"__proto__":5}', '{"metadata":{"__proto__":"x"}', '{"__proto__":{"a":1}'])(
    "is unknown like any other: %s",
    async (start) => {
      const { key } = await makeCaller();
      const body = `${start},"task":${JSON.stringify(EXAMPLE_TASK)}}`;
      expect((await call("POST", "/v1/tasks", { key, body })).status).toBe(400);
    },
  );
});

describe("a webhook address", () => {
  it("that is long and no URL is invalid; one that is long and a URL is not allowed", async () => {
    const { key } = await makeCaller();
    const post = (webhookUrl: string) => call("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK, webhookUrl } });
    await expectInvalid(await post("x".repeat(3_000)), "webhookUrl");
    await expectProblem(await post(`https://hooks.example/${"x".repeat(3_000)}`), "webhook_url_not_allowed");
  });
});

describe("a body over 64 KiB", () => {
  it.each(["cancel", "claim", "redeliver"])("is rejected where no body is expected: %s", async (action) => {
    const { key } = await makeCaller();
    const { id } = await submit(key);
    const answer = await call("POST", `/v1/tasks/${id}/${action}`, { key, body: "x".repeat(70_000) });
    await expectProblem(answer, "payload_too_large");
  });
});

describe("a call without fields", () => {
  const actions = ["tasks/{id}/cancel", "tasks/{id}/claim", "tasks/{id}/redeliver", "webhook/test"];
  async function post(action: string, options: Parameters<typeof call>[2]): Promise<Response> {
    const { key } = await makeCaller({}, { scopes: ["tasks:write", "account:write"] });
    const { id } = await submit(key);
    return call("POST", `/v1/${action.replace("{id}", id)}`, { key, ...options });
  }

  it.each(actions)("returns 400 for an unknown field in its body: POST /v1/%s", async (action) => {
    await expectInvalid(await post(action, { body: { reason: "mistake" } }), "reason");
  });

  it.each(actions)("returns 415 for a body that is not JSON: POST /v1/%s", async (action) => {
    await expectProblem(await post(action, { body: "reason=mistake", contentType: null }), "unsupported_media_type");
  });

  it.each(actions)("accepts an empty object and an absent body: POST /v1/%s", async (action) => {
    for (const body of [{}, undefined]) expect([200, 404, 409]).toContain((await post(action, { body })).status);
  });
});

describe("a body that may be left out", () => {
  it.each(["application/json", "text/plain", null])("is left out under content type %s", async (contentType) => {
    const { id: tenantId } = await makeTenant();
    const { id } = await makeKey(tenantId);
    const path = `/admin/tenants/${tenantId}/keys/${id}/rotate`;
    expect((await call("POST", path, { key: ADMIN_TOKEN, body: "", contentType })).status).toBe(201);
  });
});

describe("a content type", () => {
  it.each(["application/json ; charset=utf-8", "application/json;charset=UTF-8", "APPLICATION/JSON"])(
    "is JSON in each of its spellings: %s",
    async (contentType) => {
      const { key } = await makeCaller();
      expect((await call("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK }, contentType })).status).toBe(202);
    },
  );
});

describe("a key's expiry", () => {
  it.each(["2999-02-30T00:00:00Z", "2999-02-20T00:00Z", "2999-02-20T24:00:00Z", "2999-02-20T00:00:00", "2999-02-20"])(
    "is a time that exists, in RFC 3339: not %s",
    async (expiresAt) => {
      const { id } = await makeTenant();
      const answer = await admin("POST", `/admin/tenants/${id}/keys`, { name: "x", mode: "test", expiresAt });
      await expectInvalid(answer, "expiresAt");
    },
  );
});

describe("a bad upstream address", () => {
  it.each(["api.1captcha.vip", "", "ftp://up.example", "https://up.example/?", "https://u:p@up.example"])(
    "is a bad configuration: %j",
    async (address) => {
      await expectProblem(await callWith({ UPSTREAM_URL: address }, "GET", "/healthz"), "configuration");
    },
  );
});

describe("a body that nests deeply", () => {
  it.each([
    `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
    `{"task":${'{"a":'.repeat(9_000)}1${"}".repeat(9_000)}}`,
    `{"task":{},"metadata":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}`,
  ])("returns a validation error, not an internal error", async (body) => {
    const { key } = await makeCaller();
    await expectProblem(await call("POST", "/v1/tasks", { key, body }), "invalid_request");
  });
});

describe("a query", () => {
  it.each([
    "/v1/tasks?statuss=failed",
    "/v1/tasks?cursor=abc",
    "/v1/usage?to=0001-01-01",
    "/v1/usage?until=2026-01-01",
  ])("that is not understood is invalid: %s", async (path) => {
    const { key } = await makeCaller({}, { scopes: ["tasks:read", "account:read"] });
    await expectProblem(await call("GET", path, { key }), "invalid_request");
  });

  it("returns 400 for any parameter of a route that takes none", async () => {
    const { id: tenantId } = await makeTenant();
    const scopes = ["tasks:write", "tasks:read", "account:read", "account:write"];
    const { id: keyId, key } = await makeKey(tenantId, { scopes });
    const task = await submit(key);
    const tenant = `/admin/tenants/${tenantId}`;
    const routes = [
      ["POST", "/v1/tasks", { task: EXAMPLE_TASK }],
      ["GET", `/v1/tasks/${task.id}`],
      ["GET", `/v1/tasks/${task.id}/events`],
      ["POST", `/v1/tasks/${task.id}/cancel`],
      ["POST", `/v1/tasks/${task.id}/claim`],
      ["POST", `/v1/tasks/${task.id}/redeliver`],
      ["GET", "/v1/account"],
      ["GET", "/v1/keys"],
      ["GET", "/v1/keys/current"],
      ["POST", "/v1/keys", { name: "x" }],
      ["POST", `/v1/keys/${keyId}/rotate`],
      ["DELETE", `/v1/keys/${keyId}`],
      ["GET", "/v1/webhook"],
      ["PUT", "/v1/webhook", { url: "https://hooks.example" }],
      ["DELETE", "/v1/webhook"],
      ["GET", "/v1/webhook/secret"],
      ["POST", "/v1/webhook/rotate"],
      ["POST", "/v1/webhook/test"],
      ["POST", "/admin/tenants", { id: "another", name: "x" }],
      ["GET", tenant],
      ["PATCH", tenant, { name: "x" }],
      ["GET", `${tenant}/keys`],
      ["POST", `${tenant}/keys`, { name: "x", mode: "test" }],
      ["POST", `${tenant}/keys/${keyId}/rotate`],
      ["DELETE", `${tenant}/keys/${keyId}`],
      ["DELETE", tenant],
      ["GET", "/admin/upstream"],
    ] as const;
    for (const [method, path, body] of routes) {
      const options = { key: path.startsWith("/admin") ? ADMIN_TOKEN : key, body };
      await expectInvalid(await call(method, `${path}?verbose=1`, options), "verbose");
    }
  });
});

describe("the compatibility API", () => {
  it("names a bad callbackUrl as its caller does", async () => {
    const { key: clientKey } = await makeCaller();
    const answer = await call("POST", "/createTask", {
      body: { clientKey, task: EXAMPLE_TASK, callbackUrl: "nonsense" },
    });
    expect(await answer.json()).toMatchObject({
      errorCode: "ERROR_BAD_REQUEST",
      errorDescription: expect.stringContaining("callbackUrl"),
    });
  });

  it("distinguishes a missing task from an invalid one", async () => {
    const { key: clientKey } = await makeCaller();
    await expectCompatibilityError(await call("POST", "/createTask", { body: { clientKey } }), "ERROR_TASK_ABSENT");
  });
});
