// Request bodies: their size, content type and syntax, and the calls that take none.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { expectCompatibilityError, expectInvalid, expectProblem } from "../support/answers.ts";
import type { CallOptions } from "../support/gateway.ts";
import { ADMIN_TOKEN, call, makeCaller, makeKey, makeTenant, scenario, submit } from "../support/gateway.ts";

afterEach(reset);

const LIMIT = 65_536;
const ENDLESS = { task: scenario("sandbox-never") };

/** A valid creation, padded with spaces to a length in bytes. */
const padded = (bytes: number): string => JSON.stringify(ENDLESS).padEnd(bytes, " ");

/** A body in pieces, without a Content-Length. */
function streamed(text: string): ReadableStream {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + 10_000));
      at += 10_000;
    },
  });
}

async function create(options: CallOptions): Promise<Response> {
  const { key } = await makeCaller();
  return call("POST", "/v1/tasks", { key, ...options });
}

describe("a body over 64 KiB", () => {
  it.each([
    [
      "with a Content-Length",
      (bytes: number) => ({ body: padded(bytes), headers: { "content-length": String(bytes) } }),
    ],
    ["without a Content-Length", (bytes: number) => ({ body: streamed(padded(bytes)) })],
  ])("returns 413, and one of 64 KiB is accepted, %s", async (_how, options) => {
    expect((await create(options(LIMIT))).status).toBe(202);
    await expectProblem(await create(options(LIMIT + 1)), "payload_too_large");
    await expectProblem(await create(options(LIMIT + 1_024)), "payload_too_large");
  });

  it("is measured in bytes, not in characters", async () => {
    const body = `{"task":"${"ü".repeat(40_000)}"}`;
    await expectProblem(await create({ body }), "payload_too_large");
  });

  it.each([
    ["POST", "/admin/tenants"],
    ["PATCH", "/admin/tenants/acme"],
    ["POST", "/admin/tenants/acme/keys/key_1/rotate"],
  ])("returns 413 for %s %s", async (method, path) => {
    const response = await call(method, path, { key: ADMIN_TOKEN, body: streamed(padded(LIMIT + 1)) });
    await expectProblem(response, "payload_too_large");
  });

  it.each(["/createTask", "/getTaskResult"])("returns 413 in the compatibility API's own form: %s", async (path) => {
    const { key } = await makeCaller();
    const body = JSON.stringify({ clientKey: key, ...ENDLESS, taskId: "1" }).padEnd(LIMIT + 1, " ");
    await expectCompatibilityError(await call("POST", path, { body: streamed(body) }), "ERROR_BAD_REQUEST", 413);
    const headers = { "content-length": String(body.length) };
    await expectCompatibilityError(await call("POST", path, { body, headers }), "ERROR_BAD_REQUEST", 413);
  });
});

describe("the content type of a body", () => {
  it.each([
    "application/json",
    "application/json;charset=UTF-8",
    "application/json ; charset=utf-8",
    "Application/JSON",
  ])("can be %s", async (contentType) => {
    expect((await create({ body: ENDLESS, contentType })).status).toBe(202);
  });

  it.each([null, "text/plain", "text/json", "application/jsonx"])("returns 415 when it is %s", async (contentType) => {
    await expectProblem(await create({ body: ENDLESS, contentType }), "unsupported_media_type");
  });

  it("is required by every call of the operator that needs a body", async () => {
    const { id: tenantId } = await makeTenant();
    const { id } = await makeKey(tenantId);
    for (const [method, path] of [
      ["POST", "/admin/tenants"],
      ["PATCH", `/admin/tenants/${tenantId}`],
      ["POST", `/admin/tenants/${tenantId}/keys`],
      ["POST", `/admin/tenants/${tenantId}/keys/${id}/rotate`],
    ] as const) {
      const response = await call(method, path, { key: ADMIN_TOKEN, body: "{}", contentType: "text/plain" });
      await expectProblem(response, "unsupported_media_type");
    }
  });
});

