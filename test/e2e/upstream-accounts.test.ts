// Two upstream accounts over HTTP, with a crash of the gateway in each state: both refused, a probe in flight, recovered.

import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { WebhookReceiver } from "../../scripts/support/webhook-receiver.ts";
import { startReceiver } from "../../scripts/support/webhook-receiver.ts";
import type { Task } from "../../src/tasks/present.ts";
import type { FakeAccount } from "./accounts.ts";
import { letMinutePass, startAccount } from "./accounts.ts";
import type { Stage } from "./support.ts";
import { ask, askAdmin, awaitTask, createKey, createTenant, EXAMPLE_TASK, setStage } from "./support.ts";

const ALERT_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const FIRST_KEY = "4b1d9c2f7e8a4f60b3c5d7e9f1a2b3c4";
const SECOND_KEY = "c4b3a2f1e9d7c5b360fa8e7f2c9d1b4a";

let stage: Stage;
let first: FakeAccount;
let second: FakeAccount;
let alerts: WebhookReceiver;
let key = "";

beforeAll(async () => {
  first = await startAccount("first");
  second = await startAccount("second");
  alerts = await startReceiver();
  stage = await setStage({
    POLL_INTERVAL_MS: "1000",
    UPSTREAM_ACCOUNTS: JSON.stringify([
      { name: "first", url: first.url, clientKey: FIRST_KEY },
      { name: "second", url: second.url, clientKey: SECOND_KEY },
    ]),
    ALERT_WEBHOOK_URL: alerts.url,
    ALERT_WEBHOOK_SECRET: ALERT_SECRET,
  });
  await createTenant(stage.gateway(), "acme");
  key = await createKey(stage.gateway(), "acme", "live");
});

afterAll(async () => {
  await stage.close();
  await Promise.all([first.close(), second.close(), alerts.close()]);
});

async function submit(pageAction: string): Promise<string> {
  const body = { task: { ...EXAMPLE_TASK, pageAction }, timeoutSeconds: 300 };
  const answer = await ask(stage.gateway(), "POST", "/v1/tasks", { token: key, body });
  expect(answer.status).toBe(202);
  return (answer.body as Task).id;
}

async function read(id: string): Promise<Task> {
  return (await ask(stage.gateway(), "GET", `/v1/tasks/${id}`, { token: key })).body;
}

async function solve(pageAction: string): Promise<string> {
  const task = await awaitTask(stage.gateway(), key, await submit(pageAction));
  expect(task).toMatchObject({ status: "ready", submissions: 1 });
  return task.solution?.gRecaptchaResponse ?? "";
}

async function states(): Promise<string[]> {
  const { body } = await askAdmin(stage.gateway(), "GET", "/admin/upstream");
  return (body as { accounts: { state: string }[] }).accounts.map(({ state }) => state);
}

/** The type and the account of every alert, in order of arrival. Verifies the signatures. */
function received(): (string | undefined)[][] {
  return alerts.received.map(({ body, headers }) => {
    const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    new Webhook(ALERT_SECRET).verify(body, signed);
    const { type, data } = JSON.parse(body) as { type: string; data: { account?: string } };
    return [type, data.account];
  });
}

it("tasks use the other account when one is refused, wait when both are, and survive a crash of the gateway in each state", async () => {
  expect(await solve("a-1")).toBe("token-of-first:a-1");
  expect(await states()).toEqual(["ok", "ok"]);

  // The first is refused: this task and later ones use the second. A task that the first account has stays there.
  const polled = await submit("a-2");
  await expect.poll(() => first.creates).toContain("a-2");
  first.mode = "ERROR_ZERO_BALANCE";
  expect(await solve("b-1")).toBe("token-of-second:b-1");
  expect((await awaitTask(stage.gateway(), key, polled)).solution?.gRecaptchaResponse).toBe("token-of-first:a-2");
  expect(await solve("b-2")).toBe("token-of-second:b-2");
  expect(await states()).toEqual(["refused", "ok"]);
  expect(first.creates).toEqual(["a-1", "a-2", "b-1"]);
  await expect.poll(received).toEqual([["upstream.refused", "first"]]);

  // Both are refused: the task waits for the upstream, also after a crash.
  second.mode = "ERROR_KEY_TEMP_BLOCKED";
  const held = await submit("b-4");
  await expect.poll(async () => (await read(held)).waitingFor).toBe("upstream");
  expect(Date.parse((await read(held)).nextStepAt ?? "")).toBeGreaterThan(Date.now());
  await expect.poll(received).toEqual([
    ["upstream.refused", "first"],
    ["upstream.refused", "second"],
    ["upstream.exhausted", undefined],
  ]);
  await stage.killAndRestart(letMinutePass);
  expect(await read(held)).toMatchObject({ status: "queued", waitingFor: "upstream", submissions: 0 });
  expect(await states()).toEqual(["refused", "refused"]);

  // A crash while the probe is in flight: no second probe follows, and its task is submitted at most once more.
  first.mode = "hang";
  const probing = await submit("a-3");
  await expect.poll(() => first.creates).toContain("a-3");
  await stage.killAndRestart();
  const waiting = await submit("b-5");
  await expect.poll(async () => (await read(waiting)).waitingFor).toBe("upstream");
  expect(first.creates).toEqual(["a-1", "a-2", "b-1", "a-3"]);

  // The next probe is accepted: the account works again, and gets every new task.
  first.mode = "ok";
  await stage.killAndRestart(letMinutePass);
  expect(await solve("a-4")).toBe("token-of-first:a-4");
  await expect.poll(states).toEqual(["ok", "refused"]);
  expect(await solve("a-5")).toBe("token-of-first:a-5");
  await expect.poll(() => received().at(-1)).toEqual(["upstream.recovered", "first"]);
  await stage.killAndRestart();
  expect(await states()).toEqual(["ok", "refused"]);
  expect(await solve("a-6")).toBe("token-of-first:a-6");

  // No task was sent twice, and no key reached the other account, a tenant or a log.
  for (const action of ["a-1", "a-2", "a-4", "a-5", "a-6"])
    expect(first.creates.filter((each) => each === action)).toHaveLength(1);
  for (const action of ["b-1", "b-2"]) expect(second.creates.filter((each) => each === action)).toHaveLength(1);
  expect([...first.keys, ...second.keys]).toEqual([FIRST_KEY, SECOND_KEY]);
  for (const id of [held, probing, waiting]) expect(JSON.stringify(await read(id))).not.toMatch(/ERROR_/);
  expect(stage.gateway().output()).not.toMatch(new RegExp(`${FIRST_KEY}|${SECOND_KEY}`));
}, 180_000);
