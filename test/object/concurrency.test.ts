// Concurrent callers: a solution is claimed once and an idempotency key creates one task, however many requests race.

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import type { Task } from "../../src/tasks/present.ts";
import type { ClaimResult } from "../../src/tasks/rpc.ts";
import { objectIdOf, TASK_ID_PREFIX } from "../../src/tasks/task-id.ts";
import { expectEventually } from "../support/answers.ts";
import { call, EXAMPLE_TASK, makeCaller, makeKey, read, scenario, solve } from "../support/gateway.ts";
import { tenantObject } from "../support/tenants.ts";
import type { Outside } from "../support/upstream.ts";
import { created, processing, scriptOutside, TOKEN } from "../support/upstream.ts";

afterEach(reset);

const IDEMPOTENCY_KEY = "order-1042";

/** How often each response was returned, by status and problem code. */
async function tally(answers: readonly Response[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const answer of answers) {
    const { code = "" }: { code?: string } = await answer.clone().json();
    const name = `${answer.status} ${code}`.trimEnd();
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const times = <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));

describe("concurrent claims of one solution", () => {
  const claim = (key: string, id: string) => call("POST", `/v1/tasks/${id}/claim`, { key });

  it("succeed once among 1,000 claims, 100 of them over HTTP", async () => {
    const { tenantId, key } = await makeCaller();
    const { id, solution } = await solve(key);
    const stub = env.TASKS.get(env.TASKS.idFromString(objectIdOf(id.slice(TASK_ID_PREFIX.length))));
    const { createdAt = 0 } = (await tenantObject(tenantId).describe()) ?? {};
    const owner = { tenantId, tenantSince: createdAt, mode: "test", taskId: null } as const;
    const [answers, results] = await Promise.all([
      times(100, () => claim(key, id)),
      times(900, async (): Promise<ClaimResult> => await stub.claim(owner)),
    ]);
    const taken = answers.filter(({ status }) => status === 200);
    const claimed = results.filter(({ tag }) => tag === "claimed");
    expect(taken.length + claimed.length).toBe(1);
    const handedOut: unknown[] = [...(await Promise.all(taken.map((answer) => answer.json()))), ...claimed];
    expect(handedOut).toEqual([claimed.length === 1 ? { tag: "claimed", solution } : solution]);
    expect((await tally(answers))["410 already_claimed"]).toBe(100 - taken.length);
    expect(results.filter(({ tag }) => tag === "already_claimed")).toHaveLength(900 - claimed.length);
    expect(await read(key, id)).toMatchObject({ status: "ready", solutionState: "claimed", solution: null });
  });

  it("succeed once among ten keys of one tenant, and never for another tenant", async () => {
    const { tenantId, key } = await makeCaller();
    const otherTenant = await makeCaller();
    const siblings = await times(9, () => makeKey(tenantId));
    const keys = [key, ...siblings.map((sibling) => sibling.key), otherTenant.key];
    const { id } = await solve(key);
    const answers = await times(110, (index) => claim(keys[index % keys.length] ?? key, id));
    expect(await tally(answers)).toEqual({ "200": 1, "410 already_claimed": 99, "404 not_found": 10 });
  });

  it("hide the solution from every later read", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    const [claims, reads] = await Promise.all([times(50, () => claim(key, id)), times(50, () => read(key, id))]);
    expect(await tally(claims)).toEqual({ "200": 1, "410 already_claimed": 49 });
    for (const { solution, solutionState } of reads) {
      expect(solutionState).toBe(solution === null ? "claimed" : "available");
    }
  });

  it("leave the task ready when cancellations arrive at the same time", async () => {
    const { key } = await makeCaller();
    const { id } = await solve(key);
    const actions = ["claim", "cancel"] as const;
    const answers = await times(40, (index) => call("POST", `/v1/tasks/${id}/${actions[index % 2]}`, { key }));
    expect(await tally(answers)).toEqual({ "200": 1, "410 already_claimed": 19, "409 task_finished": 20 });
  });
});

