// X-Request-Id and Server-Timing.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { expectCommonHeaders, expectProblem } from "../support/answers.ts";
import { admin, call, callWith, makeCaller, makeKey, scenario } from "../support/gateway.ts";

afterEach(reset);

const task = scenario("sandbox-never");

describe("X-Request-Id", () => {
  it("is the caller's id when that is well-formed", async () => {
    const headers = { "x-request-id": "Req-42_a" };
    const healthy = await call("GET", "/healthz", { headers });
    expect(healthy.headers.get("x-request-id")).toBe("Req-42_a");
    const rejected = await call("GET", "/v1/account", { headers });
    expect((await expectProblem(rejected, "unauthenticated")).requestId).toBe("Req-42_a");
  });

  it.each([
    ["is empty", ""],
    ["has spaces", "a b"],
    ["has markup", "<script>"],
    ["has quotes", 'a"b'],
    ["is too long", "a".repeat(256)],
  ])("is a new id when the caller's id %s", async (_what, id) => {
    const response = await call("GET", "/healthz", { headers: { "x-request-id": id } });
    expect(response.headers.get("x-request-id")).toMatch(/^[\w-]+$/);
    expect(response.headers.get("x-request-id")).not.toBe(id);
  });

  it("is different for each request", async () => {
    const responses = await Promise.all(Array.from({ length: 20 }, () => call("GET", "/healthz")));
    expect(new Set(responses.map(({ headers }) => headers.get("x-request-id"))).size).toBe(20);
  });

  it("is in every kind of response, together with Server-Timing", async () => {
    const { tenantId, key } = await makeCaller();
    const { id } = await makeKey(tenantId);
    const newUniqueId = () => {
      throw new Error("a bug");
    };
    const failing = { TASKS: { newUniqueId } };
    const responses = [
      await call("GET", "/healthz"),
      await call("GET", "/openapi.json"),
      await call("POST", "/v1/tasks", { key, body: { task } }),
      await call("POST", "/v1/tasks", { key, body: "{" }),
      await call("POST", "/v1/tasks", { key, body: " ".repeat(70_000) }),
      await call("POST", "/createTask", { body: { clientKey: key, task } }),
      await call("POST", "/createTask", { body: " ".repeat(70_000) }),
      await admin("GET", "/admin/tenants"),
      await admin("DELETE", `/admin/tenants/${tenantId}/keys/${id}`),
      await call("GET", "/nothing"),
      await callWith(failing, "POST", "/v1/tasks", { key, body: { task } }),
      await callWith({ POLL_INTERVAL_MS: "5" }, "GET", "/healthz"),
    ];
    for (const response of responses) expectCommonHeaders(response);
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 202, 400, 413, 200, 413, 200, 204, 404, 500, 500]);
  });
});
