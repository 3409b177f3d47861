// Two tenants on one gateway, over HTTP: neither can see the other's tasks, delay them or use its quota, and the operator manages both by
// the API alone.

import { beforeAll, expect, it } from "vitest";
import type { Task } from "../../src/tasks/present.ts";
import { sharedGateway } from "./shared-gateway.ts";
import type { Target } from "./support.ts";
import { ask, askAdmin, awaitTask, createKey, createTenant, EXAMPLE_TASK } from "./support.ts";

let gateway: Target;
beforeAll(async () => {
  gateway = await sharedGateway();
});

interface TestTenant {
  readonly id: string;
  /** A live key. */
  readonly key: string;
}

/** Two new tenants. */
async function twoTenants(): Promise<[TestTenant, TestTenant]> {
  const create = async (name: string) => {
    const id = `${name}-${crypto.randomUUID().slice(0, 8)}`;
    await createTenant(gateway, id);
    return { id, key: await createKey(gateway, id, "live") };
  };
  return [await create("acme"), await create("globex")];
}

async function submit({ key }: TestTenant, websiteKey: string): Promise<string> {
  const body = { task: { ...EXAMPLE_TASK, websiteKey } };
  const response = await ask(gateway, "POST", "/v1/tasks", { token: key, body });
  expect(response.status).toBe(202);
  return (response.body as Task).id;
}

it("a tenant that uses all its slots queues its own tasks in order, and the other's task is solved at once", async () => {
  const [acme, globex] = await twoTenants();
  await askAdmin(gateway, "PATCH", `/admin/tenants/${acme.id}`, { limits: { maxInFlight: 1 } });
  const ids: string[] = [];
  for (let index = 0; index < 3; index += 1) ids.push(await submit(acme, "sandbox-delay-1000"));
  const other = await awaitTask(gateway, globex.key, await submit(globex, "sandbox-delay-1000"));
  expect(other).toMatchObject({ status: "ready", polls: 1 });

  const tasks: Task[] = [];
  for (const id of ids) tasks.push(await awaitTask(gateway, acme.key, id));
  const submitted = tasks.map(({ submittedAt }) => Date.parse(submittedAt ?? ""));
  const finished = tasks.map(({ finishedAt }) => Date.parse(finishedAt ?? ""));
  expect(tasks.map(({ status }) => status)).toEqual(["ready", "ready", "ready"]);
  for (const [index, at] of submitted.slice(1).entries()) expect(at).toBeGreaterThanOrEqual(finished[index] ?? 0);
});

it("a tenant's list and usage contain exactly its own tasks", async () => {
  const [acme, globex] = await twoTenants();
  const counts = [
    [acme, 2],
    [globex, 1],
  ] as const;
  for (const [tenant, count] of counts)
    for (let index = 0; index < count; index += 1) await submit(tenant, "sandbox-instant");
  for (const [{ id }, count] of counts) {
    const token = await createKey(gateway, id, "live", ["tasks:read", "account:read"]);
    const ledger = async () => {
      const { tasks } = (await ask(gateway, "GET", "/v1/tasks", { token })).body as { tasks: { solveMs: number }[] };
      const { days } = (await ask(gateway, "GET", "/v1/usage", { token })).body as { days: { ready: number }[] };
      return {
        solved: tasks.filter(({ solveMs }) => solveMs !== null).length,
        usage: days.reduce((sum, { ready }) => sum + ready, 0),
      };
    };
    await expect.poll(ledger).toEqual({ solved: count, usage: count });
  }
});

it("every request for another tenant's task returns 404", async () => {
  const [acme, globex] = await twoTenants();
  const id = await submit(acme, "sandbox-instant");
  for (const [method, path] of [
    ["GET", `/v1/tasks/${id}`],
    ["GET", `/v1/tasks/${id}/events`],
    ["POST", `/v1/tasks/${id}/cancel`],
    ["POST", `/v1/tasks/${id}/claim`],
    ["POST", `/v1/tasks/${id}/redeliver`],
  ] as const) {
    const response = await ask(gateway, method, path, { token: globex.key });
    expect(response).toMatchObject({ status: 404, body: { code: "not_found" } });
  }
});

it("a suspended and then deleted tenant loses access, and the other is not affected", async () => {
  const [acme, globex] = await twoTenants();
  await askAdmin(gateway, "PATCH", `/admin/tenants/${acme.id}`, { suspended: true });
  const rejected = await ask(gateway, "POST", "/v1/tasks", { token: acme.key, body: { task: EXAMPLE_TASK } });
  expect(rejected).toMatchObject({ status: 403, body: { code: "tenant_suspended" } });
  expect((await ask(gateway, "GET", "/v1/tasks", { token: acme.key })).status).toBe(200);
  await submit(globex, "sandbox-instant");

  expect((await askAdmin(gateway, "DELETE", `/admin/tenants/${acme.id}`)).status).toBe(204);
  const deleted = await ask(gateway, "GET", "/v1/tasks", { token: acme.key });
  expect(deleted).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
  await submit(globex, "sandbox-instant");
});
