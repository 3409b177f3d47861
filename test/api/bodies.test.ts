import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { expectCompatibilityError, expectProblem } from "../support/answers.ts";
import type { CallOptions } from "../support/gateway.ts";
import { ADMIN_TOKEN, call, makeCaller, makeKey, scenario } from "../support/gateway.ts";

afterEach(reset);

const LIMIT = 65_536;
const ENDLESS = { task: scenario("sandbox-never") };

/** The body of a good creation, padded with blanks to so many bytes. */
const padded = (bytes: number): string => JSON.stringify(ENDLESS).padEnd(bytes, " ");

/** Pieces of a body without a length. */
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

describe("64 KiB is the longest body", () => {
  it.each([
    ["its length said", (bytes: number) => ({ body: padded(bytes), headers: { "content-length": String(bytes) } })],
    ["streamed without a length", (bytes: number) => ({ body: streamed(padded(bytes)) })],
  ])("%s", async (_how, options) => {
    expect((await create(options(LIMIT))).status).toBe(202);
    await expectProblem(await create(options(LIMIT + 1)), "payload_too_large");
    await expectProblem(await create(options(LIMIT + 1_024)), "payload_too_large");
  });

  it("it holds for bytes, not characters", async () => {
    const body = `{"task":"${"ü".repeat(40_000)}"}`;
    await expectProblem(await create({ body }), "payload_too_large");
  });

  it.each([
    ["POST", "/admin/tenants"],
    ["PATCH", "/admin/tenants/acme"],
    ["POST", "/admin/tenants/acme/keys"],
    ["POST", "/admin/tenants/acme/keys/key_1/rotate"],
  ])("%s %s", async (method, path) => {
    const answer = await call(method, path, { key: ADMIN_TOKEN, body: streamed(padded(LIMIT + 1)) });
    await expectProblem(answer, "payload_too_large");
  });

  it.each(["/createTask", "/getTaskResult"])("%s answers in its own form", async (path) => {
    const { key } = await makeCaller();
    const body = JSON.stringify({ clientKey: key, ...ENDLESS, taskId: "1" }).padEnd(LIMIT + 1, " ");
    await expectCompatibilityError(await call("POST", path, { body: streamed(body) }), "ERROR_BAD_REQUEST", 413);
    const headers = { "content-length": String(body.length) };
    await expectCompatibilityError(await call("POST", path, { body, headers }), "ERROR_BAD_REQUEST", 413);
  });
});

describe("the content type", () => {
  it.each([
    "application/json",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    "Application/JSON",
  ])("%s is taken", async (contentType) => {
    expect((await create({ body: ENDLESS, contentType })).status).toBe(202);
  });

  it.each([
    null,
    "text/plain",
    "application/x-www-form-urlencoded",
    "text/json",
    "application/jsonx",
    "multipart/form-data",
  ])("%s is refused", async (contentType) => {
    await expectProblem(await create({ body: ENDLESS, contentType }), "unsupported_media_type");
  });

  it("is asked for by every route of the operator that needs a body", async () => {
    const { tenantId } = await makeCaller();
    const { id } = await makeKey(tenantId);
    const routes: [string, string][] = [
      ["POST", "/admin/tenants"],
      ["PATCH", `/admin/tenants/${tenantId}`],
      ["POST", `/admin/tenants/${tenantId}/keys`],
      ["POST", `/admin/tenants/${tenantId}/keys/${id}/rotate`],
    ];
    for (const [method, path] of routes) {
      const answer = await call(method, path, { key: ADMIN_TOKEN, body: "{}", contentType: "text/plain" });
      await expectProblem(answer, "unsupported_media_type");
    }
  });
});

describe("what is not JSON", () => {
  const cases: [string, string | Uint8Array][] = [
    ["empty", ""],
    ["blank", "  "],
    ["a word", "task"],
    ["cut off", '{"task":'],
    ["a comma too many", '{"task":1,}'],
    ["single quotes", "{'task':1}"],
    ["two values", "{}{}"],
    ["NaN", '{"timeoutSeconds":NaN}'],
    ["broken UTF-8", new Uint8Array([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    ["UTF-8 that is cut off", new Uint8Array([0x22, 0xe2, 0x82, 0x22])],
  ];

  it.each(cases)("%s", async (_what, body) => {
    await expectProblem(await create({ body }), "invalid_json");
    await expectProblem(await call("POST", "/admin/tenants", { key: ADMIN_TOKEN, body }), "invalid_json");
  });
});

describe("JSON that is no object", () => {
  it.each(["null", "[]", '"task"', "5", "true", '[{"task":{}}]'])("%s", async (body) => {
    await expectProblem(await create({ body }), "invalid_request");
    await expectProblem(await call("POST", "/admin/tenants", { key: ADMIN_TOKEN, body }), "invalid_request");
  });
});
