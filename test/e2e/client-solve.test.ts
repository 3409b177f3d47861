// The client against a real gateway over HTTP, with a failing proxy between them: one call of `solve` creates one task and returns its
// solution, whichever requests and responses are lost.

import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startReceiver } from "../../scripts/support/webhook-receiver.ts";
import { Solvegate, SolvegateError, type TaskSummary, verifyWebhook } from "../../src/client/index.ts";
import type { LossyProxy } from "./client-proxy.ts";
import { startProxy } from "./client-proxy.ts";
import { sharedGateway } from "./shared-gateway.ts";
import type { Target } from "./support.ts";
import { ALL_SCOPES, createKey, createTenant, EXAMPLE_TASK } from "./support.ts";

let server: Target;
let proxy: LossyProxy;
/** Calls the gateway through the proxy. */
let client: Solvegate;
/** Calls the gateway directly. */
let gateway: Solvegate;
let webhookSecret: string;
let tenants = 0;

const scenario = (websiteKey: string) => ({ ...EXAMPLE_TASK, websiteKey });
const INSTANT = scenario("sandbox-instant");
const NEVER = scenario("sandbox-never");

beforeAll(async () => {
  server = await sharedGateway();
});
beforeEach(async () => {
  // A tenant for each test, so that its list contains only the test's tasks.
  tenants += 1;
  const id = `tenant-${tenants}`;
  webhookSecret = (await createTenant(server, id)).webhookSecrets.test;
  const apiKey = await createKey(server, id, "test", ALL_SCOPES);
  proxy = await startProxy(server.url);
  client = new Solvegate({ baseUrl: proxy.url, apiKey });
  gateway = new Solvegate({ baseUrl: server.url, apiKey });
});
afterEach(() => proxy.close());

const tasks = (): Promise<TaskSummary[]> => Array.fromAsync(gateway.tasks.list());
const creations = () => proxy.passed.filter(({ method, path }) => method === "POST" && path === "/v1/tasks");

/** The SolvegateError of a call. */
async function failure(call: Promise<unknown>): Promise<SolvegateError> {
  const error = await call.catch((reason: unknown) => reason);
  if (!(error instanceof SolvegateError)) throw new Error(`no SolvegateError: ${String(error)}`);
  return error;
}

/** Expects the tenant to have one task, with this status. */
async function expectOneTask(status: TaskSummary["status"]): Promise<void> {
  await expect.poll(tasks, { timeout: 10_000 }).toMatchObject([{ status }]);
}

