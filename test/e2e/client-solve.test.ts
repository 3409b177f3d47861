// The client against a real gateway over real HTTP, with a proxy between them that goes wrong: one call makes one task, and gets its
// solution, whatever is lost on the way.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startReceiver } from "../../scripts/support/webhook-receiver.ts";
import { Solvegate, SolvegateError, type TaskSummary, verifyWebhook } from "../../src/client/index.ts";
import type { LossyProxy } from "./client-proxy.ts";
import { startProxy } from "./client-proxy.ts";
import type { Stage } from "./support.ts";
import { askAdmin, makeTenant, SEED_TASK, setStage } from "./support.ts";

let stage: Stage;
let proxy: LossyProxy;
/** Through the proxy. */
let client: Solvegate;
/** Around it: what is true at the gateway. */
let gateway: Solvegate;
let webhookSecret: string;
let tenants = 0;

const SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"];
const scenario = (websiteKey: string) => ({ ...SEED_TASK, websiteKey });
const INSTANT = scenario("sandbox-instant");
const NEVER = scenario("sandbox-never");

beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());

beforeEach(async () => {
  // A tenant for each test: its list holds what the test has made, and nothing else.
  tenants += 1;
  const id = `tenant-${tenants}`;
  webhookSecret = (await makeTenant(stage.gateway(), id)).webhookSecrets.test;
  const { body } = await askAdmin(stage.gateway(), "POST", `/admin/tenants/${id}/keys`, {
    name: "e2e",
    mode: "test",
    scopes: SCOPES,
  });
  const { key: apiKey } = body as { key: string };
  proxy = await startProxy(stage.gateway().url);
  client = new Solvegate({ baseUrl: proxy.url, apiKey });
  gateway = new Solvegate({ baseUrl: stage.gateway().url, apiKey });
});
afterEach(() => proxy.close());

const tasks = (): Promise<TaskSummary[]> => Array.fromAsync(gateway.tasks.list());
const creations = () => proxy.passed.filter(({ method, path }) => method === "POST" && path === "/v1/tasks");

/** The error that a call ends with. */
async function failure(call: Promise<unknown>): Promise<SolvegateError> {
  const error = await call.catch((reason: unknown) => reason);
  if (!(error instanceof SolvegateError)) throw new Error(`no SolvegateError: ${String(error)}`);
  return error;
}

/** The tenant has one task, and this is how it ended. */
async function expectOneTask(status: TaskSummary["status"]): Promise<void> {
  await expect.poll(tasks, { timeout: 10_000 }).toMatchObject([{ status }]);
}

