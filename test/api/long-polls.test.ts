// Long polls over the wire: a key that ends during the wait, and a task that holds no more of them.

import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { TaskObject } from "../../src/tasks/object.ts";
import type { LongPollResult } from "../../src/tasks/rpc.ts";
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
  it("is answered with 401 when it is released", async () => {
    const { tenantId, key } = await makeCaller();
    const waiting = await makeKey(tenantId);
    const { id } = await submit(key, ENDLESS);
    freezeTime(Date.now());
    const poll = call("GET", `/v1/tasks/${id}`, { key: waiting.key, headers: { prefer: "wait=60" } });
    const task = env.TASKS.get(env.TASKS.idFromString(id.slice("tsk_".length)));
    await eventually(() => runInDurableObject<TaskObject, boolean>(task, ({ state }) => state.subscribers.count === 1));
    await admin("DELETE", `/admin/tenants/${tenantId}/keys/${waiting.id}`);
    // Every isolate has forgotten the key after this time.
    pass(31_000);
    await call("POST", `/v1/tasks/${id}/cancel`, { key });
    await expectProblem(await poll, "unauthenticated");
  });

  it("is answered with 401 when its time is over", async () => {
    const { tenantId, key } = await makeCaller();
    const waiting = await makeKey(tenantId);
    const { id } = await submit(key, ENDLESS);
    const poll = call("GET", `/v1/tasks/${id}`, { key: waiting.key, headers: { prefer: "wait=1" } });
    await admin("DELETE", `/admin/tenants/${tenantId}/keys/${waiting.id}`);
    await expectProblem(await poll, "unauthenticated");
  });
});

describe("a long poll on a task that holds no more of them", () => {
  it("looks again every 3 s until the task is final", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    const task = await (await call("POST", `/v1/tasks/${id}/cancel`, { key })).json();
    const results = [
      { task: { ...Object(task), status: "processing" }, full: true },
      { task: { ...Object(task), status: "processing" }, full: true },
      { task, full: false },
    ];
    const looks: number[] = [];
    const longPoll = async (_ref: object, waitMs: number): Promise<LongPollResult | undefined> => {
      looks.push(waitMs);
      return results[looks.length - 1];
    };
    const TASKS = { idFromString: (hex: string) => hex, get: () => ({ longPoll }) };
    const pauses = hastenTimers(1_000);
    const response = await callWith({ TASKS }, "GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=60" } });
    expect(await response.json()).toMatchObject({ id, status: "canceled" });
    expect(looks).toHaveLength(3);
    expect(pauses).toEqual([3_000, 3_000]);
  });

  it("looks a last time when its time is over", async () => {
    const { key } = await makeCaller();
    const { id } = await submit(key, ENDLESS);
    const task = await (await call("GET", `/v1/tasks/${id}`, { key })).json();
    let looks = 0;
    const longPoll = async () => {
      looks += 1;
      return { task, full: true };
    };
    const TASKS = { idFromString: (hex: string) => hex, get: () => ({ longPoll }) };
    const response = await callWith({ TASKS }, "GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=1" } });
    expect(response.status).toBe(200);
    expect(looks).toBe(2);
  });
});
