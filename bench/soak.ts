// The soak: minutes of mixed traffic from several tenants, with a short retention, so that tasks are made, solved, delivered,
// forgotten and made again many times over. It holds the gateway to what an hour must not change: memory, the cadence, every
// task accounted for, every webhook delivered once, and nothing left in storage of what is forgotten. It ends with a verdict.

import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { SandboxRequest } from "../scripts/support/sandbox-server.ts";
import type { Bundle } from "./build.ts";
import type { Caller } from "./load.ts";
import { sendByClients } from "./load.ts";
import type { Outside } from "./outside.ts";
import { openOutside } from "./outside.ts";
import type { Figure } from "./report.ts";
import type { RunningWorker } from "./runtime.ts";
import { startGateway } from "./runtime.ts";
import type { Life } from "./soak-lives.ts";
import { live } from "./soak-lives.ts";
import type { MemoryLook } from "./soak-memory.ts";
import { lookAtMemory, memoryFigures, startForgetfulFloor } from "./soak-memory.ts";
import type { StoredTasks } from "./soak-storage.ts";
import { countRecords, measureStored } from "./soak-storage.ts";
import { makeCaller } from "./stage.ts";
import { quantile, slopeOf } from "./stats.ts";

const CADENCE_MS = 3_000;
const TENANTS = ["tenant-a", "tenant-b", "tenant-c"] as const;

/** Tasks a second of all tenants together: some sixty are in flight, and the machine has room. */
const TASKS_PER_S = 6;

const RETENTION_S = 60;

/**
 * Tasks before the soak begins, made and forgotten as fast as may be. A process gains memory with its first thousands of objects, until
 * the collector has seen its worth in them, and from then on it does not: 14 batches of 800 gained 256 MiB in the first eight, 4 in
 * the last five.
 */
const WARM_UP = { tasks: 8_000, clients: 8 } as const;

/** The last tasks have ended and are forgotten this long (ms) after the traffic: their time-out, the retention, and some more. */
const AFTERMATH_MS = (60 + RETENTION_S + 15) * 1_000;

/** Memory and storage are looked at this often (ms). */
const LOOK_EVERY_MS = 5_000;
const LOOKS_A_MINUTE = 12;

const webhookSchema = z.object({ type: z.string(), data: z.object({ id: z.string() }) });

/** One look at the gateway while traffic runs. */
interface Look {
  /** Since the beginning (ms). */
  readonly at: number;
  readonly memory: MemoryLook | null;
  readonly stored: StoredTasks;
}

export interface SoakResult {
  readonly figures: Figure[];
  /** What went wrong, a line each; the first hundred. */
  readonly faults: string[];
}

/** What a soak runs on. */
interface Stage {
  readonly outside: Outside;
  readonly worker: RunningWorker;
  readonly floor: RunningWorker;
  readonly callers: readonly Caller[];
  readonly tell: (line: string) => void;
}

/** Runs `minutes` of traffic and then waits until everything must be forgotten. */
export async function soak(bundle: Bundle, minutes: number, tell: (line: string) => void): Promise<SoakResult> {
  const outside = await openOutside();
  const worker = await startGateway(bundle, {
    UPSTREAM_URL: outside.upstream.url,
    UPSTREAM_CLIENT_KEY: "operator-key-of-the-bench",
    ALLOW_PRIVATE_WEBHOOKS: "true",
    ADAPTIVE_FIRST_POLL: "false",
    TASK_RETENTION_S: String(RETENTION_S),
  });
  const floor = await startForgetfulFloor(TASKS_PER_S, RETENTION_S * 1_000);
  const callers: Caller[] = [];
  try {
    await Promise.all([warmUp(worker), floor.make(WARM_UP.tasks, WARM_UP.clients)]);
    tell(`${WARM_UP.tasks} tasks made and forgotten, so that memory has seen them`);
    for (const tenant of TENANTS) callers.push(await makeCaller(worker, tenant, "live"));
    return await run({ outside, worker, floor: floor.worker, callers, tell }, minutes);
  } finally {
    for (const caller of callers) caller.close();
    await floor.stop();
    await worker.stop();
    await outside.close();
  }
}

