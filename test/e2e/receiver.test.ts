// The README's receiver, run as it stands: it takes a webhook of a real gateway, and nobody else's.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { freePort, PROJECT } from "../../scripts/support/gateway-process.ts";
import type { Task } from "../../src/tasks/present.ts";
import type { Stage } from "./support.ts";
import { ask, awaitTask, makeKey, makeTenant, SEED_TASK, setStage } from "./support.ts";

interface Receiver {
  readonly url: string;
  /** What it has printed. */
  readonly lines: string[];
}

/** What ends what was started, even where only half of it came up. */
const cleanups: (() => Promise<unknown>)[] = [];

/** Starts the example and waits until it listens. */
async function startExample(secret: string): Promise<Receiver> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/hook`;
  const child: ChildProcess = spawn(process.execPath, [join(PROJECT, "scripts", "receiver-example.mjs")], {
    env: { ...process.env, WEBHOOK_SECRET: secret, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines: string[] = [];
  if (child.stdout === null) throw new Error("the receiver has no output");
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  cleanups.push(() => {
    child.kill();
    return exited;
  });
  // It says nothing when it listens: the first answer, to a request that is no webhook, tells.
  await vi.waitFor(() => fetch(url, { method: "POST" }), { timeout: 20_000 });
  return { url, lines };
}

let stage: Stage;
let secret: string;
let key: string;
let receiver: Receiver;

beforeAll(async () => {
  stage = await setStage();
  cleanups.push(() => stage.close());
  secret = (await makeTenant(stage.gateway(), "acme")).webhookSecrets.test;
  key = await makeKey(stage.gateway(), "acme", "test");
  receiver = await startExample(secret);
});

afterAll(async () => {
  await Promise.all(cleanups.map((clean) => clean()));
});

/** A webhook to the receiver as somebody else would send it; `bearing` has the last word on its headers. */
async function send(body: string, signedWith: string, bearing: Record<string, string> = {}): Promise<number> {
  const now = new Date();
  const headers = {
    "content-type": "application/json",
    "webhook-id": "msg_forged",
    "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
    "webhook-signature": new Webhook(signedWith).sign("msg_forged", now, body),
    ...bearing,
  };
  return (await fetch(receiver.url, { method: "POST", headers, body })).status;
}

describe("the README's receiver", () => {
  it("takes the gateway's webhook and prints its event, its task and how that ended", async () => {
    const { body } = await ask(stage.gateway(), "POST", "/v1/tasks", {
      token: key,
      body: {
        task: { ...SEED_TASK, websiteKey: "sandbox-instant" },
        webhookUrl: receiver.url,
        metadata: { größe: "例え" },
      },
    });
    const { id }: Task = body;
    await expect
      .poll(async () => (await awaitTask(stage.gateway(), key, id)).webhook, { timeout: 20_000 })
      .toMatchObject({ state: "delivered", attempts: 1, lastStatus: 204 });
    await expect.poll(() => receiver.lines).toEqual([`task.ready ${id} ready`]);
  });

  const event = JSON.stringify({ type: "task.ready", data: { id: "tsk_forged", status: "ready" } });
  const another = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

  it.each<[string, () => Promise<number>]>([
    ["with another secret's signature", () => send(event, another)],
    ["with no signature", () => send(event, secret, { "webhook-signature": "" })],
    ["with another webhook's id", () => send(event, secret, { "webhook-id": "msg_other" })],
    [
      "of an hour ago",
      () => send(event, secret, { "webhook-timestamp": String(Math.floor(Date.now() / 1_000) - 3_600) }),
    ],
    ["with no header of a webhook", async () => (await fetch(receiver.url, { method: "POST", body: event })).status],
  ])("answers 400 to a request %s, and prints nothing", async (_how, request) => {
    const before = [...receiver.lines];
    expect(await request()).toBe(400);
    expect(await send(event, secret)).toBe(204);
    await expect.poll(() => receiver.lines).toEqual([...before, "task.ready tsk_forged ready"]);
  });
});
