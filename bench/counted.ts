// What a task takes of the deployed bundle, counted in its running objects, and what a million such tasks cost. The counting is the
// budget test's own (`counting.ts`); the objects' clock runs faster, so that a life of minutes fits into seconds. Counts do not
// depend on the machine: there is one round. Objects stay in memory here; the test takes them out of it as the platform would.

import { setTimeout as delay } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { TaskCounts } from "../metering/cost.ts";
import { costOf, countsBetween } from "../metering/cost.ts";
import type { Reading } from "../metering/meter.ts";
import type { Budget, CountedKind } from "../test/support/budgets.ts";
import { BUDGETS } from "../test/support/budgets.ts";
import type { Bundle } from "./build.ts";
import type { CountedOutside } from "./counted-outside.ts";
import { openCountedOutside, POLLS } from "./counted-outside.ts";
import type { Caller } from "./load.ts";
import type { Figure } from "./report.ts";
import { columnsOf } from "./report.ts";
import type { RunningWorker } from "./runtime.ts";
import { startGateway } from "./runtime.ts";
import { makeCaller } from "./stage.ts";

/** The objects' clock runs so many times as fast as the machine's. */
const SPEED = 25;

/** Longer than a solution lives, so that it is erased before the task is forgotten. */
const RETENTION_S = 130;

/** The tenant's alarm is set by the first task's lease, and no later one ends before it. */
const TIMEOUT_S = 300;

/** A task has nothing left to do when no count has changed for this long (ms): more than two polls of the fast clock. */
const STILL_MS = 300;
const LOOK_MS = 50;
const MAX_LOOKS = 400;

/** Without `alone`, which the test counts: here tasks follow each other, as they do in a flow. */
const KINDS = ["polled", "webhook", "waited", "failed"] as const satisfies readonly CountedKind[];
type Kind = (typeof KINDS)[number];

/** A task that is final, with what was counted before it and until then. */
interface Begun {
  readonly kind: Kind;
  readonly before: Reading;
  readonly after: Reading;
}

export interface Counted {
  readonly figures: Figure[];
  /** The budgets, with what was counted beside each. */
  readonly table: string;
}

/** Lives through one task of each kind and says what it took. */
export async function measureCounted(bundle: Bundle): Promise<Counted> {
  const outside = await openCountedOutside();
  const worker = await startGateway(bundle, {
    BENCH_METER: "true",
    BENCH_SPEED: String(SPEED),
    UPSTREAM_URL: outside.url,
    UPSTREAM_CLIENT_KEY: "operator-key-of-the-bench",
    ALLOW_PRIVATE_WEBHOOKS: "true",
    ADAPTIVE_FIRST_POLL: "false",
    TASK_RETENTION_S: String(RETENTION_S),
  });
  try {
    const caller = await makeCaller(worker, "tenant-a", "live");
    const tenant = await stillReading(worker);
    const tenantIds = Object.keys(tenant.objects);
    // The first wakes what later ones find awake; it is not counted.
    await live("failed", caller, outside, worker);
    const begun: Begun[] = [];
    for (const kind of KINDS) begun.push(await live(kind, caller, outside, worker));
    await delay((RETENTION_S * 1_000) / SPEED);
    const end = await stillReading(worker);
    caller.close();
    const counts = begun.map(({ kind, before, after }) => ({ kind, counts: countsOf(before, after, end, tenantIds) }));
    return { figures: figuresOf(counts), table: tableOf(counts) };
  } finally {
    await worker.stop();
    await outside.close();
  }
}

/** Submits a task of a kind and sees it to its end. */
async function live(kind: Kind, caller: Caller, outside: CountedOutside, worker: RunningWorker): Promise<Begun> {
  const before = await stillReading(worker);
  const task = {
    type: "RecaptchaV3TaskProxyless",
    websiteURL: "https://antcpt.com/score_detector",
    websiteKey: kind === "failed" ? outside.rejectedKey : "6LcR_okUAAAAAPYrPe-HK_0RULO1aZM15ENyM-Mf",
    pageAction: "homepage",
  };
  const webhook = kind === "webhook" ? { webhookUrl: `${outside.url}/webhook` } : {};
  const prefer = kind === "waited" ? { prefer: "wait=60" } : {};
  const body = JSON.stringify({ task, ...webhook, timeoutSeconds: TIMEOUT_S });
  const answer = await caller.send("POST", "/v1/tasks", kind === "waited" ? [200] : [202], body, prefer);
  let after = await stillReading(worker);
  if (kind === "polled") {
    const { id } = JSON.parse(answer.body) as { id: string };
    const { body: read } = await caller.send("GET", `/v1/tasks/${id}`, [200]);
    const { status, polls } = JSON.parse(read) as { status: string; polls: number };
    if (status !== "ready" || polls !== POLLS) throw new Error(`the counted task is ${status} after ${polls} polls`);
    after = await stillReading(worker);
  }
  return { kind, before, after };
}

