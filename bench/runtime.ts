// Runs a Worker on workerd without wrangler's development proxies: requests go to the Worker's own socket, and each Worker has its own
// process and its own folder on disk or tmpfs.

import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../scripts/support/project.ts";
import type { Bundle } from "./build.ts";
import { readScript, requireFromWrangler } from "./build.ts";
import { onCleanup, removeFolder, temporaryFolder } from "./cleanup.ts";
import { Caller } from "./load.ts";

type Options = Readonly<Record<string, unknown>>;

/** The part of miniflare that is used. It is installed with wrangler. */
interface MiniflareModule {
  readonly Miniflare: new (
    options: unknown,
  ) => {
    readonly ready: Promise<URL>;
    unsafeGetDirectURL(workerName?: string): Promise<URL>;
    dispose(): Promise<void>;
  };
  convertV4MiniflareOptions(options: Options): unknown;
  readonly NoOpLog: new () => unknown;
}

/** The part of wrangler that is used: it reads the bindings of wrangler.toml. */
interface WranglerModule {
  unstable_getMiniflareWorkerOptions(path: string): {
    readonly workerOptions: Readonly<Record<string, Options>>;
  };
}

const miniflare = requireFromWrangler("miniflare") as MiniflareModule;
const wrangler = requireFromWrangler("wrangler") as WranglerModule;
const config = wrangler.unstable_getMiniflareWorkerOptions(join(PROJECT, "wrangler.toml")).workerOptions;

const ADMIN_TOKEN = "admin-token-of-the-bench";

/** The maxInFlight of the bench's tenants, greater than any load. */
const MAX_IN_FLIGHT = 10_000;

/** The folders for the state of Workers. */
const STORAGE = { disk: tmpdir(), tmpfs: "/dev/shm" } as const;
export type Storage = keyof typeof STORAGE;

export const hasTmpfs = (): boolean => existsSync(STORAGE.tmpfs);

export interface RunningWorker {
  readonly url: string;
  /** CPU time (ms) of workerd's process so far, in steps of 10 ms. NaN without /proc. */
  cpuMs(): number;
  /** Anonymous memory (KiB) of workerd's process. NaN without /proc. */
  memoryKiB(): number;
  stop(): Promise<void>;
}

/** Variables of a Worker. */
export type Variables = Readonly<Record<string, string>>;

/** Starts the gateway with the bench's entry, which has its own variables. */
export function startGateway(
  { script, texts }: Bundle,
  variables: Variables = {},
  storage: Storage = "disk",
): Promise<RunningWorker> {
  const modules = {
    "entry.js": readScript("bench/entry.js"),
    "ledger-rows.js": readScript("bench/ledger-rows.js"),
    "meter.js": readScript("bench/metering/meter.ts"),
    "index.js": script,
  };
  return start(
    {
      modules: [
        ...Object.entries(modules).map(([path, contents]) => ({ type: "ESModule", path, contents })),
        ...texts.map(({ name, contents }) => ({ type: "Text", path: name, contents })),
      ],
      bindings: { ADMIN_TOKEN, BENCH_LIMITS: Object.keys(config.ratelimits ?? {}), ...variables },
      durableObjects: config.durableObjects,
      serviceBindings: { ASSETS: { disk: { path: join(PROJECT, "dist", "assets"), writable: false } } },
    },
    "/healthz",
    storage,
  );
}

/** Starts the baseline. @param variables described in baseline.js; by default its alarm does not fire during a run */
export function startBaseline(variables: Variables = {}, storage: Storage = "disk"): Promise<RunningWorker> {
  return start(
    {
      modules: [{ type: "ESModule", path: "baseline.js", contents: readScript("bench/baseline.js") }],
      bindings: { ALARM_MS: "3600000", ...variables },
      durableObjects: { OBJECTS: { className: "BaselineObject", useSQLite: true } },
    },
    "/",
    storage,
  );
}

/** The variables of the baseline that submits and polls, from those of the gateway. It shows what any Worker that solves tasks needs. */
export function smallestSolver({ UPSTREAM_URL = "" }: Variables): Variables {
  return { KIND: "solve", ALARM_MS: "3000", UPSTREAM_URL };
}

