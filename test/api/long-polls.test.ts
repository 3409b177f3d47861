// Long polls whose key is revoked during the wait, and long polls on a task that has too many of them.

import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { TaskObject } from "../../src/tasks/object.ts";
import type { Task } from "../../src/tasks/present.ts";
import type { AcceptRequest, LongPollResult } from "../../src/tasks/rpc.ts";
import { expectProblem } from "../support/answers.ts";
import { admin, call, callWith, makeCaller, makeKey, scenario, submit } from "../support/gateway.ts";
import { eventually, freezeTime, hastenTimers, pass, releaseTime } from "../support/time.ts";

afterEach(async () => {
  vi.restoreAllMocks();
  releaseTime();
  await reset();
});

const ENDLESS = scenario("sandbox-never");

describe("a long poll whose key is revoked during the wait", () => {
  it("returns 401 when the task is finished", async () => {
    const { tenantId, key } = await makeCaller();
    const waiting = await makeKey(tenantId);
    const { id } = await submit(key, ENDLESS);
    freezeTime(Date.now());
    const poll = call("GET", `/v1/tasks/${id}`, { key: waiting.key, headers: { prefer: "wait=60" } });
    const task = env.TASKS.get(env.TASKS.idFromString(id.slice("tsk_".length)));
    await eventually(() => runInDurableObject<TaskObject, boolean>(task, ({ state }) => state.subscribers.count === 1));
    await admin("DELETE", `/admin/tenants/${tenantId}/keys/${waiting.id}`);
    // No isolate has the key in its cache after this time.
    pass(31_000);
    await call("POST", `/v1/tasks/${id}/cancel`, { key });
    await expectProblem(await poll, "unauthenticated");
  });

  it("returns 401 when its time is over", async () => {
    const { tenantId, key } = await makeCaller();
    const waiting = await makeKey(tenantId);
    const { id } = await submit(key, ENDLESS);
    const poll = call("GET", `/v1/tasks/${id}`, { key: waiting.key, headers: { prefer: "wait=1" } });
    await admin("DELETE", `/admin/tenants/${tenantId}/keys/${waiting.id}`);
    await expectProblem(await poll, "unauthenticated");
  });
});

describe("a creation with Prefer: wait whose wait fails", () => {
  const options = (key: string) => ({
    key,
    body: { task: scenario("sandbox-instant") },
    headers: { prefer: "wait=60", "idempotency-key": "order-1042" },
  });

  it("returns 202 with Location and the task without its solution when the key was revoked", async () => {
    const { tenantId, key } = await makeCaller();
    const creating = await makeKey(tenantId);
    const ready = await (await call("POST", "/v1/tasks", options(key))).json<Task>();
    expect(ready.solution).not.toBeNull();
    const TASKS = {
      idFromName: (name: string) => env.TASKS.idFromName(name),
      idFromString: (hex: string) => env.TASKS.idFromString(hex),
      get: (taskId: DurableObjectId) => ({
        accept: (request: AcceptRequest) => env.TASKS.get(taskId).accept(request),
        longPoll: async () => {
          await admin("DELETE", `/admin/tenants/${tenantId}/keys/${creating.id}`);
          return { task: ready, full: false };
        },
      }),
    };
    const response = await callWith({ TASKS }, "POST", "/v1/tasks", options(creating.key));
    expect(response.status).toBe(202);
    expect(response.headers.get("location")).toBe(`/v1/tasks/${ready.id}`);
    expect(await response.json()).toMatchObject({ id: ready.id, status: "ready", solution: null });
  });

  it.each([
    ["fails", () => Promise.reject(new Error("internal-detail-0451"))],
    ["no longer finds the task", () => Promise.resolve(null)],
  ])("returns 202 with Location and the accepted task when the object %s", async (_what, longPoll) => {
    const { key } = await makeCaller();
    const TASKS = {
      idFromName: (name: string) => env.TASKS.idFromName(name),
      idFromString: (hex: string) => env.TASKS.idFromString(hex),
      get: (taskId: DurableObjectId) => ({
        accept: (request: AcceptRequest) => env.TASKS.get(taskId).accept(request),
        longPoll,
      }),
    };
    const response = await callWith({ TASKS }, "POST", "/v1/tasks", options(key));
    const task = await response.json<Task>();
    expect(response.status).toBe(202);
    expect(response.headers.get("location")).toBe(`/v1/tasks/${task.id}`);
    expect(task).toMatchObject({ status: "queued", solution: null });
  });
});

describe("a long poll on a task with too many long polls", () => {
  it("reads the task every 3 s until it is final", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    const task = await (await call("POST", `/v1/tasks/${id}/cancel`, { key })).json();
    const results = [
      { task: { ...Object(task), status: "processing" }, full: true },
      { task: { ...Object(task), status: "processing" }, full: true },
      { task, full: false },
    ];
    const reads: number[] = [];
    const longPoll = async (_ref: object, waitMs: number): Promise<LongPollResult | undefined> => {
      reads.push(waitMs);
      return results[reads.length - 1];
    };
    const TASKS = { idFromString: (hex: string) => hex, get: () => ({ longPoll }) };
    const pauses = hastenTimers(1_000);
    const response = await callWith({ TASKS }, "GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=60" } });
    expect(await response.json()).toMatchObject({ id, status: "canceled" });
    expect(reads).toHaveLength(3);
    expect(pauses).toEqual([3_000, 3_000]);
  });

  it("reads the task once more when its time is over", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    const task = await (await call("GET", `/v1/tasks/${id}`, { key })).json();
    let reads = 0;
    const longPoll = async () => {
      reads += 1;
      return { task, full: true };
    };
    const TASKS = { idFromString: (hex: string) => hex, get: () => ({ longPoll }) };
    const response = await callWith({ TASKS }, "GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=1" } });
    expect(response.status).toBe(200);
    expect(reads).toBe(2);
  });
});