describe("concurrent cancellations", () => {
  it("report the task as canceled to 40 cancellations and 40 long polls", async () => {
    const { key } = await makeCaller();
    const response = await call("POST", "/v1/tasks", { key, body: { task: scenario("sandbox-never") } });
    const { id }: Task = await response.json();
    const waiting = times(40, () => call("GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=20" } }));
    const cancels = await times(40, () => call("POST", `/v1/tasks/${id}/cancel`, { key }));
    const tasks = await Promise.all([...cancels, ...(await waiting)].map((answer) => answer.json<Task>()));
    expect(new Set(tasks.map(({ status }) => status))).toEqual(new Set(["canceled"]));
    expect(new Set(tasks.map(({ finishedAt }) => finishedAt)).size).toBe(1);
  });
});

describe("concurrent requests with one idempotency key", () => {
  /** A tenant with `count` live keys, before an upstream that takes every task. */
  async function liveCallers(count: number): Promise<{ keys: string[]; outside: Outside }> {
    const outside = scriptOutside({ create: [created()], poll: [processing] });
    const { tenantId, key } = await makeCaller({}, { mode: "live" });
    const siblings = await times(count - 1, () => makeKey(tenantId, { mode: "live" }));
    return { keys: [key, ...siblings.map((sibling) => sibling.key)], outside };
  }

  const post = (key: string | undefined, task: object = EXAMPLE_TASK) =>
    call("POST", "/v1/tasks", { key, body: { task }, headers: { "idempotency-key": IDEMPOTENCY_KEY } });

  const idsOf = async (answers: readonly Response[]) =>
    new Set(await Promise.all(answers.map(async (answer) => (await answer.json<Task>()).id)));

  /** Upstream and the tenant's own list know of one task, and of no other. */
  async function expectOneTask(key: string | undefined, outside: Outside): Promise<void> {
    await expectEventually(() => outside.creates.length).toBe(1);
    const list = await call("GET", "/v1/tasks", { key });
    expect((await list.json<{ tasks: unknown[] }>()).tasks).toHaveLength(1);
    expect(outside.creates).toHaveLength(1);
  }

  it("create one task from 100 requests with ten API keys of a tenant", async () => {
    const { keys, outside } = await liveCallers(10);
    const answers = await times(100, (index) => post(keys[index % 10]));
    expect(await tally(answers)).toEqual({ "202": 100 });
    const replays = answers.filter(({ headers }) => headers.get("idempotency-replayed") === "true");
    expect(replays).toHaveLength(99);
    expect((await idsOf(answers)).size).toBe(1);
    await expectOneTask(keys[0], outside);
  });

  it("accept the first of two bodies and reject every request with the other", async () => {
    const { keys, outside } = await liveCallers(10);
    const tasks = [EXAMPLE_TASK, { ...EXAMPLE_TASK, pageAction: "login" }];
    const answers = await times(100, (index) => post(keys[index % 10], tasks[(index >> 1) % 2]));
    expect(await tally(answers)).toEqual({ "202": 50, "422 idempotency_mismatch": 50 });
    expect((await idsOf(answers.filter(({ status }) => status === 202))).size).toBe(1);
    await expectOneTask(keys[0], outside);
  });

  it("create one task for each of ten tenants that use the same key", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const callers = await times(10, () => makeCaller({}, { mode: "live" }));
    const answers = await times(100, (index) => post(callers[index % 10]?.key));
    expect((await idsOf(answers)).size).toBe(10);
  });
});

describe("a claimed solution", () => {
  it("is in no later response of any endpoint", async () => {
    scriptOutside({
      create: [() => Response.json({ errorId: 0, status: "ready", solution: { gRecaptchaResponse: TOKEN } })],
    });
    const { key } = await makeCaller({}, { mode: "live" });
    const { id } = await solve(key);
    await call("POST", `/v1/tasks/${id}/claim`, { key });
    const answers = await Promise.all([
      call("GET", `/v1/tasks/${id}`, { key }),
      call("GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=5" } }),
      call("GET", `/v1/tasks/${id}/events`, { key }),
      call("POST", `/v1/tasks/${id}/cancel`, { key }),
      call("POST", `/v1/tasks/${id}/claim`, { key }),
      call("GET", "/v1/tasks", { key }),
    ]);
    for (const answer of answers) expect(await answer.text()).not.toContain(TOKEN);
  });
});
