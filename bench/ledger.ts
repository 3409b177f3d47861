// Measures how long list pages and usage of a large ledger block the tenant's object, which also admits tasks. Measured inside the object,
// to the millisecond.

import { z } from "zod";
import type { Bundle } from "./build.ts";
import type { Caller } from "./load.ts";
import { openOutside, taskBody } from "./outside.ts";
import type { Figure } from "./report.ts";
import { createCaller, startGateway } from "./runtime.ts";

const TENANT = "tenant-a";

/** How many pages of a list are read. It is enough to include the most expensive ones. */
const MAX_PAGES = 60;

/** Each filter alone with a rare value, and some combinations. */
const LISTS = [
  "limit=100",
  "status=failed&limit=100",
  "status=canceled&limit=100",
  "status=processing&limit=100",
  "website=rare.example&limit=100",
  "website=shop7.example&limit=100",
  "website=nothing.example&limit=1",
  "webhookState=exhausted&limit=100",
  "reference=order-500",
  "reference=nothing",
  "status=canceled&website=rare.example&webhookState=exhausted",
];

const timesSchema = z.array(z.object({ method: z.string(), ms: z.number() }));
const pageSchema = z.object({ nextCursor: z.string().nullable() });

export async function measureLedger(bundle: Bundle, rows: number): Promise<Figure[]> {
  const outside = await openOutside();
  const worker = await startGateway(bundle, { ...outside.variables, BENCH_TIMES: "true" });
  const live = await createCaller(worker, TENANT, "live");
  try {
    await live.send("POST", "/v1/tasks", {
      body: taskBody("ready-0", "task"),
      headers: { prefer: "wait=30" },
      expected: [200],
    });
    await live.send("GET", `/__bench/fill?tenant=${TENANT}&rows=${rows}`);
    // The first call loads the object again, which is not measured.
    await slowestMs(live, ["/v1/tasks?limit=1"]);
    const day = (daysAgo: number) => new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10);
    const middle = `createdBefore=${new Date(Date.now() - 15 * 86_400_000).toISOString()}`;
    const lists: Record<string, number> = {};
    for (const query of [...LISTS, middle, `${middle}&status=canceled`])
      lists[query] = await slowestPageMs(live, query);
    const usage = `/v1/usage?from=${day(29)}&to=${day(0)}`;
    const firstUsageMs = await slowestMs(live, [usage]);
    const usageMs = Math.min(await slowestMs(live, [usage]), await slowestMs(live, [usage]));
    const byKey = `${usage}&groupBy=key`;
    const usageByKeyMs = Math.min(await slowestMs(live, [byKey]), await slowestMs(live, [byKey]));
    const million = `ledger of ${rows.toLocaleString("en-US")} rows`;
    const target = { side: "at most", bound: 20 } as const;
    return [
      {
        name: `${million}: slowest list page`,
        unit: "ms",
        value: Math.max(...Object.values(lists)),
        target,
        parts: lists,
      },
      {
        name: `${million}: usage of 30 days`,
        unit: "ms",
        value: Math.max(usageMs, usageByKeyMs),
        target,
        parts: { usageMs, usageByKeyMs, firstUsageMs },
      },
    ];
  } finally {
    live.close();
    await worker.stop();
    await outside.close();
  }
}

/** The time (ms) of the slowest page of a list. A slow page is read again, because the machine may have been busy. */
async function slowestPageMs(caller: Caller, query: string): Promise<number> {
  let slowest = 0;
  let cursor: string | null = "";
  for (let page = 0; page < MAX_PAGES && cursor !== null; page += 1) {
    const path: string = `/v1/tasks?${query}${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
    const { body } = await caller.send("GET", path);
    const takenMs = [await takeSlowestMs(caller)];
    while (takenMs.length < 3 && Math.min(...takenMs) > slowest) takenMs.push(await slowestMs(caller, [path]));
    slowest = Math.max(slowest, Math.min(...takenMs));
    cursor = pageSchema.parse(JSON.parse(body)).nextCursor;
  }
  return slowest;
}

async function slowestMs(caller: Caller, paths: readonly string[]): Promise<number> {
  for (const path of paths) await caller.send("GET", path);
  return takeSlowestMs(caller);
}

/** The longest call (ms) to the tenant's object since the previous request. */
async function takeSlowestMs(caller: Caller): Promise<number> {
  const { body } = await caller.send("GET", "/__bench/times");
  return Math.max(0, ...timesSchema.parse(JSON.parse(body)).map(({ ms }) => ms));
}
