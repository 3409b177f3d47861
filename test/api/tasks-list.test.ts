// GET /v1/tasks: newest first, by pages that nothing moves, each task as its own object has it.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { expectInvalid } from "../support/answers.ts";
import { call, finished, makeCaller, makeKey, scenario, submit } from "../support/gateway.ts";

afterEach(reset);

interface Page {
  readonly tasks: {
    readonly id: string;
    readonly status: string;
    readonly solveMs: number | null;
    readonly website: string;
  }[];
  readonly nextCursor: string | null;
}

async function list(key: string, query = ""): Promise<Page> {
  const answer = await call("GET", `/v1/tasks${query}`, { key });
  expect(answer.status).toBe(200);
  return answer.json();
}

/** A task that is finished, and that the ledger has. */
async function settled(key: string, websiteKey: string): Promise<string> {
  const { id } = await submit(key, scenario(websiteKey));
  await finished(key, id);
  await expect.poll(async () => (await list(key)).tasks.find((task) => task.id === id)?.status).not.toBe("processing");
  return id;
}

describe("the list", () => {
  it("shows a task as the task itself says it is, from queued to its end", async () => {
    const { key } = await makeCaller({ limits: { maxInFlight: 1 } });
    const running = await submit(key, scenario("sandbox-never"));
    await expect.poll(async () => (await list(key)).tasks.map(({ status }) => status)).toEqual(["processing"]);
    const waiting = await submit(key, scenario("sandbox-instant"));
    await expect.poll(async () => (await list(key)).tasks.length).toBe(2);

    expect((await list(key)).tasks.map(({ id, status }) => [id, status])).toEqual([
      [waiting.id, "queued"],
      [running.id, "processing"],
    ]);
    expect((await list(key, "?status=queued")).tasks.map(({ id }) => id)).toEqual([waiting.id]);
    expect((await list(key, "?status=processing")).tasks.map(({ id }) => id)).toEqual([running.id]);
    expect((await list(key, "?status=ready")).tasks).toEqual([]);

    await call("POST", `/v1/tasks/${running.id}/cancel`, { key });
    await finished(key, waiting.id);
    expect((await list(key)).tasks.map(({ status }) => status)).toEqual(["ready", "canceled"]);
    expect((await list(key, "?status=canceled")).tasks.map(({ id }) => id)).toEqual([running.id]);
  });

  it("comes in pages, newest first, without gap or repeat, whatever comes in meanwhile", async () => {
    const { key } = await makeCaller();
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.unshift(await settled(key, "sandbox-instant"));
    const first = await list(key, "?limit=2");
    await settled(key, "sandbox-instant");
    const second = await list(key, `?limit=2&cursor=${first.nextCursor}`);
    const third = await list(key, `?limit=2&cursor=${second.nextCursor}`);
    expect([first, second, third].flatMap(({ tasks }) => tasks.map(({ id }) => id))).toEqual(ids);
    expect(third.nextCursor).toBeNull();
    expect(first.tasks[0]).toMatchObject({ website: "antcpt.com", solveMs: expect.any(Number) });
  });

  it("is that of the key's mode, and its cursors fit no other", async () => {
    const { tenantId, key } = await makeCaller();
    for (let index = 0; index < 2; index += 1) await settled(key, "sandbox-instant");
    const { key: live } = await makeKey(tenantId, { mode: "live" });
    expect((await list(live)).tasks).toEqual([]);
    const { nextCursor } = await list(key, "?limit=1");
    await expectInvalid(await call("GET", `/v1/tasks?cursor=${nextCursor}`, { key: live }), "cursor");
  });

  it.each(["0", "101", "-1", "x", "1.5", ""])("has 1 to 100 tasks a page: not %j", async (limit) => {
    const { key } = await makeCaller();
    await expectInvalid(await call("GET", `/v1/tasks?limit=${limit}`, { key }), "limit");
  });

  it.each(["done", "READY", ""])("knows the five statuses: not %j", async (status) => {
    const { key } = await makeCaller();
    await expectInvalid(await call("GET", `/v1/tasks?status=${status}`, { key }), "status");
  });
});

describe("usage", () => {
  it("counts each task once, by the day of its creation", async () => {
    const { tenantId, key } = await makeCaller();
    await settled(key, "sandbox-instant");
    await settled(key, "sandbox-reject-ERROR_BAD_REQUEST");
    const { key: reader } = await makeKey(tenantId, { scopes: ["account:read"] });
    const answer = await call("GET", "/v1/usage", { key: reader });
    const { days } = await answer.json<{ days: Record<string, unknown>[] }>();
    expect(days).toHaveLength(30);
    expect(days.at(-1)).toEqual({
      day: new Date().toISOString().slice(0, 10),
      submitted: 2,
      ready: 1,
      failed: { upstream_rejected: 1 },
      canceled: 0,
      solveMs: { p50: expect.any(Number), p95: expect.any(Number) },
    });
    expect(days[0]).toMatchObject({ submitted: 0, failed: {}, solveMs: { p50: null, p95: null } });
  });

  it.each(["?from=2026-02-30", "?from=2026-11-24&to=2026-11-23", "?from=2020-01-01&to=2026-01-01", "?to=today"])(
    "takes days that exist, in order, at most a year: not %s",
    async (query) => {
      const { key } = await makeCaller({}, { scopes: ["account:read"] });
      expect((await call("GET", `/v1/usage${query}`, { key })).status).toBe(400);
    },
  );
});
