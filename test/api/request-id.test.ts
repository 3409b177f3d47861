// X-Request-Id. `expectCommonHeaders` checks X-Request-Id and Server-Timing in the responses of all other tests.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { expectProblem } from "../support/answers.ts";
import { call, scenario } from "../support/gateway.ts";

afterEach(reset);

const _task = scenario("sandbox-never");

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
});
