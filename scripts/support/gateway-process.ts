// The gateway as a process: `wrangler dev` on loopback, for `npm start`, the demo and the end-to-end tests. It ends what it
// started, the whole process tree, and nothing else.

import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const PROJECT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** How long (ms) a gateway may take to answer: a cold start on a small machine takes some 5 s. */
const START_TIMEOUT_MS = 60_000;

/** Kept lines of the gateway's output, to be shown when it does not come up. */
const KEPT_LINES = 60;

/**
 * Starts `wrangler dev` with further flags. `owned`: in a process group of its own and its output piped, so that the caller can
 * end the whole tree; `shared`: in the caller's group and terminal, so that what ends the caller ends it too.
 */
export function spawnWrangler(flags: readonly string[], tie: "owned" | "shared"): ChildProcess {
  const manifest = createRequire(import.meta.url).resolve("wrangler/package.json");
  const command = join(dirname(manifest), "bin", "wrangler.js");
  const env = {
    ...process.env,
    WRANGLER_SEND_METRICS: "false",
    // The local gateway needs nothing from outside: no description of its own request, no word of newer versions.
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_HIDE_BANNER: "true",
  };
  return spawn(process.execPath, [command, "dev", "--show-interactive-dev-session=false", ...flags], {
    cwd: PROJECT,
    env,
    detached: tie === "owned",
    stdio: tie === "owned" ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
  });
}

/** Ends a process tree that `spawnWrangler` started as `owned`. */
function killTree(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It is gone already.
  }
}

/** A port on loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export interface GatewayOptions {
  /** Where state is kept. */
  readonly persistTo: string;
  /** Variables and secrets of this run; they win over `.dev.vars`. */
  readonly vars: Readonly<Record<string, string>>;
  /** By default a free one. */
  readonly port?: number;
}

export interface RunningGateway {
  readonly url: string;
  readonly port: number;
  /** What it has logged: the structured lines, parsed. */
  readonly logs: Record<string, unknown>[];
  /** Everything it has printed. */
  output(): string;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
  /** `kill -9` of the whole tree: what a power cut leaves. */
  kill(): Promise<void>;
}

/** Starts a gateway and waits until it answers. */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const vars = Object.entries(options.vars).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
  const child = spawnWrangler(
    ["--ip", "127.0.0.1", "--port", String(port), "--persist-to", options.persistTo, ...vars],
    "owned",
  );
  const lines: string[] = [];
  const logs: Record<string, unknown>[] = [];
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        lines.push(line);
        const log = parseLog(line);
        if (log !== null) logs.push(log);
      }
    });
  }
  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    killTree(child, signal);
    await exited;
    killTree(child, "SIGKILL");
  };
  try {
    await untilHealthy(url, () => child.exitCode !== null);
  } catch (error) {
    await end("SIGKILL");
    throw new Error(`the gateway did not come up: ${String(error)}\n${lines.slice(-KEPT_LINES).join("\n")}`);
  }
  return {
    url,
    port,
    logs,
    output: () => lines.join("\n"),
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}

function parseLog(line: string): Record<string, unknown> | null {
  // wrangler puts a coloured mark before what was logged as a warning or an error.
  const start = line.indexOf("{");
  if (start === -1) return null;
  try {
    const value: unknown = JSON.parse(line.slice(start, line.lastIndexOf("}") + 1));
    return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : null;
  } catch {
    return null;
  }
}

/** Waits until `/healthz` answers 200. */
export async function untilHealthy(url: string, ended: () => boolean): Promise<void> {
  const until = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < until) {
    if (ended()) throw new Error("it ended");
    const answer = await fetch(`${url}/healthz`).catch(() => null);
    if (answer?.ok) return;
    if (answer?.status === 500) throw new Error(`it answers 500: ${await answer.text()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no answer in ${START_TIMEOUT_MS} ms`);
}