describe("a body that is not a JSON object", () => {
  it.each<[string, string | Uint8Array]>([
    ["an empty body", ""],
    ["spaces", "  "],
    ["an incomplete object", '{"task":'],
    ["two values", "{}{}"],
    ["invalid UTF-8", new Uint8Array([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
  ])("returns 400 invalid_json: %s", async (_what, body) => {
    await expectProblem(await create({ body }), "invalid_json");
  });

  it.each(["null", "[]", '"task"', "5", "true"])("returns 400 invalid_request: %s", async (body) => {
    await expectProblem(await create({ body }), "invalid_request");
  });

  it.each([`${"[".repeat(30_000)}${"]".repeat(30_000)}`, `{"task":${'{"a":'.repeat(9_000)}1${"}".repeat(9_000)}}`])(
    "returns 400 invalid_request when it nests deeply",
    async (body) => {
      await expectProblem(await create({ body }), "invalid_request");
    },
  );
});

describe("a call without fields", () => {
  const ACTIONS = ["tasks/{id}/cancel", "tasks/{id}/claim", "tasks/{id}/redeliver", "webhook/test"];
  async function post(action: string, options: CallOptions): Promise<Response> {
    const { key } = await makeCaller({}, { scopes: ["tasks:write", "account:write"] });
    const { id } = await submit(key);
    return call("POST", `/v1/${action.replace("{id}", id)}`, { key, ...options });
  }

  it.each(ACTIONS)("returns 400 for an unknown field in its body: POST /v1/%s", async (action) => {
    await expectInvalid(await post(action, { body: { reason: "mistake" } }), "reason");
  });

  it.each(ACTIONS)("returns 415 for a body that is not JSON: POST /v1/%s", async (action) => {
    await expectProblem(await post(action, { body: "reason=mistake", contentType: null }), "unsupported_media_type");
  });

  it.each(ACTIONS)("returns 413 for a body over 64 KiB: POST /v1/%s", async (action) => {
    await expectProblem(await post(action, { body: "x".repeat(70_000) }), "payload_too_large");
  });

  it.each(ACTIONS)("accepts an empty object and an absent body: POST /v1/%s", async (action) => {
    for (const body of [{}, undefined]) expect([200, 404, 409]).toContain((await post(action, { body })).status);
  });
});

describe("a DELETE", () => {
  const PATHS = ["/v1/keys/{key}", "/v1/webhook", "/admin/tenants/{tenant}", "/admin/tenants/{tenant}/keys/{key}"];
  async function remove(path: string, options: CallOptions): Promise<Response> {
    const { tenantId, key } = await makeCaller({}, { scopes: ["account:write"] });
    const { id } = await makeKey(tenantId);
    const caller = path.startsWith("/admin/") ? ADMIN_TOKEN : key;
    return call("DELETE", path.replace("{tenant}", tenantId).replace("{key}", id), { key: caller, ...options });
  }

  it.each(PATHS)("returns 400 for an unknown field in its body: %s", async (path) => {
    await expectInvalid(await remove(path, { body: { mode: "live" } }), "mode");
  });

  it.each(PATHS)("returns 415 for a body that is not JSON: %s", async (path) => {
    await expectProblem(await remove(path, { body: "mode=live", contentType: null }), "unsupported_media_type");
  });

  it.each(PATHS)("returns 413 for a body over 64 KiB: %s", async (path) => {
    await expectProblem(await remove(path, { body: "x".repeat(70_000) }), "payload_too_large");
  });

  it.each(PATHS)("returns 204 for an empty object and for an absent body: %s", async (path) => {
    for (const body of [{}, undefined]) expect((await remove(path, { body })).status).toBe(204);
  });
});

describe("an optional body", () => {
  it.each(["application/json", "text/plain", null])("can be empty with the content type %s", async (contentType) => {
    const { id: tenantId } = await makeTenant();
    const { id } = await makeKey(tenantId);
    const path = `/admin/tenants/${tenantId}/keys/${id}/rotate`;
    expect((await call("POST", path, { key: ADMIN_TOKEN, body: "", contentType })).status).toBe(201);
  });
});