/** Tasks of a tenant of their own that are ready with their submission, and are forgotten like all others. */
async function warmUp(worker: RunningWorker): Promise<void> {
  const caller = await makeCaller(worker, "warm-up");
  const task = {
    type: "RecaptchaV3TaskProxyless",
    websiteURL: "https://antcpt.com/score_detector",
    websiteKey: "sandbox-instant",
    pageAction: "homepage",
  };
  const body = JSON.stringify({ task });
  await sendByClients(WARM_UP.clients, WARM_UP.tasks, () => caller.send("POST", "/v1/tasks", [200, 202], body));
  caller.close();
  await delay((RETENTION_S + 15) * 1_000);
}

async function run(stage: Stage, minutes: number): Promise<SoakResult> {
  const { outside, worker, tell } = stage;
  const faults: string[] = [];
  const startedAt = Date.now();
  const watch = new Watch(stage, startedAt);
  try {
    const lives = await traffic(stage, minutes, (fault) => faults.push(fault));
    const endedAt = Date.now() - startedAt;
    tell(`the traffic is over: ${lives.length} tasks; what is left is watched until it must be forgotten`);
    await delay(AFTERMATH_MS);
    watch.look();
    // First the files: a read of a forgotten task opens its object's again.
    const stored = measureStored(worker.stateFolder);
    const records = countRecords(worker.stateFolder);
    const remembered = await countRemembered(lives);
    const lost = lives.flatMap(({ fault }) => fault ?? []);
    const webhooks = webhookFaults(lives, outside);
    const during = watch.looks.filter(({ at }) => at <= endedAt);
    return {
      figures: [
        ...memoryFigures(during.flatMap(({ memory }) => memory ?? [])),
        ...watch.cadence.figures(endedAt),
        count("tasks refused", faults.length, {}),
        count("tasks lost, or not ended as they must", lost.length, { tasks: lives.length }),
        count("webhooks missing, repeated or wrong", webhooks.length, { webhooks: outside.receiver.received.length }),
        count("tasks still readable after their retention", remembered, {}),
        count("objects that still hold a record", records, {}),
        storageFigure(during, stored, lives.length + WARM_UP.tasks),
      ],
      faults: [...faults, ...lost, ...webhooks].slice(0, 100),
    };
  } finally {
    watch.stop();
  }
}

/** Looks at memory, storage and the cadence while the traffic runs, and tells of each minute. */
class Watch {
  readonly cadence = new Cadence();
  readonly looks: Look[] = [];
  readonly #stage: Stage;
  readonly #startedAt: number;
  readonly #timer: NodeJS.Timeout;

