// Counts what a webhook task costs in the objects of the deployed bundle, from its creation to its purge. The objects' clock runs faster,
// so that minutes take seconds. The counts do not depend on the machine. The budget test counts every kind of task.

import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { Bundle } from "./build.ts";
import type { Caller } from "./load.ts";
import { costOf, countsBetween } from "./metering/cost.ts";
import type { Reading } from "./metering/meter.ts";
import { openOutside, taskBody } from "./outside.ts";
import type { Figure } from "./report.ts";
import { createCaller, startGateway } from "./runtime.ts";

/** The factor by which the objects' clock runs faster. */
const SPEED = 25;

/** Longer than a solution is valid, so that it is deleted before the task is purged. */
const RETENTION_S = 130;

/** How long (ms) the counts must not change before they are final: longer than two polls of the fast clock. */
const QUIET_MS = 300;
const LOOK_EVERY_MS = 50;

export async function measureRows(bundle: Bundle): Promise<Figure[]> {
  const outside = await openOutside();
  const worker = await startGateway(bundle, {
    ...outside.variables,
    BENCH_METER: "true",
    BENCH_SPEED: String(SPEED),
    TASK_RETENTION_S: String(RETENTION_S),
  });
  const caller = await createCaller(worker, "tenant-a", "live");
  try {
    const submit = (websiteKey: string) =>
      caller.send("POST", "/v1/tasks", { body: taskBody(websiteKey, "task", { webhookUrl: outside.webhookUrl }) });
    const sharedIds = Object.keys((await readWhenQuiet(caller)).objects);
    // The tenant's alarm is set for this task's lease and stays set, as in steady traffic.
    await submit("reject");
    const before = await readWhenQuiet(caller);
    await submit("polls-4");
    const ended = await readWhenQuiet(caller);
    await delay((RETENTION_S * 1_000) / SPEED);
    const purged = await readWhenQuiet(caller);
    const created = Object.entries(ended.objects).filter(([id]) => before.objects[id] === undefined);
    const taskId = created.find(([, { role }]) => role === "task")?.[0] ?? "";
    if (outside.webhooks.length !== 2) throw new Error(`${outside.webhooks.length} webhooks were sent, not 2`);
    const untilEnd = countsBetween(before, ended, [taskId, ...sharedIds]);
    const afterwards = countsBetween(ended, purged, [taskId]);
    const counts = {
      ...untilEnd,
      rowsWritten: untilEnd.rowsWritten + afterwards.rowsWritten,
      alarms: untilEnd.alarms + afterwards.alarms,
      calls: untilEnd.calls + afterwards.calls,
    };
    const cost = costOf(counts);
    return [
      {
        name: "rows written per webhook task (4 polls)",
        unit: "rows",
        value: counts.rowsWritten,
        target: { side: "at most", bound: 16 },
        parts: { alarms: counts.alarms, calls: counts.calls, outgoing: counts.outgoing },
      },
      {
        name: "cost per million webhook tasks",
        unit: "$",
        value: cost.total,
        target: { side: "at most", bound: 21 },
        parts: { ...cost, activeS: counts.activeS },
      },
    ];
  } finally {
    caller.close();
    await worker.stop();
    await outside.close();
  }
}

/** The counts, once they no longer change. */
async function readWhenQuiet(caller: Caller): Promise<Reading> {
  const read = async () => JSON.parse((await caller.send("GET", "/__bench/meter")).body) as Reading;
  let reading = await read();
  for (let quietMs = 0; quietMs < QUIET_MS; quietMs += LOOK_EVERY_MS) {
    await delay(LOOK_EVERY_MS);
    const next = await read();
    if (!isDeepStrictEqual(next, reading)) quietMs = 0;
    reading = next;
  }
  return reading;
}
