// Calls whose object is lost or overloaded. Idempotent calls are made again, with pauses, unless the object is overloaded.

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { createApp } from "../../src/app.ts";
import type { Task } from "../../src/tasks/present.ts";
import { expectCompatibilityError, expectProblem } from "../support/answers.ts";
import {
  ADMIN_TOKEN,
  call,
  callWith,
  EXAMPLE_TASK,
  makeCaller,
  makeKey,
  makeTenant,
  requestOf,
  scenario,
  submit,
} from "../support/gateway.ts";
import { mintKey, tenantObject } from "../support/tenants.ts";

afterEach(reset);

/** As the platform throws where an object was lost. */
const lost = () => Object.assign(new Error("The object was reset."), { durableObjectReset: true, retryable: true });

/** How often each method was asked for. */
type Asked = Record<string, number>;

/** The gateway with task objects that are lost at the first so many calls of a method, each after the call had its effect. */
function gatewayThatLoses(method: string, losses: number, error: () => Error = lost) {
  const asked: Asked = {};
  const get = (id: DurableObjectId) =>
    new Proxy(env.TASKS.get(id), {
      get:
        (stub, name) =>
        async (...parameters: unknown[]) => {
          asked[String(name)] = (asked[String(name)] ?? 0) + 1;
          const answer = await Reflect.get(stub, name)(...parameters);
          if (name === method && (asked[method] ?? 0) <= losses) throw error();
          return answer;
        },
    });
  const TASKS = {
    get,
    newUniqueId: () => env.TASKS.newUniqueId(),
    idFromName: (name: string) => env.TASKS.idFromName(name),
    idFromString: (id: string) => env.TASKS.idFromString(id),
  };
  const background: Promise<unknown>[] = [];
  const context = { waitUntil: (work: Promise<unknown>) => background.push(work), passThroughOnException: () => {} };
  const app = createApp();
  const ask = async (...parameters: Parameters<typeof requestOf>) => {
    const answer = await app.fetch(requestOf(...parameters), { ...env, TASKS }, context as unknown as ExecutionContext);
    await Promise.all(background);
    return answer;
  };
  return { ask, asked };
}

const tasksOf = async (key: string) => {
  const answer = await call("GET", "/v1/tasks", { key });
  return (await answer.json<{ tasks: Task[] }>()).tasks;
};

