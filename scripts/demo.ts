// `npm run demo`: the main job on an empty machine. It starts a gateway, an upstream and a webhook receiver, submits the example task of
// the upstream's documentation with a live key, and receives the result from the status endpoint and by a signed webhook. It ends all
// processes that it started, also when it is interrupted.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Solvegate, SolvegateAdmin, type Task, verifyWebhook } from "../src/client/index.ts";
import { startGateway } from "./support/gateway-process.ts";
import { startSandbox } from "./support/sandbox-server.ts";
import { Shutdown, shutdownSignal } from "./support/shutdown.ts";
import { messageOf } from "./support/start-error.ts";
import { startReceiver } from "./support/webhook-receiver.ts";

/** Time limit (ms) of the task, and of its webhook after that. */
const TIMEOUT_MS = 60_000;

const EXAMPLE_TASK = {
  websiteURL: "https://antcpt.com/score_detector",
  websiteKey: "6LcR_okUAAAAAPYrPe-HK_0RULO1aZM15ENyM-Mf",
  pageAction: "homepage",
  websiteTitle: "Score detector for reCAPTCHA v3",
};

const startedAt = Date.now();

/** Prints a line with the time since the start. */
function report(mark: string, text: string): void {
  const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1).padStart(5);
  console.log(`${seconds} s  ${mark} ${text}`);
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

  const baseUrl = gateway.url;
  const admin = new SolvegateAdmin({ baseUrl, adminToken });
  const tenant = await admin.tenants.create({ id: "demo", name: "Demo", allowedHosts: ["antcpt.com"] });
  const { key } = await admin.keys.create(tenant.id, { name: "Demo", mode: "live" });
  report("✓", "created tenant demo, allowed on antcpt.com, and a live key");

  const { tasks } = new Solvegate({ baseUrl, apiKey: key });
  const metadata = { from: "demo" };
  const accepted = await tasks.create({ task: EXAMPLE_TASK, webhookUrl: receiver.url, metadata });
  report("✓", `task ${accepted.id.slice(0, 16)}… accepted for ${EXAMPLE_TASK.websiteURL}`);

  const done = await tasks.wait(accepted.id, { timeoutSeconds: TIMEOUT_MS / 1_000, signal, onProgress: reporter() });
  if (done.status !== "ready" || done.solution === null) {
    throw new Error(`The task is ${done.status}: ${done.error?.message ?? "there is no error message"}`);
  }
  const token = done.solution.gRecaptchaResponse;
  report("✓", `the status endpoint has the solution, after ${done.polls} polls`);

  const webhook = await Promise.race([receiver.nth(1), delay(TIMEOUT_MS, null, { ref: false })]);
  if (webhook === null) throw new Error("No webhook arrived.");
  const { body, headers } = webhook;
  const event = await verifyWebhook({ body, headers, secret: tenant.webhookSecrets.live });
  if (event.type !== "task.ready" || event.data.solution?.gRecaptchaResponse !== token) {
    throw new Error(`The webhook is ${event.type}, or has another solution.`);
  }
  report("✓", `the webhook ${String(headers["webhook-id"]).slice(0, 16)}… has the same solution and a valid signature`);

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

/** Prints each change of a task's status and polls. */
function reporter(): (task: Task) => void {
  let reported = "";
  return ({ status, polls }) => {
    const state = `${status}, ${polls} ${polls === 1 ? "poll" : "polls"}`;
    if (state !== reported) report(status === "ready" ? "✓" : "…", state);
    reported = state;
  };
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
