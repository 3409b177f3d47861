// A Worker on workerd without the development proxies: requests go to the Worker's own socket, storage is on disk, and each
// runtime has a folder and a process of its own. It ends only what it started.

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bundle } from "./build.ts";
import { benchFile } from "./build.ts";

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
  /** Ends the process and erases its state. */
  stop(): Promise<void>;
}

/** Starts the gateway. `script` differs from the bundle's where a bench asks what a part of it costs. */
export function startGateway({ script, texts }: Pick<Bundle, "script" | "texts">, vars = {}): Promise<RunningWorker> {
  return start(
    {
      modules: [
        { type: "ESModule", path: "entry.js", contents: benchFile("entry.js") },
        { type: "ESModule", path: "index.js", contents: script },
        ...texts.map(({ name, contents }) => ({ type: "Text", path: name, contents })),
      ],
      bindings: { ADMIN_TOKEN, ...vars },
      durableObjects: {
        TASKS: { className: "TaskObject", useSQLite: true },
        TENANTS: { className: "TenantObject", useSQLite: true },
      },
    },
    "/healthz",
  );
}

/** Starts the floor. */
export function startFloor(script = benchFile("floor.js")): Promise<RunningWorker> {
  return start(
    {
      modules: [{ type: "ESModule", path: "floor.js", contents: script }],
      durableObjects: { OBJECTS: { className: "FloorObject", useSQLite: true } },
    },
    "/",
  );
}

async function start(worker: Readonly<Record<string, unknown>>, healthPath: string): Promise<RunningWorker> {
  const folder = mkdtempSync(join(tmpdir(), "solvegate-bench-"));
  const runtime = new miniflare.Miniflare(
    miniflare.convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      log: new miniflare.NoOpLog(),
      // Written by the Worker and read here, as a platform's collector would, and then forgotten.
      handleStructuredLogs: () => undefined,
      resourcePersistencePath: join(folder, "state"),
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
  const stop = async () => {
    await runtime.dispose();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await runtime.ready;
    const { origin } = await runtime.unsafeGetDirectURL("bench");
    const answer = await fetch(origin + healthPath);
    if (!answer.ok) throw new Error(`the Worker answers ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
    return { url: origin, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
