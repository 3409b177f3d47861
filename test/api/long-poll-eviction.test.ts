// A long poll whose object is evicted: the Worker calls the object again, and the caller sees no error.

import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { call, makeCaller, scenario, submit } from "../support/gateway.ts";

afterEach(reset);

it.each([1, 2])("a long poll returns the finished task although its object was evicted %i times", async (evictions) => {
  const { key } = await makeCaller();
  const { id } = await submit(key, scenario("sandbox-delay-1000"));
  const stub = env.TASKS.get(env.TASKS.idFromString(id.replace("tsk_", "")));
  const poll = call("GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=20" } });
  for (let eviction = 0; eviction < evictions; eviction += 1) {
    await expect.poll(async () => (await call("GET", `/v1/tasks/${id}`, { key })).status).toBe(200);
    await runInDurableObject(stub, (_object, state) => state.abort("an eviction of the tests")).catch(() => null);
  }
  const response = await poll;
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ status: "ready" });
});
