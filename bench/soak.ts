// The soak: minutes of mixed traffic of several tenants with a short retention, so that many tasks are created, solved, delivered and
// purged. Poll spacing and memory must not drift, and each task must end once, with the right status.

import { setTimeout as delay } from "node:timers/promises";
import type { Bundle } from "./build.ts";
import { overOf } from "./inflight.ts";
import { Caller, sendSteadily } from "./load.ts";
import type { Outside } from "./outside.ts";
import { openOutside, taskBody } from "./outside.ts";
import type { Figure } from "./report.ts";
import { createCaller, startBaseline, startGateway } from "./runtime.ts";
import type { SoakedTask } from "./soak-tasks.ts";
import { kindOf, runTask } from "./soak-tasks.ts";
import { mean, quantile, slopeOf } from "./stats.ts";

const TENANTS = ["tenant-a", "tenant-b", "tenant-c"] as const;

/** Tasks per second of all tenants together. About sixty are in flight, which does not load the machine. */
const TASKS_PER_S = 6;

const RETENTION_S = 60;

/** How long (ms) after the traffic the last task has ended and was purged. */
const PURGED_AFTER_MS = (60 + RETENTION_S + 15) * 1_000;

/**
 * How many objects each Worker creates and purges before the soak, and how many per second. The memory of a process grows with its first
 * thousands of objects, until the garbage collector has adapted. The rate bounds how many exist at once: each has files open, and a process
 * may have only some thousands.
 */
const WARM_UP = { objects: 8_000, perS: 60 } as const;

/** Reads per second at the end. An object that was read stays in memory for ten seconds, with its files open. */
const READS_PER_S = 200;

const MINUTE_MS = 60_000;

export interface SoakResult {
  readonly figures: Figure[];
  /** The first hundred failures, one line each. */
  readonly failures: string[];
}

/** The memory of both processes, `at` ms after the start. */
interface MemoryReading {
  readonly at: number;
  readonly gatewayKiB: number;
  readonly baselineKiB: number;
}

export async function soak(bundle: Bundle, minutes: number, print: (line: string) => void): Promise<SoakResult> {
  const outside = await openOutside();
  const gateway = await startGateway(bundle, { ...outside.variables, TASK_RETENTION_S: String(RETENTION_S) });
  // workerd keeps some memory for every object that has existed, and more for one that has sent requests. So the baseline creates and
  // purges as many objects, writes as often, and sends about as many requests.
  const baselineOutside = await openOutside();
  const { UPSTREAM_URL = "" } = baselineOutside.variables;
  const baseline = await startBaseline({ KIND: "purge", ALARM_MS: String((RETENTION_S * 1_000) / 7), UPSTREAM_URL });
  const callers: Caller[] = [];
  const toBaseline = new Caller(baseline.url);
  const accept = () => toBaseline.send("POST", "/", { body: taskBody("never", "task") });
  const memory: MemoryReading[] = [];
  let reading: NodeJS.Timeout | undefined;
  try {
    const warmUp = await createCaller(gateway, "warm-up", "live");
    const body = taskBody("ready-1000", "warm-up");
    await Promise.all([
      sendSteadily(WARM_UP.perS, WARM_UP.objects, () => warmUp.send("POST", "/v1/tasks", { body })),
      sendSteadily(WARM_UP.perS, WARM_UP.objects, accept),
    ]);
    warmUp.close();
    await delay((RETENTION_S + 15) * 1_000);
    print("warm-up done; the traffic begins");

    for (const tenant of TENANTS) callers.push(await createCaller(gateway, tenant, "live"));
    const startedAt = Date.now();
    reading = setInterval(() => {
      const at = Date.now() - startedAt;
      memory.push({ at, gatewayKiB: gateway.memoryKiB(), baselineKiB: baseline.memoryKiB() });
      if (memory.length % 12 === 0) print(describe(memory, outside));
    }, 5_000);
    const count = Math.floor(minutes * 60 * TASKS_PER_S);
    const caller = (index: number) => callers[index % callers.length] ?? toBaseline;
    const [tasks] = await Promise.all([
      sendSteadily(TASKS_PER_S, count, (index) => runTask(caller(index), index, outside.webhookUrl)),
      sendSteadily(TASKS_PER_S, count, accept),
    ]);
    clearInterval(reading);
    print(`${tasks.length} tasks were submitted; waiting until all must be purged`);
    await delay(PURGED_AFTER_MS);
    return await resultOf(outside, tasks, memory, startedAt);
  } finally {
    clearInterval(reading);
    for (const caller of [...callers, toBaseline]) caller.close();
    await Promise.all([gateway.stop(), baseline.stop(), outside.close(), baselineOutside.close()]);
  }
}

