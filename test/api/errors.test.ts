// Rejections that every route must pass. The routes come from the OpenAPI description, so new ones are included.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { KEY_ENTROPY_BYTES, mintKey } from "../../src/tenants/keys.ts";
import type { ProblemBody } from "../support/answers.ts";
import { expectCommonHeaders, expectCompatibilityError, expectProblem } from "../support/answers.ts";
import type { CallOptions } from "../support/gateway.ts";
import { ADMIN_TOKEN, admin, call, callWith, EXAMPLE_TASK, makeCaller, makeKey } from "../support/gateway.ts";

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

const SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"];
const TASK_ID = `tsk_${"5f".repeat(32)}`;

const description: Description = await (await call("GET", "/openapi.json")).json();

/** Method and a path that a request can have, of the routes under one security scheme (`null`: none). */
function routesUnder(scheme: string | null): [method: string, path: string][] {
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
/** Routes that need no scope. Their own tests show it. */
const openToAnyKey = ([method, path]: [string, string]): boolean =>
  method === "GET" && ["/v1/keys/current", "/v1/account"].includes(path);
const scopedRoutes = keyRoutes.filter((route) => !openToAnyKey(route));
const operatorRoutes = routesUnder("operatorToken");
const compatibilityRoutes = ["/createTask", "/getTaskResult"];

const hasBody = (method: string): boolean => method !== "GET" && method !== "DELETE";
const send = (method: string, path: string, options: CallOptions = {}): Promise<Response> =>
  call(method, path, { ...(hasBody(method) ? { body: {} } : {}), ...options });

function scopeOf(method: string, path: string): string {
  // A secret is worth as much as the right to replace it.
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

/** Invalid keys of every kind for an existing tenant. Those that need the operator are created here. */
async function badKeys(): Promise<Record<string, string>> {
  const { tenantId, key } = await makeCaller();
  const revoked = await makeKey(tenantId, { scopes: SCOPES });
  await admin("DELETE", `/admin/tenants/${tenantId}/keys/${revoked.id}`);
  const expiresAt = new Date(Date.now() + 60_000).toISOString();
  const expired = await makeKey(tenantId, { scopes: SCOPES, expiresAt });
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(Date.parse(expiresAt));
  const deleted = await makeCaller({}, { scopes: SCOPES });
  await admin("DELETE", `/admin/tenants/${deleted.tenantId}`);
  return {
    malformed: "nonsense",
    "another gateway's": "sk_test_51H8bqZ2eZvKYlo2C",
    "a typo in the checksum": flipped(key, -1),
    "a typo in the secret": flipped(key, -20),
    "a typo in the tenant": key.replace("tenant", "tenand"),
    "the other mode": key.replace("sg_test_", "sg_live_"),
    "cut off": key.slice(0, -1),
    "one character more": `${key}a`,
    unknown: neverMinted(tenantId),
    "of no tenant": neverMinted("missing"),
    revoked: revoked.key,
    expired: expired.key,
    "of a deleted tenant": deleted.key,
    "the operator's token": ADMIN_TOKEN,
  };
}

describe.each(keyRoutes)("%s %s", (method, path) => {
  it("rejects a caller without a key", async () => {
    await expectProblem(await send(method, path), "unauthenticated");
  });

  it("rejects every invalid key with the same response", async () => {
    const responses = new Set<string>();
    for (const key of Object.values(await badKeys())) {
      const { requestId, ...rest } = await expectProblem(await send(method, path, { key }), "unauthenticated");
      responses.add(JSON.stringify(rest));
    }
    expect(responses.size).toBe(1);
  });

  it("rejects a good key that is not sent as a bearer token", async () => {
    const { key } = await makeCaller({}, { scopes: SCOPES });
    for (const authorization of [key, `Basic ${btoa(`${key}:`)}`, `Bearer ${key} ${key}`, "Bearer", "Bearer "]) {
      await expectProblem(await send(method, path, { headers: { authorization } }), "unauthenticated");
    }
    await expectProblem(await send(method, `${path}?key=${key}&access_token=${key}`), "unauthenticated");
    await expectProblem(await send(method, path, { headers: { "x-api-key": key } }), "unauthenticated");
  });

  it("lets a key in that has the scope and no other", async () => {
    const { key } = await makeCaller({}, { scopes: [scopeOf(method, path)] });
    const response = await send(method, path, { key });
    expect([401, 403, 429, 500]).not.toContain(response.status);
    expectCommonHeaders(response);
  });
});

describe.each(scopedRoutes)("%s %s", (method, path) => {
  it("rejects a key that lacks the scope, whatever others it has", async () => {
    const needed = scopeOf(method, path);
    const { key } = await makeCaller({}, { scopes: SCOPES.filter((scope) => scope !== needed) });
    await expectProblem(await send(method, path, { key }), "insufficient_scope");
  });
});

describe.each(operatorRoutes)("%s %s", (method, path) => {
  it("rejects a caller without the operator's token", async () => {
    const { key } = await makeCaller({}, { scopes: SCOPES });
    await expectProblem(await send(method, path), "unauthenticated");
    for (const token of [key, ADMIN_TOKEN.slice(0, -1), `${ADMIN_TOKEN}0`, ADMIN_TOKEN.toUpperCase(), "undefined"]) {
      await expectProblem(await send(method, path, { key: token }), "unauthenticated");
    }
  });

  it("is not there for a gateway without an operator's token", async () => {
    for (const key of [undefined, "undefined", ADMIN_TOKEN]) {
      const answer = await callWith({ ADMIN_TOKEN: undefined }, method, path, { key });
      await expectProblem(answer, "not_found");
    }
  });
});

describe.each(compatibilityRoutes)("POST %s", (path) => {
  it("rejects every invalid key with the same response", async () => {
    const keys = [...Object.values(await badKeys()), undefined, null, "", 5, {}, []];
    for (const clientKey of keys) {
      const body = { clientKey, task: EXAMPLE_TASK, taskId: "1" };
      await expectCompatibilityError(await call("POST", path, { body }), "ERROR_KEY_DOES_NOT_EXIST");
    }
  });

  it("reads the key from the body only", async () => {
    const { key } = await makeCaller();
    const answer = await call("POST", path, { key, body: { task: EXAMPLE_TASK, taskId: "1" } });
    await expectCompatibilityError(answer, "ERROR_KEY_DOES_NOT_EXIST");
  });
});

describe("what is not there", () => {
  it.each([
    ["GET", "/v1"],
    ["GET", "/v1/nothing"],
    ["POST", "/v1/tasks/"],
    ["GET", `/v1/tasks/${TASK_ID}/nothing`],
    ["POST", "/v2/tasks"],
    ["POST", "/V1/tasks"],
    ["POST", "/createtask"],
    ["GET", "/admin"],
    ["GET", "/admin/nothing"],
  ])("%s %s is not found, with a key and without", async (method, path) => {
    const { key } = await makeCaller({}, { scopes: SCOPES });
    for (const anyKey of [undefined, key, ADMIN_TOKEN, "nonsense"]) {
      await expectProblem(await call(method, path, { key: anyKey }), "not_found");
    }
  });
});

it("a validation error contains nothing that the caller did not send", async () => {
  const { key } = await makeCaller();
  const response = await call("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK, secret: "do-not-echo" } });
  const problem: ProblemBody = await expectProblem(response, "invalid_request");
  expect(JSON.stringify(problem)).not.toContain("do-not-echo");
});
