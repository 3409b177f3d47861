// `Prefer: wait`: from the moment at which a task's object has the result until its caller has it. Both read the machine's clock.

import type { Bundle } from "./build.ts";
import { sendSteadily } from "./load.ts";
import { openOutside, taskBody } from "./outside.ts";
import type { Figure } from "./report.ts";
import { createCaller, startGateway } from "./runtime.ts";
import { quantile } from "./stats.ts";

/** Long polls started per second; they end at the same rate, with the first poll after 3 s. */
const PER_SECOND = 20;

export async function measureWaits(bundle: Bundle, count: number): Promise<Figure> {
  const outside = await openOutside();
  const worker = await startGateway(bundle, outside.variables);
  const caller = await createCaller(worker, "tenant-a", "live");
  const wait = async (index: number): Promise<number> => {
    const body = taskBody("ready-2000", `task-${index}`);
    const answer = await caller.send("POST", "/v1/tasks", { body, headers: { prefer: "wait=30" }, expected: [200] });
    const arrivedAt = Date.now();
    return arrivedAt - Date.parse((JSON.parse(answer.body) as { finishedAt: string }).finishedAt);
  };
  try {
    // The first compiles the code, and is not counted.
    await wait(0);
    const lagsMs = await sendSteadily(PER_SECOND, count, wait);
    return {
      name: "Prefer: wait lag p99",
      unit: "ms",
      value: quantile(lagsMs, 0.99),
      spread: [Math.min(...lagsMs), Math.max(...lagsMs)],
      target: { side: "at most", bound: 25 },
      parts: { p50Ms: quantile(lagsMs, 0.5), longPolls: count },
    };
  } finally {
    caller.close();
    await worker.stop();
    await outside.close();
  }
}
