// `npm run demo`: the main job on an empty machine. It starts a gateway, an upstream and a webhook receiver, submits the example task of
// the upstream's documentation with a live key, and receives the result from the status endpoint and by a signed webhook. With
// `-- --listen` it also shows `solvegate listen`. It ends all processes that it started, also when it is interrupted.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { z } from "zod";
import { demonstrateListen } from "./support/demo-listen.ts";
import { startGateway } from "./support/gateway-process.ts";
import { startSandbox } from "./support/sandbox-server.ts";
import { Shutdown, shutdownSignal } from "./support/shutdown.ts";
import { messageOf } from "./support/start-error.ts";
import { startReceiver } from "./support/webhook-receiver.ts";

/** Time limit (ms) of the task, and of its webhook after that. */
const TIMEOUT_MS = 60_000;

const EXAMPLE_TASK = {
  type: "RecaptchaV3TaskProxyless",
  websiteURL: "https://antcpt.com/score_detector",
  websiteKey: "6LcR_okUAAAAAPYrPe-HK_0RULO1aZM15ENyM-Mf",
  pageAction: "homepage",
  websiteTitle: "Score detector for reCAPTCHA v3",
};

const taskSchema = z.looseObject({
  id: z.string(),
  status: z.enum(["queued", "processing", "ready", "failed", "canceled"]),
  polls: z.int(),
  solution: z.looseObject({ gRecaptchaResponse: z.string() }).nullable(),
  error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
});
const eventSchema = z.object({ type: z.string(), timestamp: z.string(), data: taskSchema });

const startedAt = Date.now();

/** Prints a line with the time since the start. */
function report(mark: string, text: string): void {
  const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1).padStart(5);
  console.log(`${seconds} s  ${mark} ${text}`);
}

/** Sends a JSON request and returns the body. @throws Error unless the status is 2xx */
async function send(url: string, token: string, init: { method?: string; body?: unknown } = {}): Promise<unknown> {
  const response = await fetch(url, {
    method: init.method ?? "GET",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`${init.method ?? "GET"} ${url}: ${response.status} ${JSON.stringify(body)}`);
  return body;
}

/** Runs the demo and returns the token. Adds to `cleanups` before each step what undoes it. */
async function demo(cleanups: (() => unknown)[], signal: AbortSignal): Promise<string> {
  report("·", "starting an upstream, a webhook receiver and the gateway, all on loopback");
  const upstream = await startSandbox(0);
  cleanups.push(() => upstream.close());
  const receiver = await startReceiver();
  cleanups.push(() => receiver.close());
  signal.throwIfAborted();
  const state = mkdtempSync(join(tmpdir(), "solvegate-demo-"));
  cleanups.push(() => rmSync(state, { recursive: true, force: true }));
  const adminToken = randomBytes(24).toString("hex");
  const starting = startGateway(
    {
      persistTo: state,
      vars: {
        ADMIN_TOKEN: adminToken,
        UPSTREAM_URL: upstream.url,
        UPSTREAM_CLIENT_KEY: "demo-operator-key",
        ALLOW_PRIVATE_WEBHOOKS: "true",
      },
    },
    signal,
  );
  // A start that is aborted or fails ends its own processes.
  cleanups.push(async () => (await starting.catch(() => null))?.stop());
  const gateway = await starting;
  report("✓", `gateway on ${gateway.url}, upstream on ${upstream.url}`);

  const tenant = z.object({ webhookSecrets: z.object({ live: z.string(), test: z.string() }) }).parse(
    await send(`${gateway.url}/admin/tenants`, adminToken, {
      method: "POST",
      body: { id: "demo", name: "Demo", allowedHosts: ["antcpt.com"] },
    }),
  );
  const createKey = async (mode: "live" | "test"): Promise<string> => {
    const body = { name: "Demo", mode };
    const created = await send(`${gateway.url}/admin/tenants/demo/keys`, adminToken, { method: "POST", body });
    return z.object({ key: z.string() }).parse(created).key;
  };
  const key = await createKey("live");
  report("✓", "created tenant demo, allowed on antcpt.com, and a live key");

  const accepted = taskSchema.parse(
    await send(`${gateway.url}/v1/tasks`, key, {
      method: "POST",
      body: { task: EXAMPLE_TASK, webhookUrl: receiver.url, metadata: { from: "demo" } },
    }),
  );
  report("✓", `task ${accepted.id.slice(0, 16)}… accepted for ${EXAMPLE_TASK.websiteURL}`);

  const done = await untilFinished(gateway.url, key, accepted.id);
  if (done.status !== "ready" || done.solution === null) {
    throw new Error(`The task is ${done.status}: ${done.error?.message ?? "there is no error message"}`);
  }
  const token = done.solution.gRecaptchaResponse;
  report("✓", `the status endpoint has the solution, after ${done.polls} polls`);

  const webhook = await withTimeout(receiver.nth(1), "No webhook arrived.");
  new Webhook(tenant.webhookSecrets.live).verify(webhook.body, headersOf(webhook.headers));
  const event = eventSchema.parse(JSON.parse(webhook.body));
  if (event.type !== "task.ready" || event.data.solution?.gRecaptchaResponse !== token) {
    throw new Error(`The webhook is ${event.type}, or has another solution.`);
  }
  report(
    "✓",
    `the webhook ${String(webhook.headers["webhook-id"]).slice(0, 16)}… has the same solution and a valid signature`,
  );

  if (process.argv.includes("--listen")) {
    const { url } = gateway;
    const secret = tenant.webhookSecrets.test;
    const listening = demonstrateListen({ url, apiKey: await createKey("test"), secret, receiver, report, signal });
    await withTimeout(listening, "solvegate listen forwarded no event.");
  }

  console.log("\nFrom the status endpoint:\n");
  console.log(JSON.stringify(done.solution, null, 2));
  console.log("\nFrom the webhook:\n");
  console.log(
    JSON.stringify(
      { type: event.type, timestamp: event.timestamp, data: { id: event.data.id, solution: event.data.solution } },
      null,
      2,
    ),
  );
  return token;
}

/** Reads a task until it is finished, and prints each change of its status and polls. */
async function untilFinished(url: string, key: string, id: string): Promise<z.output<typeof taskSchema>> {
  const until = Date.now() + TIMEOUT_MS;
  let reported = "";
  while (Date.now() < until) {
    const task = taskSchema.parse(await send(`${url}/v1/tasks/${id}`, key));
    const state = `${task.status}, ${task.polls} ${task.polls === 1 ? "poll" : "polls"}`;
    if (state !== reported) report(task.status === "ready" ? "✓" : "…", state);
    reported = state;
    if (task.status !== "queued" && task.status !== "processing") return task;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`The task was not finished in ${TIMEOUT_MS / 1_000} s.`);
}

async function withTimeout<T>(promise: Promise<T>, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(message)), TIMEOUT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function headersOf(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

const cleanups: (() => unknown)[] = [];
const signal = shutdownSignal();
const aborted = new Promise<never>((_resolve, reject) => {
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
});
const outcome = await Promise.race([demo(cleanups, signal), aborted]).then(
  (token) => `DEMO OK token=${token} webhook=verified`,
  (error: unknown) => {
    process.exitCode = error instanceof Shutdown ? error.exitCode : 1;
    return `DEMO FAILED ${messageOf(error)}`;
  },
);
for (const cleanup of cleanups.reverse()) await cleanup();
console.log(`\n${outcome}`);
// After an interruption, pending timers and requests would keep the process alive.
if (signal.aborted) process.exit();