/** What a task and its tenant took until the task was final, and its own object from then on. */
function countsOf(before: Reading, after: Reading, end: Reading, tenantIds: readonly string[]): TaskCounts {
  const [taskId, ...others] = Object.keys(after.objects).filter((id) => before.objects[id] === undefined);
  if (taskId === undefined || others.length > 0) throw new Error("more than one task was counted at a time");
  const counts = countsBetween(before, after, [taskId, ...tenantIds]);
  const later = countsBetween(after, end, [taskId]);
  return {
    ...counts,
    rowsWritten: counts.rowsWritten + later.rowsWritten,
    alarms: counts.alarms + later.alarms,
    calls: counts.calls + later.calls,
  };
}

/** What has been counted, once nothing changes any more. */
async function stillReading(worker: RunningWorker): Promise<Reading> {
  let reading = await readMeter(worker);
  let stillSince = Date.now();
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    await delay(LOOK_MS);
    const next = await readMeter(worker);
    if (!isDeepStrictEqual(next, reading)) stillSince = Date.now();
    reading = next;
    if (Date.now() - stillSince >= STILL_MS) return reading;
  }
  throw new Error("the counted tasks do not come to rest");
}

async function readMeter(worker: RunningWorker): Promise<Reading> {
  return (await (await fetch(`${worker.url}/__bench/meter`)).json()) as Reading;
}

type KindCounts = { readonly kind: Kind; readonly counts: TaskCounts }[];

function figuresOf(all: KindCounts): Figure[] {
  const webhook = all.find(({ kind }) => kind === "webhook");
  if (webhook === undefined) throw new Error("no task with a webhook was counted");
  const { counts } = webhook;
  const cost = costOf(counts);
  const parts = (read: (counts: TaskCounts) => number) =>
    Object.fromEntries(all.map(({ kind, counts: one }) => [kind, read(one)]));
  return [
    {
      name: "rows written per task (4 polls, webhook, erased, purged)",
      unit: "rows",
      value: counts.rowsWritten,
      spread: null,
      target: { side: "at most", bound: 18 },
      parts: { ...parts(({ rowsWritten }) => rowsWritten), alarms: counts.alarms, calls: counts.calls },
    },
    {
      name: "cost per million such tasks, 0.2 s an outgoing call",
      unit: "$",
      value: cost.total,
      spread: null,
      target: { side: "at most", bound: 23 },
      parts: { ...parts((one) => costOf(one).total), webhookWithWorkerRequests: cost.withWorkerRequests },
    },
  ];
}

const COLUMNS = {
  rows: ({ rowsWritten }) => rowsWritten,
  alarms: ({ alarms }) => alarms,
  calls: ({ calls }) => calls,
  outgoing: ({ outgoing }) => outgoing,
  "Worker requests": ({ workerRequests }) => workerRequests,
  "KV puts": ({ kvPuts }) => kvPuts,
  "active s": ({ activeS }) => activeS,
} as const satisfies Readonly<Record<string, (counts: TaskCounts) => number>>;

/** Counts, each as `counted of budget`. */
function tableOf(all: KindCounts): string {
  const head = ["a task that is", ...Object.keys(COLUMNS), "$ a million"];
  const rows = all.map(({ kind, counts }) => {
    const { most, mostCost, what }: Budget = BUDGETS[kind];
    const cells = Object.values(COLUMNS).map((read) => `${shown(read(counts))} of ${shown(read(most))}`);
    return [`${kind}: ${what}`, ...cells, `${costOf(counts).total.toFixed(2)} of ${mostCost}`];
  });
  return columnsOf([head, ...rows]);
}

const shown = (count: number): string => String(Math.round(count * 10) / 10);
