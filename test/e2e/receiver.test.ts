// The README's webhook receiver, run with the system's Node: it accepts the webhooks of a real gateway and rejects others.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { freePort, PROJECT } from "../../scripts/support/gateway-process.ts";
import type { Task } from "../../src/tasks/present.ts";
import { userPath } from "./commands.ts";
import { sharedGateway } from "./shared-gateway.ts";
import type { Target } from "./support.ts";
import { ask, awaitTask, createKey, createTenant, EXAMPLE_TASK } from "./support.ts";

interface Receiver {
  readonly url: string;
  /** The lines that it has printed. */
  readonly lines: string[];
}

/** Ends the process of the example, even if it never listened. */
let stop: () => Promise<unknown> = async () => undefined;

/** Starts the example and waits until it listens. */
async function startExample(secret: string): Promise<Receiver> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/hook`;
  const child: ChildProcess = spawn("node", [join(PROJECT, "scripts", "receiver-example.mjs")], {
    env: { ...process.env, PATH: userPath(), WEBHOOK_SECRET: secret, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines: string[] = [];
  if (child.stdout === null) throw new Error("the receiver has no output");
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  stop = () => {
    child.kill();
    return exited;
  };
  await vi.waitUntil(() => lines.shift() === `Listening on http://127.0.0.1:${port}`, { timeout: 20_000 });
  return { url, lines };
}

let gateway: Target;
let secret: string;
let key: string;
let receiver: Receiver;

beforeAll(async () => {
  gateway = await sharedGateway();
  secret = (await createTenant(gateway, "receiver")).webhookSecrets.test;
  key = await createKey(gateway, "receiver", "test");
  receiver = await startExample(secret);
});

afterAll(() => stop());

/** Sends a signed request to the receiver and returns the status. `overrides` replace headers. */
async function send(body: string, signedWith: string, overrides: Record<string, string> = {}): Promise<number> {
  const now = new Date();
  const headers = {
    "content-type": "application/json",
    "webhook-id": "msg_forged",
    "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
    "webhook-signature": new Webhook(signedWith).sign("msg_forged", now, body),
    ...overrides,
  };
  return (await fetch(receiver.url, { method: "POST", headers, body })).status;
}

/** Sends the beginning of a request and closes the connection. */
async function sendHalf(): Promise<void> {
  const { hostname, port } = new URL(receiver.url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.write("POST /hook HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nhalf");
  socket.resetAndDestroy();
}

describe("the README's webhook receiver", () => {
  it("accepts the gateway's webhook and prints its type, the task's id and the task's status", async () => {
    const { body } = await ask(gateway, "POST", "/v1/tasks", {
      token: key,
      body: {
        task: { ...EXAMPLE_TASK, websiteKey: "sandbox-instant" },
        webhookUrl: receiver.url,
        metadata: { größe: "例え" },
      },
    });
    const { id }: Task = body;
    await expect
      .poll(async () => (await awaitTask(gateway, key, id)).webhook, { timeout: 20_000 })
      .toMatchObject({ state: "delivered", attempts: 1, lastStatus: 204 });
    await expect.poll(() => receiver.lines).toEqual([`task.ready ${id} ready`]);
  });

  const event = JSON.stringify({ type: "task.ready", data: { id: "tsk_forged", status: "ready" } });
  const another = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

  it.each<[string, () => Promise<number>]>([
    ["with another secret's signature", () => send(event, another)],
    ["without a signature", () => send(event, secret, { "webhook-signature": "" })],
    ["with another webhook's id", () => send(event, secret, { "webhook-id": "msg_other" })],
    [
      "with a timestamp of an hour ago",
      () => send(event, secret, { "webhook-timestamp": String(Math.floor(Date.now() / 1_000) - 3_600) }),
    ],
    ["without the webhook headers", async () => (await fetch(receiver.url, { method: "POST", body: event })).status],
  ])("answers 400 to a request %s, and prints nothing", async (_how, request) => {
    const before = [...receiver.lines];
    expect(await request()).toBe(400);
    expect(await send(event, secret)).toBe(204);
    await expect.poll(() => receiver.lines).toEqual([...before, "task.ready tsk_forged ready"]);
  });

  it("keeps running after a request that was cut off and after an event without a task", async () => {
    await sendHalf();
    expect(await send(JSON.stringify({ type: "webhook.test" }), secret)).toBe(204);
    expect(await send(event, secret)).toBe(204);
  });
});
