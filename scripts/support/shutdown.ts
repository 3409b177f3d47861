// How a command learns that it is to end: by a signal, or because npm, which started it, has ended.

import { readFileSync } from "node:fs";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Time (ms) between two looks at the parent process. */
const PARENT_INTERVAL_MS = 250;

/** One Ctrl-C arrives twice, from the terminal and from npm. A SIGINT that comes this much later (ms) is another one. */
const REPEAT_MS = 500;

/** The parent that this process was started by, unless it has ended before this line. */
const PARENT = process.ppid;

/** The exit code of a command that a signal has ended, as a shell reports it. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Why a command ends before its work is done. */
export class Shutdown extends Error {
  override readonly name = "Shutdown";
  readonly exitCode: number;

  constructor(signal: (typeof SIGNALS)[number]) {
    super(`ended by ${signal}`);
    this.exitCode = EXIT_CODES[signal];
  }
}

/**
 * A signal that is aborted, with a `Shutdown` as its reason, when the command is to end. From then on the command ends by itself;
 * another Ctrl-C ends it at once.
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
  // npm passes on SIGINT and SIGTERM. When another signal kills npm, this process gets another parent.
  if (process.env.npm_lifecycle_event !== undefined) {
    const watch = () => isOrphan() && abort("SIGHUP");
    watch();
    setInterval(watch, PARENT_INTERVAL_MS).unref();
  }
  return controller.signal;
}

/** Whether npm has ended. Process 1 adopts orphans; in a container it can be npm itself. */
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