describe("solve creates one task and returns its solution", () => {
  it("when the response to the creation is lost", async () => {
    proxy.plan({ tag: "lostResponse" });
    await client.solve(INSTANT);
    await expectOneTask("ready");
    expect(creations().map(({ status }) => status)).toEqual([202, expect.any(Number)]);
  });

  it("when the creation is lost twice, and its response once", async () => {
    proxy.plan({ tag: "lostRequest" }, { tag: "lostRequest" }, { tag: "lostResponse" });
    await client.solve(INSTANT);
    await expectOneTask("ready");
    expect(creations()).toHaveLength(4);
  });

  it("when the creation is rejected with 429 and then 503, each with Retry-After", async () => {
    const headers = { "retry-after": "1" };
    proxy.plan({ tag: "response", status: 429, headers }, { tag: "response", status: 503, headers });
    await client.solve(INSTANT);
    await expectOneTask("ready");
    const at = creations().map((one) => one.at);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
    expect((at[2] ?? 0) - (at[1] ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  it("when a proxy answers the creation and a read with an empty 200 and a 204", async () => {
    const empty = { tag: "response", status: 200, body: "" } as const;
    proxy.plan(empty, { tag: "response", status: 204 }, { tag: "lostResponse" }, empty);
    await client.solve(INSTANT);
    await expectOneTask("ready");
  });

  it("when reads are lost and rejected", async () => {
    const { id } = await client.tasks.create({ task: INSTANT }, { idempotencyKey: "one" });
    proxy.plan(
      { tag: "lostRequest" },
      { tag: "response", status: 502, body: "<h1>Bad gateway</h1>" },
      { tag: "lostResponse" },
    );
    await expect(client.tasks.wait(id)).resolves.toMatchObject({ id, status: "ready" });
    await expectOneTask("ready");
  });
});

describe("solve throws an error", () => {
  it("for a failed task", async () => {
    const error = await failure(client.solve(scenario("sandbox-fail-ERROR_CAPTCHA_UNSOLVABLE")));
    expect(error).toMatchObject({ code: "unsolvable", status: null, task: { status: "failed" } });
    expect(error.requestId).not.toBeNull();
  });

  it("for a canceled task", async () => {
    const cancel = ({ id }: { id: string }) => void gateway.tasks.cancel(id).catch(() => null);
    const error = await failure(client.solve(NEVER, { onProgress: cancel }));
    expect(error).toMatchObject({ code: "task_canceled", task: { status: "canceled" } });
  });

  it("for a wrong key", async () => {
    const error = await failure(new Solvegate({ baseUrl: proxy.url, apiKey: "sg_test_x_wrong" }).solve(INSTANT));
    expect(error).toMatchObject({ code: "unauthenticated", status: 401, task: null });
    expect(proxy.passed).toHaveLength(1);
  });

  it("for a server that is not a gateway, without retries", async () => {
    const page = "<title>Sign in</title>";
    proxy.plan({ tag: "response", status: 200, body: page }, { tag: "response", status: 200, body: page });
    const impatient = new Solvegate({ baseUrl: proxy.url, apiKey: "sg_test_x", retrySeconds: 0 });
    const error = await failure(impatient.tasks.get("tsk_1"));
    expect(error).toMatchObject({ code: "unexpected_answer", status: 200 });
    expect(error.message).toContain(page);
    expect(proxy.passed).toHaveLength(1);
  });

  it("for a gateway that cannot be reached", async () => {
    const { url } = proxy;
    await proxy.close();
    const away = new Solvegate({ baseUrl: url, apiKey: "sg_test_x", retrySeconds: 1 });
    expect(await failure(away.tasks.get("tsk_1"))).toMatchObject({ code: "network_error", status: null });
  });
});

describe("an abort of solve cancels the task and throws the reason", () => {
  const LOST = { tag: "lostResponse" } as const;
  const reason = new Error("the caller has left");

  it("before the first request, without creating a task", async () => {
    await expect(client.solve(NEVER, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(proxy.passed).toEqual([]);
    expect(await tasks()).toEqual([]);
  });

  it.each([
    ["while the response to the creation is delayed", { tag: "heldResponse" }],
    ["after the response to the creation was lost", { tag: "lostResponse" }],
    ["after the creation was lost", { tag: "lostRequest" }],
  ] as const)("%s", async (_when, mishap) => {
    const abort = new AbortController();
    proxy.plan(mishap);
    const solve = expect(client.solve(NEVER, { signal: abort.signal })).rejects.toBe(reason);
    // The gateway has responded, or the request is lost.
    await expect
      .poll(() => creations()[0]?.status ?? (mishap.tag === "lostRequest" ? creations()[0]?.at : null))
      .toBeTruthy();
    abort.abort(reason);
    await solve;
    await expectOneTask("canceled");
  });

  it.each([
    { when: "during the long poll", failures: [], cancels: 1 },
    { when: "during the long poll, even if the response to the cancel is lost", failures: [LOST], cancels: 2 },
  ])("$when", async ({ failures, cancels }) => {
    const abort = new AbortController();
    const solve = expect(client.solve(NEVER, { signal: abort.signal })).rejects.toBe(reason);
    await expect.poll(() => proxy.passed.at(-1)?.headers.prefer).toBe("wait=25");
    proxy.plan(...failures);
    abort.abort(reason);
    await solve;
    expect(proxy.passed.filter(({ path }) => path.endsWith("/cancel"))).toHaveLength(cancels);
    await expectOneTask("canceled");
  });
});

it("solve needs one creation and a few reads, and reports each status in order", async () => {
  const seen: string[] = [];
  // Longer than the first long poll, so that a read finds the task while it is processing.
  const task = await client.solve(scenario("sandbox-delay-3000"), {
    timeoutSeconds: 60,
    onProgress: ({ status }) => seen.push(status),
  });
  expect(task.solution.gRecaptchaResponse).toMatch(/^sandbox\./);
  expect(seen[0]).toBe("queued");
  expect(seen.at(-1)).toBe("ready");
  expect(seen).toContain("processing");
  expect(seen.filter((status) => status === "ready")).toHaveLength(1);
  expect(creations()).toHaveLength(1);
  expect(proxy.passed.length).toBeLessThan(6);
  await expectOneTask("ready");
});

it("claim throws network_error when its response is lost, and the solution is gone", async () => {
  const { id } = await client.solve(INSTANT);
  proxy.plan({ tag: "lostResponse" });
  expect(await failure(client.tasks.claim(id))).toMatchObject({ code: "network_error" });
  expect(await failure(gateway.tasks.claim(id))).toMatchObject({ code: "already_claimed", status: 410 });
});

it("verifyWebhook accepts the gateway's webhooks, tests of the endpoint included", async () => {
  const receiver = await startReceiver();
  try {
    const { id } = await client.solve(INSTANT, { webhookUrl: receiver.url, metadata: { order: "7" } });
    const { body, headers } = await receiver.nth(1);
    const event = await verifyWebhook({ body, headers, secret: webhookSecret });
    expect(event).toMatchObject({ type: "task.ready", data: { id, status: "ready", metadata: { order: "7" } } });

    await client.webhook.set(receiver.url);
    await expect(client.webhook.test()).resolves.toMatchObject({ status: 204, redirected: false, error: null });
    const { secret } = await client.webhook.rotate();
    const test = await receiver.nth(2);
    await expect(verifyWebhook({ ...test, secret: [secret, webhookSecret] })).resolves.toMatchObject({
      type: "webhook.test",
    });
    expect(await failure(verifyWebhook({ ...test, secret }))).toMatchObject({ code: "webhook_not_verified" });
  } finally {
    await receiver.close();
  }
});
