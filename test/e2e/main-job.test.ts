// The main job over HTTP: the example task of the upstream's documentation through both APIs, in both modes, by status endpoint, long
// poll and webhook, and with a crash in the middle.

import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startReceiver } from "../../scripts/support/webhook-receiver.ts";
import type { Task } from "../../src/tasks/present.ts";
import type { Stage } from "./support.ts";
import { ask, awaitTask, createKey, createTenant, EXAMPLE_TASK, setStage } from "./support.ts";

let stage: Stage;
let webhookSecrets: { live: string; test: string };
const keys = { test: "", live: "" };

beforeAll(async () => {
  stage = await setStage();
  ({ webhookSecrets } = await createTenant(stage.gateway(), "acme"));
  keys.test = await createKey(stage.gateway(), "acme", "test");
  keys.live = await createKey(stage.gateway(), "acme", "live");
});

afterAll(() => stage.close());

const sent = (path: string) => stage.upstream.requests.filter((request) => request.path === path);

/** The upstream's requests for the task with this `pageAction`, by which concurrent tests distinguish their tasks. */
function requestsOf(pageAction: string) {
  const created = sent("/createTask").find((request) => request.pageAction === pageAction);
  return stage.upstream.requests.filter(({ taskId }) => taskId !== null && taskId === created?.taskId);
}

// The tests mostly wait, so they run at the same time.
describe.concurrent.each(["test", "live"] as const)("the upstream documentation's example with a %s key", (mode) => {
  it("is solved through v1", async () => {
    const pageAction = `v1-${mode}`;
    const accepted = await ask(stage.gateway(), "POST", "/v1/tasks", {
      token: keys[mode],
      body: { task: { ...EXAMPLE_TASK, pageAction } },
    });
    expect(accepted.status).toBe(202);
    const { id } = accepted.body as Task;

    const task = await awaitTask(stage.gateway(), keys[mode], id);

    expect(task).toMatchObject({ status: "ready", mode, solutionState: "available", submissions: 1, error: null });
    expect(task.solution?.gRecaptchaResponse).toMatch(/^sandbox\./);
    expect(requestsOf(pageAction).length > 0).toBe(mode === "live");
  });

  it("is solved through the compatibility API", async () => {
    const clientKey = keys[mode];
    const created = await ask(stage.gateway(), "POST", "/createTask", { body: { clientKey, task: EXAMPLE_TASK } });
    expect(created).toMatchObject({ status: 200, body: { errorId: 0, status: "idle" } });
    const { taskId } = created.body as { taskId: number };
    expect(Number.isInteger(taskId)).toBe(true);

    const result = () => ask(stage.gateway(), "POST", "/getTaskResult", { body: { clientKey, taskId } });
    const solution = { gRecaptchaResponse: expect.stringMatching(/^sandbox\./) };
    await expect
      .poll(result, { timeout: 40_000, interval: 500 })
      .toMatchObject({ status: 200, body: { errorId: 0, status: "ready", solution } });
  });
});

it.concurrent("the gateway polls the upstream at least 3 s after the previous response", async () => {
  const { body } = await ask(stage.gateway(), "POST", "/v1/tasks", {
    token: keys.live,
    body: { task: { ...EXAMPLE_TASK, websiteKey: "sandbox-delay-8000", pageAction: "spacing" } },
  });
  await awaitTask(stage.gateway(), keys.live, (body as Task).id);
  const times = requestsOf("spacing").map(({ at }) => at);
  expect(times.length).toBeGreaterThanOrEqual(3);
  for (const [index, at] of times.slice(1).entries()) expect(at - (times[index] ?? 0)).toBeGreaterThanOrEqual(3_000);
});

it.concurrent("the gateway retries a webhook after three failures, and both reference libraries verify it", async ({
  expect,
}) => {
  const receiver = await startReceiver((count) => (count <= 3 ? 503 : 200));
  const { body } = await ask(stage.gateway(), "POST", "/v1/tasks", {
    token: keys.live,
    body: {
      task: { ...EXAMPLE_TASK, websiteKey: "sandbox-instant" },
      webhookUrl: receiver.url,
      metadata: { order: "7" },
    },
  });
  const { id } = body as Task;
  const webhook = await receiver.nth(4);

  const headers = Object.fromEntries(Object.entries(webhook.headers).map(([name, value]) => [name, String(value)]));
  expect(new Webhook(webhookSecrets.live).verify(webhook.body, headers)).toMatchObject({
    type: "task.ready",
    data: { id },
  });
  const svix = new SvixWebhook(webhookSecrets.live);
  expect(() => svix.verify(webhook.body, headers)).not.toThrow();
  expect(() => svix.verify(`${webhook.body} `, headers)).toThrow();
  expect(new Set(receiver.received.map(({ headers: one }) => one["webhook-id"])).size).toBe(1);
  await expect
    .poll(async () => (await awaitTask(stage.gateway(), keys.live, id)).webhook)
    .toMatchObject({ state: "delivered", attempts: 4, lastStatus: 200 });
  await receiver.close();
});

it("the gateway solves a task after kill -9 and a restart, without submitting it again", async () => {
  const submissions = sent("/createTask").length;
  const { body } = await ask(stage.gateway(), "POST", "/v1/tasks", {
    token: keys.live,
    body: { task: EXAMPLE_TASK },
  });
  const { id } = body as Task;
  await expect.poll(() => sent("/createTask").length, { timeout: 10_000 }).toBe(submissions + 1);
  await expect
    .poll(
      async () => ((await ask(stage.gateway(), "GET", `/v1/tasks/${id}`, { token: keys.live })).body as Task).status,
    )
    .toBe("processing");

  await stage.killAndRestart();

  const task = await awaitTask(stage.gateway(), keys.live, id);
  expect(task).toMatchObject({ status: "ready", submissions: 1 });
  expect(sent("/createTask").length).toBe(submissions + 1);
});

it("the gateway logs no key, token, cookie or secret", () => {
  const output = stage.gateway().output();
  expect(output).toContain('"event":"task"');
  for (const secret of [
    keys.test,
    keys.live,
    webhookSecrets.live,
    webhookSecrets.test,
    "operator-key",
    "sandbox.this",
    "end-to-end-tests",
  ]) {
    expect(output).not.toContain(secret);
  }
});
