// Cache-Control: responses of the APIs must not be stored by caches, because they can contain keys, secrets and solutions.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { ADMIN_TOKEN, call, callWith, EXAMPLE_TASK, makeCaller } from "../support/gateway.ts";

afterEach(reset);

const cacheControlOf = ({ headers }: Response) => headers.get("cache-control");

describe("Cache-Control is no-store", () => {
  it("in responses of v1, also in errors", async () => {
    const { key } = await makeCaller({}, { scopes: ["tasks:write", "tasks:read", "account:read", "account:write"] });
    const responses = [
      await call("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK } }),
      await call("POST", "/v1/keys", { key, body: { name: "CI" } }),
      await call("GET", "/v1/webhook/secret", { key }),
      await call("DELETE", "/v1/webhook", { key }),
      await call("GET", "/v1/account"),
      await call("GET", "/v1/stream", { key }),
      await call("GET", "/v1/unknown", { key }),
      await call("PATCH", "/v1/tasks", { key }),
      await callWith({ POLL_INTERVAL_MS: "999" }, "GET", "/v1/account", { key }),
    ];
    expect(responses.map(({ status }) => status)).toEqual([202, 201, 200, 204, 401, 426, 404, 405, 500]);
    expect(responses.map(cacheControlOf)).toEqual(responses.map(() => "no-store"));
  });

  it("in the response that opens a stream", async () => {
    const { key } = await makeCaller();
    const response = await call("GET", "/v1/stream", { key, headers: { upgrade: "websocket" } });
    expect(response.status).toBe(101);
    expect(cacheControlOf(response)).toBe("no-store");
    response.webSocket?.accept();
    response.webSocket?.close();
  });

  it("in responses of /admin, also in errors", async () => {
    const responses = [
      await call("GET", "/admin/tenants", { key: ADMIN_TOKEN }),
      await call("GET", "/admin/tenants"),
      await call("GET", "/admin", { key: ADMIN_TOKEN }),
    ];
    expect(responses.map(({ status }) => status)).toEqual([200, 401, 404]);
    expect(responses.map(cacheControlOf)).toEqual(["no-store", "no-store", "no-store"]);
  });

  it("in responses of the compatibility API, also in errors", async () => {
    const { key } = await makeCaller();
    for (const path of ["/createTask", "//createTask/", "/getTaskResult", "/getBalance", "/test"]) {
      for (const body of [{ clientKey: key, task: EXAMPLE_TASK }, {}]) {
        expect(cacheControlOf(await call("POST", path, { body }))).toBe("no-store");
      }
      expect(cacheControlOf(await call("GET", path))).toBe("no-store");
    }
  });
});

describe("Cache-Control is not no-store", () => {
  it.each(["/", "/healthz", "/openapi.json", "/docs", "/console", "/v1x"])("in the response of %s", async (path) => {
    expect(cacheControlOf(await call("GET", path))).not.toBe("no-store");
  });
});
