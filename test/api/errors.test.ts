// Errors that every route must return. The routes come from the OpenAPI description, so new ones are included.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { KEY_ENTROPY_BYTES, mintKey } from "../../src/tenants/keys.ts";
import type { ProblemBody } from "../support/answers.ts";
import { expectCommonHeaders, expectCompatibilityError, expectInvalid, expectProblem } from "../support/answers.ts";
import type { CallOptions } from "../support/gateway.ts";
import {
  ADMIN_TOKEN,
  ALL_SCOPES,
  admin,
  call,
  callWith,
  EXAMPLE_TASK,
  makeCaller,
  makeKey,
} from "../support/gateway.ts";

afterEach(async () => {
  vi.useRealTimers();
  await reset();
});

interface Operation {
  readonly security?: readonly Readonly<Record<string, unknown>>[];
}
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const TASK_ID = `tsk_${"5f".repeat(32)}`;

const description: Description = await (await call("GET", "/openapi.json")).json();

/** The method and a concrete path of each route with one security scheme. */
function routesUnder(scheme: string): [method: string, path: string][] {
  return Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { security = [] }]) => (security.flatMap(Object.keys)[0] ?? null) === scheme)
      .map(([method]): [string, string] => [
        method.toUpperCase(),
        path.replace("/v1/tasks/{id}", `/v1/tasks/${TASK_ID}`).replaceAll(/\{\w+\}/g, "some-id"),
      ]),
  );
}

const keyRoutes = routesUnder("apiKey");
/** Routes that need no scope. Their own tests check that. */
const openToAnyKey = ([method, path]: [string, string]): boolean =>
  method === "GET" && ["/v1/keys/current", "/v1/account"].includes(path);
const scopedRoutes = keyRoutes.filter((route) => !openToAnyKey(route));
const operatorRoutes = routesUnder("operatorToken");
const compatibilityRoutes = ["/createTask", "/getTaskResult"];

const hasBody = (method: string): boolean => method !== "GET" && method !== "DELETE";
const send = (method: string, path: string, options: CallOptions = {}): Promise<Response> =>
  call(method, path, { ...(hasBody(method) ? { body: {} } : {}), ...options });

function scopeOf(method: string, path: string): string {
  // Anyone who knows the secret can sign webhooks.
  if (path === "/v1/webhook/secret") return "account:write";
  const area = path.startsWith("/v1/tasks") || path === "/v1/stream" ? "tasks" : "account";
  return `${area}:${method === "GET" ? "read" : "write"}`;
}

const flipped = (text: string, at: number): string => {
  const other = text.at(at) === "a" ? "b" : "a";
  return text.slice(0, at) + other + text.slice(at + 1 || text.length);
};
const neverMinted = (tenantId: string): string =>
  mintKey("test", tenantId, crypto.getRandomValues(new Uint8Array(KEY_ENTROPY_BYTES)));

/** Invalid keys of every kind. */
async function badKeys(): Promise<Record<string, string>> {
  const { tenantId, key } = await makeCaller();
  const revoked = await makeKey(tenantId, { scopes: ALL_SCOPES });
  await admin("DELETE", `/admin/tenants/${tenantId}/keys/${revoked.id}`);
  const expiresAt = new Date(Date.now() + 60_000).toISOString();
  const expired = await makeKey(tenantId, { scopes: ALL_SCOPES, expiresAt });
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.parse(expiresAt));
  const deleted = await makeCaller({}, { scopes: ALL_SCOPES });
  await admin("DELETE", `/admin/tenants/${deleted.tenantId}`);
  return {
    malformed: "nonsense",
    "another gateway's": "sk_test_51H8bqZ2eZvKYlo2C",
    "a typo in the checksum": flipped(key, -1),
    "a typo in the secret": flipped(key, -20),
    "a typo in the tenant": key.replace("tenant", "tenand"),
    "the other mode": key.replace("sg_test_", "sg_live_"),
    "a character short": key.slice(0, -1),
    "a character long": `${key}a`,
    unknown: neverMinted(tenantId),
    "of no tenant": neverMinted("missing"),
    revoked: revoked.key,
    expired: expired.key,
    "of a deleted tenant": deleted.key,
    "the operator's token": ADMIN_TOKEN,
  };
}

describe.each(keyRoutes)("%s %s", (method, path) => {
  it("returns 401 without a key", async () => {
    await expectProblem(await send(method, path), "unauthenticated");
  });

  it("accepts a key with only the scope that it needs", async () => {
    const { key } = await makeCaller({}, { scopes: [scopeOf(method, path)] });
    const response = await send(method, path, { key });
    expect([401, 403, 429, 500]).not.toContain(response.status);
    expectCommonHeaders(response);
  });

  it("returns 400 for an unknown query parameter", async () => {
    const { key } = await makeCaller({}, { scopes: ALL_SCOPES });
    await expectInvalid(await send(method, `${path}?verbose=1`, { key }), "verbose");
  });
});

