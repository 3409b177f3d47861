// `npm run demo`: the main job end to end, on an empty machine. A gateway, an upstream behind a real HTTP port, a tenant with a
// live key, the seed's example task, its progress, and its result both from the status endpoint and by a signed webhook.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { z } from "zod";
import { startGateway } from "./support/gateway-process.ts";
import { startSandbox } from "./support/sandbox-server.ts";
import { startReceiver } from "./support/webhook-receiver.ts";

/** How long (ms) the whole task may take before the demo gives up. */
const PATIENCE_MS = 60_000;

const SEED_TASK = {
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

/** One line of the story: a mark, what happened, when. It reads the same in a terminal and in a log. */
function say(mark: string, text: string): void {
  const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1).padStart(5);
  console.log(`${seconds} s  ${mark} ${text}`);
}

async function ask(url: string, token: string, init: { method?: string; body?: unknown } = {}): Promise<unknown> {
  const response = await fetch(url, {
    method: init.method ?? "GET",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(`${init.method ?? "GET"} ${url}: ${response.status} ${JSON.stringify(body)}`);
  return body;
}

async function demo(cleanups: (() => unknown)[]): Promise<string> {
  say("·", "starting an upstream, a webhook receiver and the gateway, all on loopback");
  const upstream = await startSandbox(0);
  cleanups.push(() => upstream.close());
  const receiver = await startReceiver();
  cleanups.push(() => receiver.close());
  const state = mkdtempSync(join(tmpdir(), "solvegate-demo-"));
  cleanups.push(() => rmSync(state, { recursive: true, force: true }));
  const adminToken = randomBytes(24).toString("hex");
  const gateway = await startGateway({
    persistTo: state,
    vars: {
      ADMIN_TOKEN: adminToken,
      UPSTREAM_URL: upstream.url,
      UPSTREAM_CLIENT_KEY: "demo-operator-key",
      ALLOW_PRIVATE_WEBHOOKS: "true",
    },
  });
  cleanups.push(() => gateway.stop());
  say("✓", `gateway on ${gateway.url}, upstream on ${upstream.url}`);

  const tenant = z.object({ webhookSecrets: z.object({ live: z.string() }) }).parse(
    await ask(`${gateway.url}/admin/tenants`, adminToken, {
      method: "POST",
      body: { id: "demo", name: "Demo", allowedHosts: ["antcpt.com"] },
    }),
  );
  const { key } = z.object({ key: z.string() }).parse(
    await ask(`${gateway.url}/admin/tenants/demo/keys`, adminToken, {
      method: "POST",
      body: { name: "Demo", mode: "live" },
    }),
  );
  say("✓", "tenant demo may solve on antcpt.com, and has a live key");

  const accepted = taskSchema.parse(
    await ask(`${gateway.url}/v1/tasks`, key, {
      method: "POST",
      body: { task: SEED_TASK, webhookUrl: receiver.url, metadata: { from: "demo" } },
    }),
  );
  say("✓", `task ${accepted.id.slice(0, 16)}… accepted for ${SEED_TASK.websiteURL}`);

  const done = await follow(gateway.url, key, accepted.id);
  if (done.status !== "ready" || done.solution === null) {
    throw new Error(`the task is ${done.status}: ${done.error?.message ?? "no word why"}`);
  }
  const token = done.solution.gRecaptchaResponse;
  say("✓", `the status endpoint has the solution, after ${done.polls} polls`);

  const webhook = await within(receiver.nth(1), "no webhook came");
  new Webhook(tenant.webhookSecrets.live).verify(webhook.body, headersOf(webhook.headers));
  const event = eventSchema.parse(JSON.parse(webhook.body));
  if (event.type !== "task.ready" || event.data.solution?.gRecaptchaResponse !== token) {
    throw new Error(`the webhook says ${event.type}, with another solution`);
  }
  say("✓", `the webhook ${String(webhook.headers["webhook-id"]).slice(0, 16)}… has it too, and its signature is right`);

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

/** Follows a task to its end, telling each change and each poll. */
async function follow(url: string, key: string, id: string): Promise<z.output<typeof taskSchema>> {
  const until = Date.now() + PATIENCE_MS;
  let told = "";
  while (Date.now() < until) {
    const task = taskSchema.parse(await ask(`${url}/v1/tasks/${id}`, key));
    const state = `${task.status}, ${task.polls} ${task.polls === 1 ? "poll" : "polls"}`;
    if (state !== told) say(task.status === "ready" ? "✓" : "…", state);
    told = state;
    if (task.status !== "queued" && task.status !== "processing") return task;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`the task was not finished in ${PATIENCE_MS / 1_000} s`);
}

async function within<T>(promise: Promise<T>, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(message)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function headersOf(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

const cleanups: (() => unknown)[] = [];
const outcome = await demo(cleanups).then(
  (token) => `DEMO OK token=${token} webhook=verified`,
  (error: unknown) => {
    process.exitCode = 1;
    return `DEMO FAILED ${error instanceof Error ? error.message : String(error)}`;
  },
);
for (const cleanup of cleanups.reverse()) await cleanup();
console.log(`\n${outcome}`);
