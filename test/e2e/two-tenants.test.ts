// Two tenants on one gateway, over real HTTP: neither sees, starves or outspends the other, and the operator steers by the API alone.

import { beforeAll, describe, expect, it } from "vitest";
import type { Task } from "../../src/tasks/present.ts";
import { sharedGateway } from "./shared-gateway.ts";
import type { Target } from "./support.ts";
import { ask, askAdmin, awaitTask, EXAMPLE_TASK, makeKey, makeTenant } from "./support.ts";

let gateway: Target;
const keys = { acme: "", globex: "" };

beforeAll(async () => {
  gateway = await sharedGateway();
  for (const id of ["acme", "globex"] as const) {
    await makeTenant(gateway, id);
    keys[id] = await makeKey(gateway, id, "live");
  }
});

async function submit(token: string, websiteKey: string): Promise<string> {
  const body = { task: { ...EXAMPLE_TASK, websiteKey } };
  const answer = await ask(gateway, "POST", "/v1/tasks", { token, body });
  expect(answer.status).toBe(202);
  return (answer.body as Task).id;
}

describe("a tenant that fills its slots", () => {
  it("waits in its own queue, in order, while the other is solved at once", async () => {
    await askAdmin(gateway, "PATCH", "/admin/tenants/acme", { limits: { maxInFlight: 1 } });
    const flood = [];
    for (let index = 0; index < 3; index += 1) flood.push(await submit(keys.acme, "sandbox-delay-1000"));
    const other = await awaitTask(gateway, keys.globex, await submit(keys.globex, "sandbox-delay-1000"));
    expect(other).toMatchObject({ status: "ready", polls: 1 });

    const tasks = [];
    for (const id of flood) tasks.push(await awaitTask(gateway, keys.acme, id));
    const submitted = tasks.map(({ submittedAt }) => Date.parse(submittedAt ?? ""));
    const finished = tasks.map(({ finishedAt }) => Date.parse(finishedAt ?? ""));
    expect(tasks.map(({ status }) => status)).toEqual(["ready", "ready", "ready"]);
    for (const [index, at] of submitted.slice(1).entries()) expect(at).toBeGreaterThanOrEqual(finished[index] ?? 0);
  });
});

describe("a tenant's ledger", () => {
  it("lists and counts its own tasks and nobody else's", async () => {
    const reader = async (tenant: "acme" | "globex") => {
      const scopes = ["tasks:read", "account:read"];
      const made = await askAdmin(gateway, "POST", `/admin/tenants/${tenant}/keys`, {
        name: "r",
        mode: "live",
        scopes,
      });
      const token = (made.body as { key: string }).key;
      const list = await ask(gateway, "GET", "/v1/tasks", { token });
      const usage = await ask(gateway, "GET", "/v1/usage", { token });
      const { tasks } = list.body as { tasks: { status: string; solveMs: number | null }[] };
      const { days } = usage.body as { days: { ready: number; submitted: number }[] };
      expect(tasks.every(({ status, solveMs }) => status === "ready" && solveMs !== null)).toBe(true);
      expect(days.reduce((sum, { ready }) => sum + ready, 0)).toBe(tasks.length);
      return tasks.length;
    };
    expect(await reader("acme")).toBe(3);
    expect(await reader("globex")).toBe(1);
  });
});

describe("a tenant's task", () => {
  it("does not exist for the other, whatever is asked of it", async () => {
    const id = await submit(keys.acme, "sandbox-instant");
    const token = keys.globex;
    for (const [method, path] of [
      ["GET", `/v1/tasks/${id}`],
      ["GET", `/v1/tasks/${id}/events`],
      ["POST", `/v1/tasks/${id}/cancel`],
      ["POST", `/v1/tasks/${id}/claim`],
      ["POST", `/v1/tasks/${id}/redeliver`],
    ] as const) {
      const answer = await ask(gateway, method, path, { token });
      expect(answer).toMatchObject({ status: 404, body: { code: "not_found" } });
    }
  });
});

describe("the operator", () => {
  it("suspends one tenant, and the other goes on", async () => {
    await askAdmin(gateway, "PATCH", "/admin/tenants/acme", { suspended: true });
    const body = { task: EXAMPLE_TASK };
    const refused = await ask(gateway, "POST", "/v1/tasks", { token: keys.acme, body });
    expect(refused).toMatchObject({ status: 403, body: { code: "tenant_suspended" } });
    expect((await ask(gateway, "GET", "/v1/tasks", { token: keys.acme })).status).toBe(200);
    await submit(keys.globex, "sandbox-instant");
  });

  it("deletes one, whose keys are dead, and the other goes on", async () => {
    expect((await askAdmin(gateway, "DELETE", "/admin/tenants/acme")).status).toBe(204);
    const dead = await ask(gateway, "GET", "/v1/tasks", { token: keys.acme });
    expect(dead).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
    await submit(keys.globex, "sandbox-instant");
  });
});
