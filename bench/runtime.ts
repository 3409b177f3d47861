// A Worker on workerd without the development proxies: requests go to the Worker's own socket, storage is on disk, and each
// runtime has a folder and a process of its own. It ends only what it started.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Bundle } from "./build.ts";
import { benchFile, PROJECT } from "./build.ts";
import { ending, removeFolder, temporaryFolder } from "./endings.ts";

/** What is used of miniflare, which comes with wrangler and is found through it. */
interface MiniflareModule {
  readonly Miniflare: new (
    options: unknown,
  ) => {
    readonly ready: Promise<URL>;
    unsafeGetDirectURL(workerName?: string): Promise<URL>;
    dispose(): Promise<void>;
  };
  convertV4MiniflareOptions(options: Readonly<Record<string, unknown>>): unknown;
  readonly NoOpLog: new () => unknown;
}

const requireFromWrangler = createRequire(createRequire(import.meta.url).resolve("wrangler/package.json"));
const miniflare = requireFromWrangler("miniflare") as MiniflareModule;

/** As in wrangler.toml: both Workers run under the same rules. */
const COMPATIBILITY = { compatibilityDate: "2026-10-20", compatibilityFlags: ["global_fetch_strictly_public"] };

/** The operator's token in the bench. */
export const ADMIN_TOKEN = "admin-token-of-the-bench";

export interface RunningWorker {
  /** The Worker's origin. */
  readonly url: string;
  /** The folder with everything that it stores. */
  readonly stateFolder: string;
  /** The id of workerd's process; null where the system does not tell (it has no /proc). */
  readonly pid: number | null;
  /** Ends the process and erases its state. */
  stop(): Promise<void>;
}

/** Variables and secrets of a Worker, as wrangler would hand them over. */
export type Variables = Readonly<Record<string, string>>;

/** Starts the gateway. `script` differs from the bundle's where a bench asks what a part of it costs. */
export function startGateway(
  { script, texts }: Pick<Bundle, "script" | "texts">,
  variables: Variables = {},
): Promise<RunningWorker> {
  return start(
    {
      modules: [
        { type: "ESModule", path: "entry.js", contents: benchFile("entry.js") },
        { type: "ESModule", path: "counting.js", contents: benchFile("../metering/meter.ts") },
        { type: "ESModule", path: "index.js", contents: script },
        ...texts.map(({ name, contents }) => ({ type: "Text", path: name, contents })),
      ],
      bindings: { ADMIN_TOKEN, ...variables },
      durableObjects: {
        TASKS: { className: "TaskObject", useSQLite: true },
        TENANTS: { className: "TenantObject", useSQLite: true },
      },
      // The files themselves, with nothing in front of the Worker: it runs first on the platform too.
      serviceBindings: { ASSETS: { disk: { path: join(PROJECT, "dist", "assets"), writable: false } } },
    },
    "/healthz",
  );
}

/** Starts a floor: the one that accepts, or the one that solves. */
export function startFloor(script = benchFile("floor.js"), variables: Variables = {}): Promise<RunningWorker> {
  return start(
    {
      modules: [{ type: "ESModule", path: "floor.js", contents: script }],
      bindings: variables,
      durableObjects: { OBJECTS: { className: "FloorObject", useSQLite: true } },
    },
    "/",
  );
}

/** One start after the other: a new process is known by not having been there before. */
let starting: Promise<unknown> = Promise.resolve();

function start(worker: Readonly<Record<string, unknown>>, healthPath: string): Promise<RunningWorker> {
  const started = starting.then(() => startNow(worker, healthPath));
  starting = started.catch(() => undefined);
  return started;
}

async function startNow(worker: Readonly<Record<string, unknown>>, healthPath: string): Promise<RunningWorker> {
  const folder = temporaryFolder();
  const stateFolder = join(folder, "state");
  const before = workerdProcesses();
  const runtime = new miniflare.Miniflare(
    miniflare.convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      log: new miniflare.NoOpLog(),
      // Written by the Worker and read here, as a platform's collector would, and then forgotten.
      handleStructuredLogs: () => undefined,
      resourcePersistencePath: stateFolder,
      resourceTmpPath: join(folder, "tmp"),
      telemetry: { enabled: false },
      name: "bench",
      rootPath: folder,
      modulesRoot: folder,
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
      // Both have them, so that neither's start-up pays for a service that the other lacks.
      kvNamespaces: { DIRECTORY: "directory" },
      analyticsEngineDatasets: { ANALYTICS: { dataset: "solvegate_tasks" } },
      ...COMPATIBILITY,
      ...worker,
    }),
  );
  const stop = ending(async () => {
    await runtime.dispose();
    removeFolder(folder);
  });
  try {
    await runtime.ready;
    const { origin } = await runtime.unsafeGetDirectURL("bench");
    const answer = await fetch(origin + healthPath);
    if (!answer.ok) throw new Error(`the Worker answers ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
    const pid = workerdProcesses().find((one) => !before.includes(one)) ?? null;
    return { url: origin, stateFolder, pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The workerd processes that this process has started; none where there is no /proc. */
function workerdProcesses(): number[] {
  const children = readText(`/proc/${process.pid}/task/${process.pid}/children`).split(" ").filter(Boolean).map(Number);
  return children.filter((pid) => readText(`/proc/${pid}/comm`).startsWith("workerd"));
}

/** A file that may be gone, or may never have been. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