describe.each(scopedRoutes)("%s %s", (method, path) => {
  it("returns 403 for a key that has every scope but the one that it needs", async () => {
    const needed = scopeOf(method, path);
    const { key } = await makeCaller({}, { scopes: ALL_SCOPES.filter((scope) => scope !== needed) });
    await expectProblem(await send(method, path, { key }), "insufficient_scope");
  });
});

// Every route has the same authentication, so the kinds of invalid credentials are tried on one.
describe("GET /v1/tasks", () => {
  it("returns the same 401 for every invalid key", async () => {
    const responses = new Set<string>();
    for (const key of Object.values(await badKeys())) {
      const { requestId, ...rest } = await expectProblem(await call("GET", "/v1/tasks", { key }), "unauthenticated");
      responses.add(JSON.stringify(rest));
    }
    expect(responses.size).toBe(1);
  });

  it("returns 401 for a valid key that is not sent as a bearer token", async () => {
    const { key } = await makeCaller();
    for (const authorization of [key, `Basic ${btoa(`${key}:`)}`, `Bearer ${key} ${key}`, "Bearer", "Bearer "]) {
      await expectProblem(await call("GET", "/v1/tasks", { headers: { authorization } }), "unauthenticated");
    }
    await expectProblem(await call("GET", `/v1/tasks?key=${key}&access_token=${key}`), "unauthenticated");
    await expectProblem(await call("GET", "/v1/tasks", { headers: { "x-api-key": key } }), "unauthenticated");
  });
});

describe.each(operatorRoutes)("%s %s", (method, path) => {
  it("returns 401 without the operator's token", async () => {
    const { key } = await makeCaller({}, { scopes: ALL_SCOPES });
    await expectProblem(await send(method, path), "unauthenticated");
    for (const token of [key, ADMIN_TOKEN.slice(0, -1), `${ADMIN_TOKEN}0`, ADMIN_TOKEN.toUpperCase(), "undefined"]) {
      await expectProblem(await send(method, path, { key: token }), "unauthenticated");
    }
  });

  it("returns 404 when the gateway has no operator's token", async () => {
    for (const key of [undefined, "undefined", ADMIN_TOKEN]) {
      const response = await callWith({ ADMIN_TOKEN: undefined }, method, path, { key });
      await expectProblem(response, "not_found");
    }
  });

  it("returns 400 for an unknown query parameter", async () => {
    await expectInvalid(await send(method, `${path}?verbose=1`, { key: ADMIN_TOKEN }), "verbose");
  });
});

describe.each(compatibilityRoutes)("POST %s", (path) => {
  it("returns ERROR_KEY_DOES_NOT_EXIST for every invalid key", async () => {
    const keys = [...Object.values(await badKeys()), undefined, null, "", 5, {}, []];
    for (const clientKey of keys) {
      const body = { clientKey, task: EXAMPLE_TASK, taskId: "1" };
      await expectCompatibilityError(await call("POST", path, { body }), "ERROR_KEY_DOES_NOT_EXIST");
    }
  });

  it("reads the key from the body only", async () => {
    const { key } = await makeCaller();
    const response = await call("POST", path, { key, body: { task: EXAMPLE_TASK, taskId: "1" } });
    await expectCompatibilityError(response, "ERROR_KEY_DOES_NOT_EXIST");
  });
});

describe("an unknown path", () => {
  it.each([
    ["GET", "/v1"],
    ["OPTIONS", "/v1/nothing"],
    ["POST", "/v1/tasks/"],
    ["DELETE", `/v1/tasks/${TASK_ID}/nothing`],
    ["POST", "/v2/tasks"],
    ["POST", "/V1/tasks"],
    ["POST", "/createtask"],
    ["GET", "/admin"],
    ["GET", "/admin/nothing"],
  ])("returns 404 with and without a key: %s %s", async (method, path) => {
    const { key } = await makeCaller({}, { scopes: ALL_SCOPES });
    for (const anyKey of [undefined, key, ADMIN_TOKEN, "nonsense"]) {
      await expectProblem(await call(method, path, { key: anyKey }), "not_found");
    }
  });
});

it("a validation error does not repeat the rejected values", async () => {
  const { key } = await makeCaller();
  const response = await call("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK, secret: "do-not-echo" } });
  const problem: ProblemBody = await expectProblem(response, "invalid_request");
  expect(JSON.stringify(problem)).not.toContain("do-not-echo");
});