describe("one solve makes one task, and gets its solution, where", () => {
  it("all goes well", async () => {
    const task = await client.solve(SEED_TASK, { timeoutSeconds: 60 });
    expect(task.solution.gRecaptchaResponse).toMatch(/^sandbox\./);
    await expectOneTask("ready");
    expect(proxy.passed).toHaveLength(2);
  });

  it("the creation's answer is lost", async () => {
    proxy.plan({ tag: "lostAnswer" });
    await client.solve(INSTANT);
    await expectOneTask("ready");
    expect(creations().map(({ status }) => status)).toEqual([202, expect.any(Number)]);
  });

  it("the creation is lost twice, and its answer once", async () => {
    proxy.plan({ tag: "lostRequest" }, { tag: "lostRequest" }, { tag: "lostAnswer" });
    await client.solve(INSTANT);
    await expectOneTask("ready");
    expect(creations()).toHaveLength(4);
  });

  it("the gateway is busy: 429, then 503, each with Retry-After", async () => {
    const headers = { "retry-after": "1" };
    proxy.plan({ tag: "answer", status: 429, headers }, { tag: "answer", status: 503, headers });
    await client.solve(INSTANT);
    await expectOneTask("ready");
    const at = creations().map((one) => one.at);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
    expect((at[2] ?? 0) - (at[1] ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  it("reads are lost, and turned away", async () => {
    const pass = () => client.tasks.create({ task: INSTANT }, { idempotencyKey: "one" });
    const { id } = await pass();
    proxy.plan(
      { tag: "lostRequest" },
      { tag: "answer", status: 502, body: "<h1>Bad gateway</h1>" },
      { tag: "lostAnswer" },
    );
    await expect(client.tasks.wait(id)).resolves.toMatchObject({ id, status: "ready" });
    await expectOneTask("ready");
  });

  it("the gateway dies in the middle of the wait, and comes back", async () => {
    let died: Promise<void> | undefined;
    const losses: unknown[] = [];
    const direct: typeof fetch = (input, init) => {
      const answer = fetch(input, init);
      answer.catch((loss: unknown) => losses.push(loss));
      // Once the read is surely held: the gateway has answered another one that was sent later.
      const held = new Headers(init?.headers).get("prefer") !== null;
      if (held)
        died ??= gateway.tasks
          .list()
          .next()
          .then(() => stage.killAndRestart());
      return answer;
    };
    const { url } = stage.gateway();
    const { key } = await gateway.keys.create({ name: "direct", mode: "test" });
    const task = await new Solvegate({ baseUrl: url, apiKey: key, fetch: direct }).solve(
      scenario("sandbox-delay-2000"),
    );
    await died;
    expect(losses).not.toEqual([]);
    expect(task.solution.gRecaptchaResponse).toMatch(/^sandbox\./);
    await expectOneTask("ready");
  });
});

describe("a solve that does not come to a solution is an error:", () => {
  it("a task that failed", async () => {
    const error = await failure(client.solve(scenario("sandbox-fail-ERROR_CAPTCHA_UNSOLVABLE")));
    expect(error).toMatchObject({ code: "unsolvable", status: null, task: { status: "failed" } });
    expect(error.requestId).not.toBeNull();
  });

  it("a task that was not solved in its time", async () => {
    const error = await failure(client.solve(NEVER, { timeoutSeconds: 10 }));
    expect(error).toMatchObject({
      code: "timeout",
      status: null,
      task: { status: "failed", error: { code: "timeout" } },
    });
  });

  it("a task that somebody canceled", async () => {
    const cancel = ({ id }: { id: string }) => void gateway.tasks.cancel(id).catch(() => null);
    const error = await failure(client.solve(NEVER, { onProgress: cancel }));
    expect(error).toMatchObject({ code: "task_canceled", task: { status: "canceled" } });
  });

  it("a wrong key", async () => {
    const error = await failure(new Solvegate({ baseUrl: proxy.url, apiKey: "sg_test_x_wrong" }).solve(INSTANT));
    expect(error).toMatchObject({ code: "unauthenticated", status: 401, task: null });
    expect(proxy.passed).toHaveLength(1);
  });

  it("an address that is no gateway's", async () => {
    proxy.plan({ tag: "answer", status: 200, body: "<title>Sign in</title>" });
    const error = await failure(client.solve(INSTANT));
    expect(error).toMatchObject({ code: "unexpected_answer", status: 200 });
    expect(error.message).toContain("<title>Sign in</title>");
  });

  it("a gateway that is not there", async () => {
    const { url } = proxy;
    await proxy.close();
    const away = new Solvegate({ baseUrl: url, apiKey: "sg_test_x", retrySeconds: 1 });
    expect(await failure(away.tasks.get("tsk_1"))).toMatchObject({ code: "network_error", status: null });
  });
});

describe("an abort cancels the task, and throws its reason,", () => {
  const reason = new Error("the caller has left");

  it("before anything was sent: there is no task", async () => {
    await expect(client.solve(NEVER, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(proxy.passed).toEqual([]);
    expect(await tasks()).toEqual([]);
  });

  it.each([
    ["while the creation's answer is kept from it", { tag: "keptAnswer" }],
    ["after the creation's answer was lost", { tag: "lostAnswer" }],
    ["after the creation itself was lost", { tag: "lostRequest" }],
  ] as const)("%s", async (_when, mishap) => {
    const abort = new AbortController();
    proxy.plan(mishap);
    const solve = expect(client.solve(NEVER, { signal: abort.signal })).rejects.toBe(reason);
    // The moment at which it is decided: the gateway has answered, or the request is gone.
    await expect
      .poll(() => creations()[0]?.status ?? (mishap.tag === "lostRequest" ? creations()[0]?.at : null))
      .toBeTruthy();
    abort.abort(reason);
    await solve;
    await expectOneTask("canceled");
  });

  it("while it waits", async () => {
    const abort = new AbortController();
    const solve = expect(client.solve(NEVER, { signal: abort.signal })).rejects.toBe(reason);
    await expect.poll(() => proxy.passed.at(-1)?.headers.prefer).toBe("wait=25");
    abort.abort(reason);
    await solve;
    await expectOneTask("canceled");
  });

  it("though the cancel's answer is lost", async () => {
    const abort = new AbortController();
    const solve = expect(client.solve(NEVER, { signal: abort.signal })).rejects.toBe(reason);
    await expect.poll(() => proxy.passed.at(-1)?.headers.prefer).toBe("wait=25");
    proxy.plan({ tag: "lostAnswer" });
    abort.abort(reason);
    await solve;
    expect(proxy.passed.slice(-2).map(({ path }) => path.endsWith("/cancel"))).toEqual([true, true]);
    await expectOneTask("canceled");
  });
});

it("progress tells a task's way, each state once and in order", async () => {
  const seen: string[] = [];
  await client.solve(SEED_TASK, { onProgress: ({ status }) => seen.push(status) });
  expect(seen[0]).toBe("queued");
  expect(seen.at(-1)).toBe("ready");
  expect(seen.filter((status) => status === "processing").length).toBeGreaterThan(0);
  expect(seen.filter((status) => status === "ready")).toHaveLength(1);
});

it("a claim whose answer is lost is told as lost, and the solution is gone", async () => {
  const { id } = await client.solve(INSTANT);
  proxy.plan({ tag: "lostAnswer" });
  expect(await failure(client.tasks.claim(id))).toMatchObject({ code: "network_error" });
  expect(await failure(gateway.tasks.claim(id))).toMatchObject({ code: "already_claimed", status: 410 });
});

it("a webhook of the gateway, and a trial of the endpoint, verify and are typed", async () => {
  const receiver = await startReceiver();
  try {
    const { id } = await client.solve(INSTANT, { webhookUrl: receiver.url, metadata: { order: "7" } });
    const { body, headers } = await receiver.nth(1);
    const event = await verifyWebhook({ body, headers, secret: webhookSecret });
    expect(event).toMatchObject({ type: "task.ready", data: { id, status: "ready", metadata: { order: "7" } } });

    await client.webhook.set(receiver.url);
    await expect(client.webhook.test()).resolves.toMatchObject({ status: 204, redirected: false, error: null });
    const { secret } = await client.webhook.rotate();
    const trial = await receiver.nth(2);
    await expect(verifyWebhook({ ...trial, secret: [secret, webhookSecret] })).resolves.toMatchObject({
      type: "webhook.test",
    });
    expect(await failure(verifyWebhook({ ...trial, secret }))).toMatchObject({ code: "webhook_not_verified" });
  } finally {
    await receiver.close();
  }
});