function describe(memory: readonly MemoryReading[], { tasks }: Outside): string {
  const { at = 0, gatewayKiB = 0, baselineKiB = 0 } = memory.at(-1) ?? {};
  const least = Math.min(...tasks.flatMap(overOf).map(({ overMs }) => overMs));
  const mib = (kib: number) => `${Math.round(kib / 1_024)} MiB`;
  return `${Math.round(at / MINUTE_MS)} min: ${mib(gatewayKiB)}, baseline ${mib(baselineKiB)}; shortest poll spacing 3 s + ${least} ms`;
}

async function resultOf(
  outside: Outside,
  tasks: readonly SoakedTask[],
  memory: readonly MemoryReading[],
  startedAt: number,
): Promise<SoakResult> {
  const overs = outside.tasks.filter(({ createdAt }) => createdAt >= startedAt).flatMap(overOf);
  const failures = tasks.flatMap(({ failure }) => failure ?? []);
  const webhooks = webhookFailures(tasks, outside);
  const statuses = await sendSteadily(READS_PER_S, tasks.length, async (index) => {
    const { caller, id } = tasks[index] ?? {};
    return id == null ? 404 : (await caller?.send("GET", `/v1/tasks/${id}`, { expected: [200, 404] }))?.status;
  });
  const readable = statuses.filter((status) => status !== 404).length;
  const none = (name: string, value: number): Figure => {
    return { name, unit: "count", value, target: { side: "at most", bound: 0 } };
  };
  return {
    figures: [
      {
        name: "poll spacing, least",
        unit: "ms",
        value: 3_000 + Math.min(...overs.map(({ overMs }) => overMs)),
        target: { side: "at least", bound: 3_000 },
      },
      driftFigure(overs, startedAt),
      ...memoryFigure(memory),
      none("tasks that were rejected or ended with a wrong status", failures.length),
      none("webhooks missing, repeated or wrong", webhooks.length),
      none("tasks still readable after their retention", readable),
    ],
    failures: [...failures, ...webhooks].slice(0, 100),
  };
}

/**
 * How much later polls are at the end of the run than at its start. Uses the earliest tenth of each minute's polls, because a busy machine
 * delays some polls and drift delays all.
 */
function driftFigure(overs: readonly { readonly at: number; readonly overMs: number }[], startedAt: number): Figure {
  const byMinute = Object.values(Object.groupBy(overs, ({ at }) => Math.floor((at - startedAt) / MINUTE_MS)));
  const early = byMinute.map((some = []) =>
    quantile(
      some.map(({ overMs }) => overMs),
      0.1,
    ),
  );
  return {
    name: "drift of the poll spacing over the run",
    unit: "ms",
    value: slopeOf(early.map((over, minute) => [minute, over])) * Math.max(early.length - 1, 0),
    target: { side: "at most", bound: 5 },
    parts: { overP10MsByMinute: early },
  };
}

/** The growth along the least squares line, because garbage collection makes single readings vary. */
function memoryFigure(memory: readonly MemoryReading[]): Figure[] {
  if (memory.length < 2 || memory.some(({ gatewayKiB }) => Number.isNaN(gatewayKiB))) return [];
  const spanMs = (memory.at(-1)?.at ?? 0) - (memory[0]?.at ?? 0);
  const grownKiB = (read: (one: MemoryReading) => number) => spanMs * slopeOf(memory.map((one) => [one.at, read(one)]));
  const gatewayGrownKiB = grownKiB(({ gatewayKiB }) => gatewayKiB);
  const baselineGrownKiB = grownKiB(({ baselineKiB }) => baselineKiB);
  const gatewayMeanKiB = mean(memory.map(({ gatewayKiB }) => gatewayKiB));
  return [
    {
      name: "growth of memory minus the baseline's, to the mean",
      unit: "ratio",
      value: (gatewayGrownKiB - baselineGrownKiB) / gatewayMeanKiB,
      target: { side: "at most", bound: 0.1 },
      parts: { gatewayMeanKiB, gatewayGrownKiB, baselineGrownKiB },
    },
  ];
}

/** Checks that there is exactly one webhook for each task with a webhook. */
function webhookFailures(tasks: readonly SoakedTask[], { webhooks }: Outside): string[] {
  const times = Map.groupBy(webhooks, ({ type, taskId }) => `${type} ${taskId}`);
  const wanted = new Set(tasks.filter(({ index }) => kindOf(index) === "webhook").map(({ id }) => `task.ready ${id}`));
  const missing = [...wanted].filter((event) => !times.has(event)).map((event) => `missing webhook: ${event}`);
  const wrong = [...times].filter(([event, { length }]) => length !== 1 || !wanted.has(event));
  return [...missing, ...wrong.map(([event, { length }]) => `${length} webhooks: ${event}`)];
}
