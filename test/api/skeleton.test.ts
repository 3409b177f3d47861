import { expect, it } from "vitest";
import { call, makeCaller, SEED_TASK } from "../support/gateway.ts";

it("a task goes in, a result comes out", async () => {
  const { key } = await makeCaller();
  const accepted = await call("POST", "/v1/tasks", {
    key,
    body: { task: SEED_TASK },
    headers: { prefer: "wait=20" },
  });
  const task = await accepted.json();
  console.log(JSON.stringify(task, null, 1), JSON.stringify([...accepted.headers]));
  expect(accepted.status).toBe(200);
}, 30000);