  constructor(stage: Stage, startedAt: number) {
    this.#stage = stage;
    this.#startedAt = startedAt;
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  look(): void {
    const { outside, worker, floor, tell } = this.#stage;
    const at = Date.now() - this.#startedAt;
    const look = { at, memory: lookAtMemory(worker, floor, at), stored: measureStored(worker.stateFolder) };
    this.looks.push(look);
    this.cadence.take(outside.upstream.requests.splice(0), this.#startedAt);
    if (this.looks.length % LOOKS_A_MINUTE === 0) tell(describe(look, this.cadence));
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** Lives at an even pace until the time is up, and all of them to their ends. */
async function traffic(
  { callers, outside: { receiver } }: Stage,
  minutes: number,
  tell: (fault: string) => void,
): Promise<Life[]> {
  const lives: Promise<Life | null>[] = [];
  const startedAt = performance.now();
  const total = Math.floor(minutes * 60 * TASKS_PER_S);
  for (let index = 0; index < total; index += 1) {
    const waitMs = startedAt + (index * 1_000) / TASKS_PER_S - performance.now();
    if (waitMs > 0) await delay(waitMs);
    const caller = callers[index % callers.length];
    if (caller !== undefined) lives.push(live(caller, index, receiver.url, tell));
  }
  const ended = await Promise.all(lives);
  return ended.filter((life) => life !== null);
}

function describe({ at, memory: look, stored }: Look, cadence: Cadence): string {
  const mib = (kib: number) => `${Math.round(kib / 1_024)} MiB`;
  const memory = look === null ? "" : `${mib(look.gatewayKiB)}, floor ${mib(look.floorKiB)}, `;
  const bytes = `${stored.files} files of ${Math.round(stored.bytes / 1_048_576)} MiB`;
  return `${Math.round(at / 60_000)} min: ${memory}${bytes}, least spacing ${cadence.least} ms`;
}

/** Each webhook once, of its task, and of no other. */
function webhookFaults(lives: readonly Life[], { receiver }: Outside): string[] {
  const counts = new Map<string, number>();
  for (const { body } of receiver.received) {
    const { type, data } = webhookSchema.parse(JSON.parse(body));
    counts.set(`${type} ${data.id}`, (counts.get(`${type} ${data.id}`) ?? 0) + 1);
  }
  const wanted = new Set(lives.filter(({ kind }) => kind === "webhook").map(({ id }) => `task.ready ${id}`));
  const missing = [...wanted].filter((event) => !counts.has(event)).map((event) => `no webhook: ${event}`);
  const wrong = [...counts].filter(([event, times]) => times !== 1 || !wanted.has(event));
  return [...missing, ...wrong.map(([event, times]) => `a webhook came ${times} times: ${event}`)];
}

/** Of the forgotten tasks: how many are answered with anything but 404. */
async function countRemembered(lives: readonly Life[]): Promise<number> {
  let remembered = 0;
  for (const { caller, id } of lives) {
    const { status } = await caller.send("GET", `/v1/tasks/${id}`, [200, 404]);
    if (status !== 404) remembered += 1;
  }
  return remembered;
}

/** How polls kept the cadence, by the minute. */
class Cadence {
  least = Number.POSITIVE_INFINITY;
  readonly #answeredAt = new Map<string, number>();
  readonly #overByMinute: number[][] = [];

  take(requests: readonly SandboxRequest[], startedAt: number): void {
    for (const { taskId, at, endedAt } of requests) {
      if (taskId === null) continue;
      const previous = this.#answeredAt.get(taskId);
      this.#answeredAt.set(taskId, endedAt);
      if (previous === undefined) continue;
      this.least = Math.min(this.least, at - previous);
      const minute = Math.floor((at - startedAt) / 60_000);
      const overs = this.#overByMinute[minute] ?? [];
      overs.push(at - previous - CADENCE_MS);
      this.#overByMinute[minute] = overs;
    }
  }

  /**
   * Drift: by how much polls are later at the end of the run than at its beginning. Of each minute the earliest tenth speaks: a
   * machine that is busy delays some polls, and a cadence that drifts all of them.
   */
  figures(endedAt: number): Figure[] {
    const whole = this.#overByMinute.slice(0, Math.max(Math.floor(endedAt / 60_000), 1));
    const early = whole.map((overs) => quantile(overs, 0.1));
    const p99Ms = whole.map((overs) => quantile(overs, 0.99));
    const drift = slopeOf(early.map((over, minute) => [minute, over])) * Math.max(early.length - 1, 0);
    const least = { side: "at least", bound: CADENCE_MS } as const;
    const most = { side: "at most", bound: 5 } as const;
    return [
      { name: "polls' spacing, least", unit: "ms", value: this.least, spread: null, target: least, parts: {} },
      {
        name: "drift of the polls' spacing over the run",
        unit: "ms",
        value: drift,
        spread: [Math.min(...early), Math.max(...early)],
        target: most,
        parts: { overP10Ms: early, overP99Ms: p99Ms },
      },
    ];
  }
}

/** What must not be at all. */
function count(name: string, value: number, parts: Figure["parts"]): Figure {
  return { name, unit: "count", value, spread: null, target: { side: "at most", bound: 0 }, parts };
}

/** Told for comparison: what workerd keeps of a forgotten object is its own affair, but must be known. */
function storageFigure(looks: readonly Look[], stored: StoredTasks, tasks: number): Figure {
  const greatest = Math.max(...looks.map(({ stored: { bytes } }) => bytes));
  return {
    name: "stored for each forgotten task",
    unit: "KiB",
    value: stored.bytes / 1_024 / Math.max(tasks, 1),
    spread: null,
    target: null,
    parts: { files: stored.files, tasks, bytesAtTheEnd: stored.bytes, greatestBytes: greatest },
  };
}
