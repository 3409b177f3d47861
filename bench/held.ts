// `Prefer: wait`: from the moment at which a task's object knows the end until its caller, held on the line, knows it. Both read
// one clock, the machine's, to the millisecond.

import type { Bundle } from "./build.ts";
import type { Figure } from "./report.ts";
import { startGateway } from "./runtime.ts";
import { makeCaller } from "./stage.ts";
import { quantile } from "./stats.ts";

/** Held requests a second: they end at that pace too, one first poll (3 s) after they began. */
const PER_SECOND = 20;

/** Not answered before its task is ready, which the first poll finds. */
const SOON_TASK = JSON.stringify({
  task: {
    type: "RecaptchaV3TaskProxyless",
    websiteURL: "https://antcpt.com/score_detector",
    websiteKey: "sandbox-delay-2000",
    pageAction: "homepage",
  },
});

/** Holds `count` requests until their tasks are ready. */
export async function measureHeld(bundle: Bundle, count: number): Promise<Figure> {
  const worker = await startGateway(bundle);
  try {
    const caller = await makeCaller(worker, "tenant-a");
    const hold = async (index: number): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, (index * 1_000) / PER_SECOND));
      const { body } = await caller.send("POST", "/v1/tasks", [200], SOON_TASK, { prefer: "wait=30" });
      const arrivedAt = Date.now();
      const { status, finishedAt } = JSON.parse(body) as { status: string; finishedAt: string };
      if (status !== "ready") throw new Error(`a held task is ${status}`);
      return arrivedAt - Date.parse(finishedAt);
    };
    // The first compiles the path and is not counted.
    await hold(0);
    const lagsMs = await Promise.all(Array.from({ length: count }, (_, index) => hold(index)));
    caller.close();
    return {
      name: "Prefer: wait, from the object's knowing to the caller's, p99",
      unit: "ms",
      value: quantile(lagsMs, 0.99),
      spread: [Math.min(...lagsMs), Math.max(...lagsMs)],
      target: { side: "at most", bound: 25 },
      parts: { p50Ms: quantile(lagsMs, 0.5), requests: count },
    };
  } finally {
    await worker.stop();
  }
}
