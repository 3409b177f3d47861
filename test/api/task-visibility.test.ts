// Only keys with tasks:read see solutions.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import type { Task } from "../../src/tasks/present.ts";
import { call, makeCaller, makeKey, read, scenario, solve } from "../support/gateway.ts";

afterEach(reset);

const WRITER = { scopes: ["tasks:write"] };
const INSTANT = scenario("sandbox-instant");

/** A solved task with an idempotency key, and a key of the same tenant with only tasks:write. */
async function solvedTask() {
  const { tenantId, key } = await makeCaller();
  const headers = { "idempotency-key": "order-1042", prefer: "wait=20" };
  const create = (by: string) => call("POST", "/v1/tasks", { key: by, body: { task: INSTANT }, headers });
  const { id, solution } = await (await create(key)).json<Task>();
  expect(solution?.gRecaptchaResponse).toMatch(/^sandbox\./);
  const writer = (await makeKey(tenantId, WRITER)).key;
  return { id, writer, reader: key, create };
}

describe("a key without tasks:read", () => {
  it("gets the task without its solution from a creation that waits", async () => {
    const { key } = await makeCaller({}, WRITER);
    const response = await call("POST", "/v1/tasks", { key, body: { task: INSTANT }, headers: { prefer: "wait=20" } });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: "ready", solutionState: "available", solution: null });
  });

  it("gets the task without its solution from a replay", async () => {
    const { writer, create } = await solvedTask();
    const response = await create(writer);
    expect(response.headers.get("idempotency-replayed")).toBe("true");
    expect(await response.json()).toMatchObject({ status: "ready", solutionState: "available", solution: null });
  });

  it("gets the task without its solution from a redelivery", async () => {
    const { tenantId, key } = await makeCaller();
    const { id } = await solve(key, { webhookUrl: "https://hooks.invalid/" });
    const writer = (await makeKey(tenantId, WRITER)).key;
    const response = await call("POST", `/v1/tasks/${id}/redeliver`, { key: writer });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ solutionState: "available", solution: null });
  });

  it("does not change the solution for keys that may read it", async () => {
    const { id, writer, reader, create } = await solvedTask();
    await create(writer);
    expect((await read(reader, id)).solution?.gRecaptchaResponse).toMatch(/^sandbox\./);
  });
});
