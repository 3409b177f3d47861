// Measures the lag of results: the time from the upstream's solution until the receiver has the webhook. The gateway polls every 3 s and solve
// times are distributed evenly over an interval, so half an interval of lag is unavoidable. Measured without and with 200 ms between the
// objects of a task and its tenant.

import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Bundle } from "./build.ts";
import { sendSteadily } from "./load.ts";
import type { Outside } from "./outside.ts";
import { openOutside, readyAtOf, taskBody } from "./outside.ts";
import type { Figure } from "./report.ts";
import { createCaller, startGateway } from "./runtime.ts";
import { mean, quantile } from "./stats.ts";

const POLL_INTERVAL_MS = 3_000;

/** Low enough for both measurements to run at the same time. */
const SUBMITTED_PER_S = 10;

/** Tasks that warm up the code and are not counted. */
const WARM_UP_TASKS = 5;

/** Time limit (ms) for all webhooks to arrive after the last submission. */
const WEBHOOKS_TIMEOUT_MS = 20_000;

const callsSchema = z.array(z.object({ taskId: z.string(), method: z.string(), at: z.number() }));
type FarCall = z.output<typeof callsSchema>[number];

/** @param count tasks of each measurement */
export async function measureLag(bundle: Bundle, count: number): Promise<Figure[]> {
  const [near, far] = await Promise.all([run(bundle, count, 0), run(bundle, count, 200)]);
  const figureOf = (name: string, lagsMs: readonly number[], bound: number): Figure => ({
    name,
    unit: "ms",
    value: mean(lagsMs),
    target: { side: "at most", bound },
    parts: { p50Ms: quantile(lagsMs, 0.5), p99Ms: quantile(lagsMs, 0.99) },
  });
  const callsFigure = (name: string, calls: readonly FarCall[], bound: number): Figure => ({
    name,
    unit: "calls",
    value: calls.length / count,
    target: { side: "at most", bound },
    parts: Object.fromEntries(
      Object.entries(Object.groupBy(calls, ({ method }) => method)).map(([method, some]) => [
        method,
        some?.length ?? 0,
      ]),
    ),
  });
  return [
    figureOf("result lag, upstream ready → webhook received, mean", near.lagsMs, 1_550),
    figureOf("the same with 200 ms between task and tenant objects", far.lagsMs, 1_570),
    callsFigure("calls to the tenant's object, 202 → createTask", far.beforeSubmission, 1),
    callsFigure("calls to the tenant's object, final → first webhook", far.beforeWebhook, 0),
  ];
}

interface Measured {
  readonly lagsMs: readonly number[];
  /** Calls from task objects to the tenant's object before createTask, and between the end of a task and its webhook. */
  readonly beforeSubmission: readonly FarCall[];
  readonly beforeWebhook: readonly FarCall[];
}

async function run(bundle: Bundle, count: number, farMs: number): Promise<Measured> {
  const outside = await openOutside();
  const worker = await startGateway(bundle, { ...outside.variables, BENCH_FAR_MS: String(farMs) });
  const caller = await createCaller(worker, "tenant-a", "live");
  const submit = (websiteKey: string, name: string) =>
    caller.send("POST", "/v1/tasks", { body: taskBody(websiteKey, name, { webhookUrl: outside.webhookUrl }) });
  try {
    for (let index = 0; index < WARM_UP_TASKS; index += 1) await submit("ready-0", `warm-${index}`);
    // The order of submission is independent of the solve times.
    const solveMs = (index: number) => Math.round(POLL_INTERVAL_MS * (1 + (((index * 37) % count) + 0.5) / count));
    await sendSteadily(SUBMITTED_PER_S, count, (index) => submit(`ready-${solveMs(index)}`, `task-${index}`));
    for (let waitedMs = 0; outside.webhooks.length < WARM_UP_TASKS + count; waitedMs += 100) {
      if (waitedMs > WEBHOOKS_TIMEOUT_MS)
        throw new Error(`${outside.webhooks.length} webhooks of ${WARM_UP_TASKS + count} tasks arrived`);
      await delay(100);
    }
    const { body } = await caller.send("GET", "/__bench/calls");
    return measuredOf(outside, callsSchema.parse(JSON.parse(body)));
  } finally {
    caller.close();
    await worker.stop();
    await outside.close();
  }
}

function measuredOf({ tasks, webhooks }: Outside, calls: readonly FarCall[]): Measured {
  const byName = new Map(tasks.map((task) => [task.name, task]));
  const counted = webhooks.flatMap((webhook) => {
    const task = byName.get(webhook.name);
    return task === undefined || !webhook.name.startsWith("task-") ? [] : [{ webhook, task }];
  });
  const callsOf = (id: string) => calls.filter(({ taskId }) => `tsk_${taskId}` === id);
  const beforeWebhook = (id: string, finishedAt: number) => {
    const calls = callsOf(id);
    // In the order in which they were started: the outcome is reported while the attempt is under way.
    const attempt = calls.findIndex(({ method }) => method === "webhook");
    if (attempt === -1) throw new Error(`the webhook attempt of ${id} is not listed`);
    return calls.slice(0, attempt).filter(({ at }) => at >= finishedAt);
  };
  return {
    lagsMs: counted.map(({ webhook, task }) => webhook.at - readyAtOf(task)),
    beforeSubmission: counted.flatMap(({ webhook, task }) =>
      callsOf(webhook.taskId).filter(({ at }) => at < task.createdAt),
    ),
    beforeWebhook: counted.flatMap(({ webhook }) => beforeWebhook(webhook.taskId, webhook.finishedAt)),
  };
}
