// A long poll whose object is evicted: the Worker repeats the call, and the caller sees no error.

import { reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { call, makeCaller, scenario, submit } from "../support/gateway.ts";

afterEach(reset);

it.each([1, 2])("is answered with the task's end, though its object died %i times", async (deaths) => {
  const { key } = await makeCaller();
  const { id } = await submit(key, scenario("sandbox-delay-1000"));
  const stub = env.TASKS.get(env.TASKS.idFromString(id.replace("tsk_", "")));
  const held = call("GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=20" } });
  for (let death = 0; death < deaths; death += 1) {
    await expect.poll(async () => (await call("GET", `/v1/tasks/${id}`, { key })).status).toBe(200);
    await runInDurableObject(stub, (_object, state) => state.abort("a death of the tests")).catch(() => null);
  }
  const answer = await held;
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ status: "ready" });
});
