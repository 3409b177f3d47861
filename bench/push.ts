// Measures the time from the end of a task until its caller has the result, by `Prefer: wait` and by the event stream. All processes use
// the same clock.

import type { Bundle } from "./build.ts";
import type { Caller } from "./load.ts";
import { sendSteadily } from "./load.ts";
import { openOutside, taskBody } from "./outside.ts";
import type { Figure } from "./report.ts";
import type { RunningWorker } from "./runtime.ts";
import { callerOf, createKey, startGateway } from "./runtime.ts";
import { quantile } from "./stats.ts";

/** Long polls per second. Each ends with the first poll of the upstream after 3 s. */
const LONG_POLLS_PER_S = 20;

/** Time limit (ms) for all events to arrive. */
const EVENTS_TIMEOUT_MS = 20_000;

export interface PushPlan {
  readonly longPolls: number;
  /** The number of tasks that are submitted at once, and end at the same time. */
  readonly streamed: number;
}

export async function measurePush(bundle: Bundle, plan: PushPlan): Promise<Figure[]> {
  const outside = await openOutside();
  const worker = await startGateway(bundle, outside.variables);
  const key = await createKey(worker, "tenant-a", "live");
  const caller = callerOf(worker, key);
  try {
    const waitMs = await longPollLags(caller, plan.longPolls);
    const streamMs = await streamLags(worker, key, caller, plan.streamed);
    const figureOf = (name: string, lagsMs: readonly number[], bound: number): Figure => ({
      name,
      unit: "ms",
      value: quantile(lagsMs, 0.99),
      spread: [Math.min(...lagsMs), Math.max(...lagsMs)],
      target: { side: "at most", bound },
      parts: { p50Ms: quantile(lagsMs, 0.5), tasks: lagsMs.length },
    });
    return [
      figureOf("Prefer: wait lag p99", waitMs, 25),
      figureOf(`stream lag p99, ${plan.streamed} tasks at once`, streamMs, 50),
    ];
  } finally {
    caller.close();
    await worker.stop();
    await outside.close();
  }
}

async function longPollLags(caller: Caller, count: number): Promise<number[]> {
  const wait = async (index: number): Promise<number> => {
    const body = taskBody("ready-2000", `task-${index}`);
    const answer = await caller.send("POST", "/v1/tasks", { body, headers: { prefer: "wait=30" }, expected: [200] });
    return Date.now() - finishedAtIn(JSON.parse(answer.body));
  };
  // The first one warms up the code and is not counted.
  await wait(0);
  return sendSteadily(LONG_POLLS_PER_S, count, wait);
}

async function streamLags(worker: RunningWorker, key: string, caller: Caller, count: number): Promise<number[]> {
  const url = `${worker.url.replace("http", "ws")}/v1/stream`;
  const socket = new WebSocket(url, ["solvegate.v1", `bearer.${key}`]);
  try {
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const received = new Promise<number[]>((resolve, reject) => {
      const lagsMs: number[] = [];
      const late = setTimeout(
        () => reject(new Error(`${lagsMs.length} of ${count} events arrived`)),
        EVENTS_TIMEOUT_MS,
      );
      socket.onmessage = ({ data }) => {
        const at = Date.now();
        const { body } = JSON.parse(String(data)) as { body: string };
        lagsMs.push(at - finishedAtIn((JSON.parse(body) as { data: unknown }).data));
        if (lagsMs.length < count) return;
        clearTimeout(late);
        resolve(lagsMs);
      };
    });
    received.catch(() => undefined);
    const submit = (index: number) =>
      caller.send("POST", "/v1/tasks", { body: taskBody("ready-2000", `streamed-${index}`) });
    await Promise.all(Array.from({ length: count }, (_, index) => submit(index)));
    return await received;
  } finally {
    socket.close();
  }
}

const finishedAtIn = (task: unknown): number => Date.parse((task as { finishedAt: string }).finishedAt);
