// The numbers of tasks in the compatibility API, and the ids of v1 that it accepts too.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Task } from "../../src/tasks/present.ts";
import { expectCompatibilityError } from "../support/answers.ts";
import { createdId, getTaskResult, taskOf } from "../support/compatibility.ts";
import { call, makeCaller, makeKey, read, scenario } from "../support/gateway.ts";

afterEach(reset);

const ENDLESS = scenario("sandbox-never");

interface Created {
  readonly taskId: number;
}

describe("a task number of the compatibility API", () => {
  it("names the same task as its digits and as the id of v1", async () => {
    const { key } = await makeCaller();
    const number = await createdId(key);
    const { id, compatTaskId } = await taskOf(key, number);
    expect(compatTaskId).toBe(number);
    for (const taskId of [number, String(number), id]) {
      expect(await (await getTaskResult(key, taskId)).json()).toMatchObject({ errorId: 0, status: "processing" });
    }
  });

  it("is given to a v1 task when createTask repeats its idempotency key", async () => {
    const { key } = await makeCaller();
    const headers = { "idempotency-key": "order-1" };
    const first = await call("POST", "/v1/tasks", { key, body: { task: ENDLESS }, headers });
    const { id, compatTaskId } = await first.json<Task>();
    expect(compatTaskId).toBeNull();
    const repeat = await call("POST", "/createTask", { body: { clientKey: key, task: ENDLESS }, headers });
    expect(repeat.headers.get("idempotency-replayed")).toBe("true");
    const { taskId } = await repeat.json<Created>();
    expect((await read(key, id)).compatTaskId).toBe(taskId);
    expect(await (await getTaskResult(key, taskId)).json()).toMatchObject({ errorId: 0, status: "processing" });
  });

  it("is the same for concurrent requests with one idempotency key", async () => {
    const { key } = await makeCaller();
    const options = { body: { clientKey: key, task: ENDLESS }, headers: { "idempotency-key": "order-2" } };
    const answers = await Promise.all(Array.from({ length: 8 }, () => call("POST", "/createTask", options)));
    const ids = await Promise.all(answers.map(async (answer) => (await answer.json<Created>()).taskId));
    expect(new Set(ids).size).toBe(1);
    expect(await (await getTaskResult(key, ids[0])).json()).toMatchObject({ errorId: 0, status: "processing" });
  });

  it("is not used for a second task", async () => {
    const { key } = await makeCaller();
    const draws = [7, 7, 8, 8, 9];
    vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
      if (array instanceof Uint32Array) array[0] = draws.shift() ?? 0;
      return array;
    });
    const first = await createdId(key);
    const second = await createdId(key);
    const headers = { "idempotency-key": "order-3" };
    const third = await call("POST", "/createTask", { body: { clientKey: key, task: ENDLESS }, headers });
    expect([first, second, (await third.json<Created>()).taskId]).toEqual([7, 8, 9]);
    vi.restoreAllMocks();
    const tasks = await Promise.all([7, 8, 9].map((number) => taskOf(key, number)));
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(3);
  });

  it("of another tenant or mode is not found, and neither is an invalid one", async () => {
    const { tenantId, key } = await makeCaller();
    const number = await createdId(key);
    const other = await makeCaller();
    const live = await makeKey(tenantId, { mode: "live" });
    const { id } = await taskOf(key, number);
    for (const clientKey of [other.key, live.key]) {
      for (const taskId of [number, id])
        await expectCompatibilityError(await getTaskResult(clientKey, taskId), "ERROR_NO_SUCH_CAPCHA_ID");
    }
    for (const taskId of [0, -1, 1.5, 2_147_483_648, "0", "01", " 1", "1e3", "", true, null, {}, ["1"]]) {
      await expectCompatibilityError(await getTaskResult(key, taskId), "ERROR_NO_SUCH_CAPCHA_ID");
    }
  });

  it("is valid for every key of the tenant and mode", async () => {
    const { tenantId, key } = await makeCaller();
    const other = await makeKey(tenantId);
    expect(await (await getTaskResult(other.key, await createdId(key))).json()).toMatchObject({ errorId: 0 });
  });
});
