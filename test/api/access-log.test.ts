// The access log: its fields, and that it never contains what a caller put in a path by mistake.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { call, makeCaller, scenario, submit } from "../support/gateway.ts";

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

/** The `request` lines logged while `work` runs. */
async function requestsLoggedBy(work: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(JSON.parse(line)));
  await work();
  return lines.filter(({ event }) => event === "request");
}

describe("the access log", () => {
  it("contains the route's pattern, the tenant and the id of the task", async () => {
    const { tenantId, key } = await makeCaller();
    const { id } = await submit(key, scenario("sandbox-never"));
    expect(await requestsLoggedBy(() => call("GET", `/v1/tasks/${id}`, { key }))).toMatchObject([
      { method: "GET", route: "/v1/tasks/:id", status: 200, tenantId, mode: "test", taskId: id },
    ]);
  });

  it("contains the id of a task that the request created, in both APIs", async () => {
    const { key } = await makeCaller();
    let created = "";
    let number = 0;
    const [first, second] = await requestsLoggedBy(async () => {
      created = (await submit(key, scenario("sandbox-never"))).id;
      const response = await call("POST", "/createTask", { body: { clientKey: key, task: scenario("sandbox-never") } });
      number = ((await response.json()) as { taskId: number }).taskId;
    });
    expect(first).toMatchObject({ route: "/v1/tasks", taskId: created });
    const task = await call("GET", `/v1/tasks/${String(second?.taskId)}`, { key });
    expect(await task.json()).toMatchObject({ id: second?.taskId, compatTaskId: number });
  });

  it.each([
    ["DELETE", "/v1/keys/"],
    ["GET", "/v1/tasks/"],
    ["GET", "/v1/tasks/tsk_"],
    ["GET", "/v1/unknown/"],
  ])("does not contain an API key in the path of %s %s", async (method, path) => {
    const { key } = await makeCaller();
    const lines = await requestsLoggedBy(() => call(method, path + key, { key }));
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toContain(key);
  });
});
