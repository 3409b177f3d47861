// Calls whose object is lost or overloaded. Idempotent calls are repeated with pauses, unless the object is overloaded.

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import type { Task } from "../../src/tasks/present.ts";
import { expectCompatibilityError, expectProblem } from "../support/answers.ts";
import {
  ADMIN_TOKEN,
  ALL_SCOPES,
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
import { mintKey, tenantObject } from "../support/tenants.ts";

afterEach(reset);

/** The platform's error for an object that was lost. */
const lost = () => Object.assign(new Error("The object was reset."), { durableObjectReset: true, retryable: true });

/** The platform's error for an overloaded object. The platform marks it as retryable too. */
const overloaded = () =>
  Object.assign(new Error("Durable Object is overloaded."), { overloaded: true, retryable: true });

/**
 * A binding whose objects fail the first calls of one method, each after the call had its effect.
 * @returns the binding, and the number of calls of the method so far
 */
function failing(binding: "TASKS" | "TENANTS", method: string, failures = 1, error: () => Error = lost) {
  const namespace: DurableObjectNamespace = env[binding];
  const calls = { count: 0 };
  const get = (id: DurableObjectId) =>
    new Proxy(namespace.get(id), {
      get: (stub, name) => {
        if (name !== method) return Reflect.get(stub, name);
        return async (...parameters: unknown[]) => {
          calls.count += 1;
          const result = await Reflect.get(stub, name)(...parameters);
          if (calls.count <= failures) throw error();
          return result;
        };
      },
    });
  const changes = {
    [binding]: {
      get,
      newUniqueId: () => namespace.newUniqueId(),
      idFromName: (name: string) => namespace.idFromName(name),
      idFromString: (id: string) => namespace.idFromString(id),
    },
  };
  const send = (...request: Parameters<typeof call>) => callWith(changes, ...request);
  return { send, calls };
}

const tasksOf = async (key: string) => {
  const response = await call("GET", "/v1/tasks", { key });
  return (await response.json<{ tasks: Task[] }>()).tasks;
};

describe("a task's object that is lost during a call", () => {
  it.each([
    { by: "without an Idempotency-Key", headers: {} },
    { by: "with an Idempotency-Key", headers: { "Idempotency-Key": "order-7" } },
  ])("creates one task $by", async ({ headers }) => {
    const { key } = await makeCaller();
    const { send, calls } = failing("TASKS", "accept", 2);
    const response = await send("POST", "/v1/tasks", { key, headers, body: { task: EXAMPLE_TASK } });
    expect([response.status, calls.count]).toEqual([202, 3]);
    const { id } = await response.json<Task>();
    await expect.poll(async () => (await tasksOf(key)).map((task) => task.id)).toEqual([id]);
  });

  it("returns no Idempotency-Replayed to a request without an Idempotency-Key", async () => {
    const { key } = await makeCaller();
    const response = await failing("TASKS", "accept").send("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK } });
    expect(response.headers.get("Idempotency-Replayed")).toBeNull();
  });

  it("cancels the task", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, scenario("sandbox-never"));
    const response = await failing("TASKS", "cancel").send("POST", `/v1/tasks/${id}/cancel`, { key });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: "canceled" });
  });

  it("is not called again for a claim, because the solution may have been handed out", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    const { send, calls } = failing("TASKS", "claim");
    expect((await send("POST", `/v1/tasks/${id}/claim`, { key })).status).toBe(500);
    expect(calls.count).toBe(1);
    expect((await send("POST", `/v1/tasks/${id}/claim`, { key })).status).toBe(410);
  });

  it("returns 500 after six lost calls", async () => {
    const { key } = await makeCaller();
    const { send, calls } = failing("TASKS", "accept", 1_000);
    expect((await send("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK } })).status).toBe(500);
    expect(calls.count).toBe(6);
  });

  it("is not called again after an error of its own", async () => {
    const { key } = await makeCaller();
    const { send, calls } = failing("TASKS", "accept", 1, () => new Error("an error of the object"));
    expect((await send("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK } })).status).toBe(500);
    expect(calls.count).toBe(1);
  });
});

describe("a task's object that is overloaded", () => {
  it("is not called again, and the response is 503 with Retry-After", async () => {
    const { key } = await makeCaller();
    const { send, calls } = failing("TASKS", "accept", 1, overloaded);
    const response = await send("POST", "/v1/tasks", { key, body: { task: EXAMPLE_TASK } });
    await expectProblem(response, "overloaded");
    expect(response.headers.get("retry-after")).toBe("5");
    expect(calls.count).toBe(1);
  });

  it("causes ERROR_SERVICE_UNAVAILABLE in the compatibility API", async () => {
    const { key } = await makeCaller();
    const body = { clientKey: key, task: EXAMPLE_TASK };
    const response = await failing("TASKS", "accept", 1, overloaded).send("POST", "/createTask", { body });
    await expectCompatibilityError(response, "ERROR_SERVICE_UNAVAILABLE");
  });
});

describe("a tenant's object that is lost during a call", () => {
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
    const { key } = await makeCaller({}, { scopes: ALL_SCOPES });
    const { send, calls } = failing("TENANTS", name);
    expect((await send(method, path, { key, body })).status).toBe(status);
    expect(calls.count).toBe(2);
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
    const { send, calls } = failing("TENANTS", name);
    const response = await send(method, `/admin/tenants/${id}${path}`, { key: ADMIN_TOKEN, body });
    expect(response.status).toBe(status);
    expect(calls.count).toBe(2);
  });

  it.each(["/v1/keys/{id}", "/admin/tenants/{tenant}/keys/{id}"])(
    "returns 204 for a key that the lost call revoked: DELETE %s",
    async (path) => {
      const { tenantId, key } = await makeCaller({}, { scopes: ALL_SCOPES });
      const { id } = await makeKey(tenantId);
      const { send, calls } = failing("TENANTS", "revokeKey");
      const url = path.replace("{id}", id).replace("{tenant}", tenantId);
      const response = await send("DELETE", url, { key: url.startsWith("/admin") ? ADMIN_TOKEN : key });
      expect(response.status).toBe(204);
      expect(calls.count).toBe(2);
    },
  );

  it("is called again for a key that is not in the snapshot", async () => {
    const { tenantId, key } = await makeCaller();
    await call("GET", "/v1/tasks", { key });
    const fresh = await mintKey(tenantObject(tenantId));
    const { send, calls } = failing("TENANTS", "snapshot");
    expect((await send("GET", "/v1/tasks", { key: fresh.key })).status).toBe(200);
    expect(calls.count).toBe(2);
  });

  it.each([
    { method: "POST", path: "/v1/keys", call: "createKey", body: { name: "Mine" } },
    { method: "POST", path: "/v1/webhook/rotate", call: "rotateSecret", body: {} },
  ])("is not called again for $method $path, which is not idempotent", async ({ method, path, call: name, body }) => {
    const { key } = await makeCaller({}, { scopes: ALL_SCOPES });
    const { send, calls } = failing("TENANTS", name);
    expect((await send(method, path, { key, body })).status).toBe(500);
    expect(calls.count).toBe(1);
  });
});
