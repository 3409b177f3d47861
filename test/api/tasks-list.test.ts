// GET /v1/tasks: filters, pages and cursors, and the current status of unfinished tasks.

import { reset, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { aTime, expectInvalid } from "../support/answers.ts";
import { call, callWith, finished, makeCaller, makeKey, read, scenario, submit } from "../support/gateway.ts";
import { ledgerTask } from "../support/ledger.ts";
import { HOOK } from "../support/records.ts";
import { aRequest, tenantObject } from "../support/tenants.ts";

afterEach(reset);

interface Page {
  readonly tasks: {
    readonly id: string;
    readonly status: string;
    readonly solveMs: number | null;
    readonly website: string;
    readonly webhookState: string | null;
  }[];
  readonly nextCursor: string | null;
}

async function list(key: string, query = ""): Promise<Page> {
  const answer = await call("GET", `/v1/tasks${query}`, { key });
  expect(answer.status).toBe(200);
  return answer.json();
}

/** A task that is finished in the ledger too. */
async function finishedTask(key: string, websiteKey: string): Promise<string> {
  const { id } = await submit(key, scenario(websiteKey));
  await finished(key, id);
  await expect.poll(async () => (await list(key)).tasks.find((task) => task.id === id)?.status).not.toBe("processing");
  return id;
}

describe("GET /v1/tasks", () => {
  it("returns the current status of each task, from queued to its end", async () => {
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

  it("returns each task once over all pages, newest first, while new tasks are created", async () => {
    const { key } = await makeCaller();
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.unshift(await finishedTask(key, "sandbox-instant"));
    const first = await list(key, "?limit=2");
    await finishedTask(key, "sandbox-instant");
    const second = await list(key, `?limit=2&cursor=${first.nextCursor}`);
    const third = await list(key, `?limit=2&cursor=${second.nextCursor}`);
    expect([first, second, third].flatMap(({ tasks }) => tasks.map(({ id }) => id))).toEqual(ids);
    expect(third.nextCursor).toBeNull();
    expect(first.tasks[0]).toMatchObject({ website: "antcpt.com", solveMs: expect.any(Number) });
  });

  it("lists only tasks of the key's mode, and rejects a cursor of the other mode", async () => {
    const { tenantId, key } = await makeCaller();
    for (let index = 0; index < 2; index += 1) await finishedTask(key, "sandbox-instant");
    const { key: live } = await makeKey(tenantId, { mode: "live" });
    expect((await list(live)).tasks).toEqual([]);
    const { nextCursor } = await list(key, "?limit=1");
    await expectInvalid(await call("GET", `/v1/tasks?cursor=${nextCursor}`, { key: live }), "cursor");
  });

  it.each(["0", "101", "x", ""])("returns 400 for the limit %j", async (limit) => {
    const { key } = await makeCaller();
    await expectInvalid(await call("GET", `/v1/tasks?limit=${limit}`, { key }), "limit");
  });

  it.each(["done", "READY", ""])("returns 400 for the status %j", async (status) => {
    const { key } = await makeCaller();
    await expectInvalid(await call("GET", `/v1/tasks?status=${status}`, { key }), "status");
  });

  it.each([
    ["reference", ""],
    ["reference", "x".repeat(65)],
    ["website", ""],
    ["website", "*.shop.example"],
    ["website", "https://shop.example/"],
    ["website", "shop..example"],
    ["webhookState", "failed"],
    ["createdAfter", "yesterday"],
    ["createdBefore", "2026-11-23"],
    ["keyId", "key_1"],
  ])("returns 400 for the filter %s=%s", async (name, value) => {
    const { key } = await makeCaller();
    await expectInvalid(await call("GET", `/v1/tasks?${name}=${value}`, { key }), name);
  });

  it("returns every field of a row, with null for a missing value", async () => {
    const { tenantId, key } = await makeCaller();
    const { taskId } = await ledgerTask(tenantId, { reference: null, keyId: null });
    expect((await list(key)).tasks).toStrictEqual([
      {
        id: `tsk_${taskId}`,
        status: "ready",
        reference: null,
        website: "antcpt.com",
        keyId: null,
        createdAt: aTime,
        finishedAt: aTime,
        solveMs: 5_000,
        errorCode: null,
        webhookState: null,
      },
    ]);
  });

  it("finds tasks by reference, website, webhook state and creation time", async () => {
    const { tenantId, key } = await makeCaller();
    const now = Date.now();
    const one = await ledgerTask(tenantId, { createdAt: now + 1, reference: "order-1042", keyId: "key_1" });
    const two = await ledgerTask(tenantId, { createdAt: now + 2, website: "shop.example", webhookState: "delivered" });
    const idOf = ({ taskId }: { taskId: string }) => `tsk_${taskId}`;
    const found = async (query: string) => (await list(key, query)).tasks.map(({ id }) => id);
    expect(await found("?reference=order-1042")).toEqual([idOf(one)]);
    expect(await found("?reference=order-1")).toEqual([]);
    expect(await found("?website=SHOP.example")).toEqual([idOf(two)]);
    expect(await found("?webhookState=delivered")).toEqual([idOf(two)]);
    expect(await found("?webhookState=delivered&website=antcpt.com")).toEqual([]);
    const time = (ms: number) => encodeURIComponent(new Date(ms).toISOString());
    expect(await found(`?createdAfter=${time(now + 1)}`)).toEqual([idOf(two)]);
    expect(await found(`?createdBefore=${time(now + 2)}`)).toEqual([idOf(one)]);
    expect(await found(`?createdAfter=${time(now)}&createdBefore=${time(now + 3)}`)).toEqual([idOf(two), idOf(one)]);
    expect((await list(key, "?reference=order-1042")).tasks).toMatchObject([
      { reference: "order-1042", keyId: "key_1" },
    ]);
  });

  it("returns the webhook state of unfinished tasks as the task does, and finds tasks by it", async () => {
    const { key } = await makeCaller({ limits: { maxInFlight: 1 } });
    const running = await submit(key, scenario("sandbox-never"), { webhookUrl: HOOK });
    await expect.poll(async () => (await list(key)).tasks.length).toBe(1);
    const waiting = await submit(key, scenario("sandbox-never"), { webhookUrl: HOOK });
    await expect.poll(async () => (await list(key)).tasks.length).toBe(2);
    const plain = await submit(key, scenario("sandbox-never"));
    await expect.poll(async () => (await list(key)).tasks.length).toBe(3);

    expect((await read(key, waiting.id)).webhook?.state).toBe("pending");
    expect((await list(key)).tasks.map(({ id, webhookState }) => [id, webhookState])).toEqual([
      [plain.id, null],
      [waiting.id, "pending"],
      [running.id, "pending"],
    ]);
    const found = async (state: string) => (await list(key, `?webhookState=${state}`)).tasks.map(({ id }) => id);
    expect(await found("pending")).toEqual([waiting.id, running.id]);
    expect(await found("delivered")).toEqual([]);
  });

  it("returns the webhook state of an unfinished task whose row was written without one", async () => {
    const { tenantId, key } = await makeCaller();
    await submit(key, scenario("sandbox-never"), { webhookUrl: HOOK });
    await expect.poll(async () => (await list(key)).tasks.length).toBe(1);
    await runInDurableObject(tenantObject(tenantId), (_object, { storage }) => {
      storage.sql.exec("UPDATE tasks SET webhook_state = NULL");
    });
    expect((await list(key)).tasks).toMatchObject([{ webhookState: "pending" }]);
  });

  it.each([
    ["https://shop.example:8443/x", "shop.example", "SHOP.example"],
    ["https://shop.example./x", "shop.example", "shop.example."],
    ["https://b\u00fccher.example/x", "xn--bcher-kva.example", encodeURIComponent("b\u00fccher.example")],
    ["https://shop.example:8443/x", "shop.example", "shop.example:8443"],
    ["https://[2001:DB8::1]:8443/x", "[2001:db8::1]", encodeURIComponent("[2001:db8:0::1]")],
  ])("returns the normalized host of %s as %s, and finds the task by website=%s", async (websiteURL, host, filter) => {
    const { key } = await makeCaller({ allowedHosts: ["*"] });
    const { id } = await submit(key, { ...scenario("sandbox-never"), websiteURL });
    await expect.poll(async () => (await list(key)).tasks.map(({ website }) => website)).toEqual([host]);
    expect((await list(key, `?website=${filter}`)).tasks.map((task) => task.id)).toEqual([id]);
    expect((await list(key, "?website=other.example")).tasks).toEqual([]);
  });

  it("normalizes the hosts of rows that older versions wrote with port and trailing dot, and finds them", async () => {
    const { tenantId, key } = await makeCaller();
    const hosts = ["shop.example:8443", "shop.example.:8443", "shop.example.", "shop.example"];
    for (const [index, website] of [...hosts, "shop.example.org:8443", "shop.exampl", "a.shop.example:1"].entries()) {
      await ledgerTask(tenantId, { createdAt: Date.now() + index, website });
    }
    const found = (await list(key, "?website=shop.example")).tasks.map(({ website }) => website);
    expect(found).toEqual(hosts.map(() => "shop.example"));
    expect((await list(key, "?website=a.shop.example:1")).tasks).toMatchObject([{ website: "a.shop.example" }]);
  });

  it("returns 400 for a cursor of other filters, and for a changed cursor", async () => {
    const { tenantId, key } = await makeCaller();
    for (let age = 0; age < 3; age += 1) await ledgerTask(tenantId, { createdAt: Date.now() + age, reference: "a" });
    const { nextCursor } = await list(key, "?limit=1&reference=a");
    if (nextCursor === null) throw new Error("there is one page only");
    expect((await list(key, `?limit=2&reference=a&cursor=${nextCursor}`)).tasks).toHaveLength(2);
    const queries = [`cursor=${nextCursor}`, `reference=b&cursor=${nextCursor}`, `reference=a&cursor=1${nextCursor}`];
    for (const query of queries) await expectInvalid(await call("GET", `/v1/tasks?${query}`, { key }), "cursor");
  });

  it("returns the ledger's status when a task's object does not respond", async () => {
    const { tenantId, key } = await makeCaller();
    const request = { ...aRequest(0, "test"), createdAt: Date.now(), deadlineAt: Date.now() + 60_000 };
    await tenantObject(tenantId).admit(request);
    const tasks = { idFromString: () => null, get: () => ({ view: () => Promise.reject(new Error("no answer")) }) };
    const answer = await callWith({ TASKS: tasks }, "GET", "/v1/tasks", { key });
    expect(await answer.json()).toMatchObject({ tasks: [{ id: `tsk_${request.taskId}`, status: "processing" }] });
  });
});