type Mode = "test" | "live";

/** Creates a tenant, and returns an API key with all scopes. */
export async function createKey(worker: RunningWorker, tenantId: string, mode: Mode): Promise<string> {
  const operator = new Caller(worker.url, { authorization: `Bearer ${ADMIN_TOKEN}` });
  try {
    const limits = { maxInFlight: MAX_IN_FLIGHT };
    const tenant = { id: tenantId, name: tenantId, allowedHosts: ["example.com"], limits };
    await operator.send("POST", "/admin/tenants", { body: tenant, expected: [201] });
    const scopes = ["tasks:write", "tasks:read", "account:read", "account:write"];
    const key = { name: "bench", mode, scopes };
    const { body } = await operator.send("POST", `/admin/tenants/${tenantId}/keys`, { body: key, expected: [201] });
    return (JSON.parse(body) as { key: string }).key;
  } finally {
    operator.close();
  }
}

export const callerOf = (worker: RunningWorker, key: string): Caller =>
  new Caller(worker.url, { authorization: `Bearer ${key}` });

/** Creates a tenant and a caller with its API key. */
export async function createCaller(worker: RunningWorker, tenantId: string, mode: Mode = "test"): Promise<Caller> {
  return callerOf(worker, await createKey(worker, tenantId, mode));
}

/** The start in progress. Starts do not overlap, because a new process is recognized by the ones that existed before. */
let starting: Promise<unknown> = Promise.resolve();

function start(worker: Options, healthPath: string, storage: Storage): Promise<RunningWorker> {
  const started = starting.then(() => startNow(worker, healthPath, storage));
  starting = started.catch(() => undefined);
  return started;
}

async function startNow(worker: Options, healthPath: string, storage: Storage): Promise<RunningWorker> {
  const folder = temporaryFolder(STORAGE[storage]);
  const before = workerdProcesses();
  const runtime = new miniflare.Miniflare(
    miniflare.convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      log: new miniflare.NoOpLog(),
      // Log lines are read as by the platform's collector, and dropped.
      handleStructuredLogs: () => undefined,
      resourcePersistencePath: join(folder, "state"),
      resourceTmpPath: join(folder, "tmp"),
      telemetry: { enabled: false },
      name: "bench",
      rootPath: folder,
      modulesRoot: folder,
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      compatibilityDate: config.compatibilityDate,
      compatibilityFlags: config.compatibilityFlags,
      // The baseline has these bindings too, so that neither runs services that the other lacks.
      kvNamespaces: config.kvNamespaces,
      analyticsEngineDatasets: config.analyticsEngineDatasets,
      ...worker,
    }),
  );
  const stop = onCleanup(async () => {
    await runtime.dispose();
    removeFolder(folder);
  });
  try {
    await runtime.ready;
    const { origin } = await runtime.unsafeGetDirectURL("bench");
    const answer = await fetch(origin + healthPath);
    if (!answer.ok) throw new Error(`The Worker responded with ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
    const pid = workerdProcesses().find((one) => !before.includes(one)) ?? null;
    return { url: origin, cpuMs: () => cpuMsOf(pid), memoryKiB: () => memoryKiBOf(pid), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The workerd processes that this process has started. */
function workerdProcesses(): number[] {
  const children = readText(`/proc/${process.pid}/task/${process.pid}/children`).split(" ").filter(Boolean).map(Number);
  return children.filter((pid) => readText(`/proc/${pid}/comm`).startsWith("workerd"));
}

/** User and system time (ms), from the fields after the closing parenthesis of the command. A clock tick is 10 ms. */
function cpuMsOf(pid: number | null): number {
  const fields = readText(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  return 10 * (Number(fields[11] ?? Number.NaN) + Number(fields[12] ?? Number.NaN));
}

function memoryKiBOf(pid: number | null): number {
  return Number(/^Anonymous:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/smaps_rollup`))?.[1] ?? Number.NaN);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
