// Ends a command when it receives a signal, or when npm, which started it, has ended.

import { readFileSync } from "node:fs";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The interval (ms) at which the parent process is checked. */
const PARENT_INTERVAL_MS = 250;

/** One Ctrl-C arrives twice, from the terminal and from npm. A SIGINT after this time (ms) is a second Ctrl-C. */
const REPEAT_MS = 500;

/** The parent process at the start. */
const PARENT = process.ppid;

/** Exit codes by signal, as in a shell: 128 plus the number of the signal. */
export const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The reason why a command ends early. */
export class Shutdown extends Error {
  override readonly name = "Shutdown";
  readonly exitCode: number;

  constructor(signal: (typeof SIGNALS)[number]) {
    super(`ended by ${signal}`);
    this.exitCode = EXIT_CODES[signal];
  }
}

/**
 * Returns a signal that aborts with a `Shutdown` as its reason when the command has to end. The command then cleans up and ends. A
 * second Ctrl-C ends it at once.
 */
export function shutdownSignal(): AbortSignal {
  const controller = new AbortController();
  let abortedAt = Number.POSITIVE_INFINITY;
  const abort = (signal: (typeof SIGNALS)[number]) => {
    if (signal === "SIGINT" && Date.now() - abortedAt > REPEAT_MS) process.exit(EXIT_CODES.SIGINT);
    abortedAt = Math.min(abortedAt, Date.now());
    controller.abort(new Shutdown(signal));
  };
  for (const signal of SIGNALS) process.on(signal, () => abort(signal));
  // npm forwards SIGINT and SIGTERM. When another signal kills npm, this process gets another parent.
  if (process.env.npm_lifecycle_event !== undefined) {
    const watch = () => isOrphan() && abort("SIGHUP");
    watch();
    setInterval(watch, PARENT_INTERVAL_MS).unref();
  }
  return controller.signal;
}

/** Whether npm has ended. Process 1 becomes the parent of orphans. In a container, process 1 can be npm itself. */
function isOrphan(): boolean {
  return process.ppid !== PARENT || (PARENT === 1 && !isNpm(1));
}

function isNpm(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("npm");
  } catch {
    return false;
  }
}

/** Resolves when the signal is aborted. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
