// Calls whose object is lost in the middle: a task is made once, canceled or told of again, and the caller notices nothing. A claim is
// not asked for twice.

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { createApp } from "../../src/app.ts";
import type { Task } from "../../src/tasks/present.ts";
import { call, makeCaller, requestOf, SEED_TASK, scenario, submit } from "../support/gateway.ts";

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
    const answer = await ask("POST", "/v1/tasks", { key, headers, body: { task: SEED_TASK } });
    expect([answer.status, asked.accept]).toEqual([202, 3]);
    const { id } = await answer.json<Task>();
    await expect.poll(async () => (await tasksOf(key)).map((task) => task.id)).toEqual([id]);
  });

  it("is no replay to a caller who gave no key", async () => {
    const { key } = await makeCaller();
    const answer = await gatewayThatLoses("accept", 1).ask("POST", "/v1/tasks", { key, body: { task: SEED_TASK } });
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
    expect((await ask("POST", "/v1/tasks", { key, body: { task: SEED_TASK } })).status).toBe(500);
    expect(asked.accept).toBe(6);
  });

  it("is not what an object's own fault is: that is not asked again", async () => {
    const { key } = await makeCaller();
    const { ask, asked } = gatewayThatLoses("accept", 1, () => new Error("a fault of the object"));
    expect((await ask("POST", "/v1/tasks", { key, body: { task: SEED_TASK } })).status).toBe(500);
    expect(asked.accept).toBe(1);
  });
});