describe("an object that is lost", () => {
  it.each([
    { by: "no key", headers: {} },
    { by: "an idempotency key", headers: { "Idempotency-Key": "order-7" } },
  ])("as it accepts a task under $by makes one task", async ({ headers }) => {
    const { key } = await makeCaller();
    const { ask, asked } = gatewayThatLoses("accept", 2);
    const answer = await ask("POST", "/v1/tasks", { key, headers, body: { task: EXAMPLE_TASK } });
    expect([answer.status, asked.accept]).toEqual([202, 3]);
    const { id } = await answer.json<Task>();
    await expect.poll(async () => (await tasksOf(key)).map((task) => task.id)).toEqual([id]);
  });

  it("is no replay to a caller who gave no key", async () => {
    const { key } = await makeCaller();
    const answer = await gatewayThatLoses("accept", 1).ask("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK } });
    expect(answer.headers.get("Idempotency-Replayed")).toBeNull();
  });

  it("as it cancels has canceled", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, scenario("sandbox-never"));
    const answer = await gatewayThatLoses("cancel", 1).ask("POST", `/v1/tasks/${id}/cancel`, { key });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ status: "canceled" });
  });

  it("as it is claimed is asked once: what was handed out may be on its way", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, scenario("sandbox-instant"));
    await expect
      .poll(async () => (await (await call("GET", `/v1/tasks/${id}`, { key })).json<Task>()).status)
      .toBe("ready");
    const { ask, asked } = gatewayThatLoses("claim", 1);
    expect((await ask("POST", `/v1/tasks/${id}/claim`, { key })).status).toBe(500);
    expect(asked.claim).toBe(1);
    expect((await ask("POST", `/v1/tasks/${id}/claim`, { key })).status).toBe(410);
  });

  it("again and again is an internal error in the end", async () => {
    const { key } = await makeCaller();
    const { ask, asked } = gatewayThatLoses("accept", 1_000);
    expect((await ask("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK } })).status).toBe(500);
    expect(asked.accept).toBe(6);
  });

  it("is not called again after an error of its own", async () => {
    const { key } = await makeCaller();
    const { ask, asked } = gatewayThatLoses("accept", 1, () => new Error("an error of the object"));
    expect((await ask("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK } })).status).toBe(500);
    expect(asked.accept).toBe(1);
  });
});

describe("an object that is overloaded", () => {
  // The platform marks such an error as retryable too.
  const overloaded = () =>
    Object.assign(new Error("Durable Object is overloaded."), { overloaded: true, retryable: true });

  it("is not called again: 503 with Retry-After", async () => {
    const { key } = await makeCaller();
    const { ask, asked } = gatewayThatLoses("accept", 1, overloaded);
    const response = await ask("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK } });
    await expectProblem(response, "overloaded");
    expect(response.headers.get("retry-after")).toBe("5");
    expect(asked.accept).toBe(1);
  });

  it("is ERROR_SERVICE_UNAVAILABLE in the compatibility API", async () => {
    const { key } = await makeCaller();
    const { ask } = gatewayThatLoses("accept", 1, overloaded);
    const body = { clientKey: key, task: EXAMPLE_TASK };
    await expectCompatibilityError(await ask("POST", "/createTask", { body }), "ERROR_SERVICE_UNAVAILABLE");
  });
});

describe("a tenant's object that is lost in the middle of a call", () => {
  /** The gateway with a tenant's object whose first call of a method is lost after it had its effect. */
  function withLostTenant(method: string, error: () => Error = lost) {
    const asked = { calls: 0 };
    const TENANTS = {
      idFromName: (name: string) => env.TENANTS.idFromName(name),
      get: (id: DurableObjectId) =>
        new Proxy(env.TENANTS.get(id), {
          get: (stub, name) => {
            if (name !== method) return Reflect.get(stub, name);
            return async (...parameters: unknown[]) => {
              asked.calls += 1;
              const answer = await Reflect.get(stub, name)(...parameters);
              if (asked.calls === 1) throw error();
              return answer;
            };
          },
        }),
    };
    return { asked, changes: { TENANTS } };
  }

  const ALL = ["tasks:write", "tasks:read", "account:read", "account:write"];

  it.each([
    { method: "GET", path: "/v1/keys", call: "listKeys", status: 200 },
    { method: "GET", path: "/v1/keys/current", call: "listKeys", status: 200 },
    { method: "GET", path: "/v1/webhook", call: "endpoint", status: 200 },
    { method: "GET", path: "/v1/webhook/secret", call: "webhookSecret", status: 200 },
    { method: "PUT", path: "/v1/webhook", call: "setEndpoint", status: 200, body: { url: "https://hooks.example/a" } },
    { method: "DELETE", path: "/v1/webhook", call: "setEndpoint", status: 204 },
    { method: "GET", path: "/v1/account", call: "account", status: 200 },
    { method: "GET", path: "/v1/audit", call: "auditLog", status: 200 },
    { method: "GET", path: "/v1/tasks", call: "listTasks", status: 200 },
    { method: "GET", path: "/v1/usage", call: "usage", status: 200 },
  ])("is called again for $method $path", async ({ method, path, call: name, status, body }) => {
    const { key } = await makeCaller({}, { scopes: ALL });
    const { asked, changes } = withLostTenant(name);
    expect((await callWith(changes, method, path, { key, body })).status).toBe(status);
    expect(asked.calls).toBe(2);
  });

  it.each([
    { method: "GET", path: "", call: "describe", status: 200 },
    { method: "PATCH", path: "", call: "patch", status: 200, body: { name: "Renamed" } },
    { method: "DELETE", path: "", call: "remove", status: 204 },
    { method: "GET", path: "/keys", call: "listKeys", status: 200 },
    { method: "GET", path: "/audit", call: "auditLog", status: 200 },
    { method: "GET", path: "/tasks", call: "listTasks", status: 200 },
    { method: "GET", path: "/usage", call: "usage", status: 200 },
  ])("is called again for $method /admin/tenants/{id}$path", async ({ method, path, call: name, status, body }) => {
    const { id } = await makeTenant();
    const { asked, changes } = withLostTenant(name);
    const response = await callWith(changes, method, `/admin/tenants/${id}${path}`, { key: ADMIN_TOKEN, body });
    expect(response.status).toBe(status);
    expect(asked.calls).toBe(2);
  });

  it.each(["/v1/keys/{id}", "/admin/tenants/{tenant}/keys/{id}"])(
    "has revoked a key: 204 for DELETE %s",
    async (path) => {
      const { tenantId, key } = await makeCaller({}, { scopes: ALL });
      const { id } = await makeKey(tenantId);
      const { asked, changes } = withLostTenant("revokeKey");
      const url = path.replace("{id}", id).replace("{tenant}", tenantId);
      const response = await callWith(changes, "DELETE", url, { key: url.startsWith("/admin") ? ADMIN_TOKEN : key });
      expect(response.status).toBe(204);
      expect(asked.calls).toBe(2);
    },
  );

  it("is called again for a key that the snapshot does not know", async () => {
    const { tenantId, key } = await makeCaller();
    await call("GET", "/v1/tasks", { key });
    const fresh = await mintKey(tenantObject(tenantId));
    const { asked, changes } = withLostTenant("snapshot");
    expect((await callWith(changes, "GET", "/v1/tasks", { key: fresh.key })).status).toBe(200);
    expect(asked.calls).toBe(2);
  });

  it.each([
    { method: "POST", path: "/v1/keys", call: "createKey", body: { name: "Mine" } },
    { method: "POST", path: "/v1/webhook/rotate", call: "rotateSecret", body: {} },
  ])("is not called again for $method $path, which is not idempotent", async ({ method, path, call: name, body }) => {
    const { key } = await makeCaller({}, { scopes: ALL });
    const { asked, changes } = withLostTenant(name);
    expect((await callWith(changes, method, path, { key, body })).status).toBe(500);
    expect(asked.calls).toBe(1);
  });
});
