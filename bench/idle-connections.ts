// Whether 100 idle stream connections slow a tenant down: tasks of a tenant that has them and of one that has none take turns on one
// gateway, and each pair gives a ratio of two medians.

import type { Bundle } from "./build.ts";
import { sendSteadily } from "./load.ts";
import { openOutside, taskBody } from "./outside.ts";
import type { Figure } from "./report.ts";
import type { RunningWorker } from "./runtime.ts";
import { callerOf, createKey, startGateway } from "./runtime.ts";
import { quantile } from "./stats.ts";

const CONNECTIONS = 100;
const SUBMITTED_PER_S = 20;

/** Tasks of each tenant that compile the code, and are not counted. */
const WARM_UP_TASKS = 10;

/** How much slower (ratio) still counts as equal: medians of equal loads differ by as much. */
const TOLERANCE = 1.1;

const TENANTS = ["connected", "alone"] as const;
type Tenant = (typeof TENANTS)[number];

/** @param count tasks of each tenant */
export async function measureIdleConnections(bundle: Bundle, count: number): Promise<Figure[]> {
  const outside = await openOutside();
  const worker = await startGateway(bundle, outside.variables);
  const keys = {
    connected: await createKey(worker, "connected", "live"),
    alone: await createKey(worker, "alone", "live"),
  };
  const callers = { connected: callerOf(worker, keys.connected), alone: callerOf(worker, keys.alone) };
  const sockets = await Promise.all(Array.from({ length: CONNECTIONS }, () => connect(worker, keys.connected)));
  const sentAt = new Map<string, number>();
  const acceptedMs: Record<Tenant, number[]> = { connected: [], alone: [] };
  const tenantOf = (index: number): Tenant => (index % 2 === 0 ? "connected" : "alone");
  const submit = async (index: number) => {
    const name = `${tenantOf(index)}-${index}`;
    sentAt.set(name, Date.now());
    // Not solved while this runs: the first poll comes after 3 s.
    const { latencyMs } = await callers[tenantOf(index)].send("POST", "/v1/tasks", { body: taskBody("never", name) });
    if (index >= 2 * WARM_UP_TASKS) acceptedMs[tenantOf(index)].push(latencyMs);
  };
  try {
    const total = 2 * (WARM_UP_TASKS + count);
    await sendSteadily(SUBMITTED_PER_S, total, submit);
    while (outside.tasks.length < total) await new Promise((resolve) => setTimeout(resolve, 50));
    const submitted = outside.tasks.slice(2 * WARM_UP_TASKS);
    const submittedMs = (tenant: Tenant) =>
      submitted
        .filter(({ name }) => name.startsWith(tenant))
        .map(({ name, createdAt }) => createdAt - (sentAt.get(name) ?? Number.NaN));
    const figureOf = (name: string, connectedMs: readonly number[], aloneMs: readonly number[]): Figure => {
      const [connected, alone] = [quantile(connectedMs, 0.5), quantile(aloneMs, 0.5)];
      return {
        name: `${name} with ${CONNECTIONS} idle connections, p50, to none`,
        unit: "ratio",
        value: connected / alone,
        target: { side: "at most", bound: TOLERANCE },
        parts: { connectedMs: connected, aloneMs: alone },
      };
    };
    return [
      figureOf("accept latency", acceptedMs.connected, acceptedMs.alone),
      figureOf("request → createTask", submittedMs("connected"), submittedMs("alone")),
    ];
  } finally {
    for (const socket of sockets) socket.close();
    for (const caller of Object.values(callers)) caller.close();
    await worker.stop();
    await outside.close();
  }
}

async function connect(worker: RunningWorker, key: string): Promise<WebSocket> {
  const socket = new WebSocket(`${worker.url.replace("http", "ws")}/v1/stream`, ["solvegate.v1", `bearer.${key}`]);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  return socket;
}
