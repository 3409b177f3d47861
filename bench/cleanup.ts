// Removes the folders, processes and servers of the bench at its end, also after SIGINT and SIGTERM.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT_CODES } from "../scripts/support/shutdown.ts";

/** Time limit (ms) of the cleanups after a signal. */
const SIGNAL_TIMEOUT_MS = 5_000;

const folders = new Set<string>();
const cleanups = new Set<() => Promise<void>>();
const interruption = new AbortController();

/** Aborts when a signal arrives, to end child processes. */
export const interrupted: AbortSignal = interruption.signal;

/** Creates a folder that is removed at the end of the run. */
export function temporaryFolder(parent: string = tmpdir()): string {
  const folder = mkdtempSync(join(parent, "solvegate-bench-"));
  folders.add(folder);
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  folders.delete(folder);
}

/** Registers a cleanup. Returns a function that runs it once. */
export function onCleanup(clean: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  const once = () => {
    cleanups.delete(once);
    done ??= clean();
    return done;
  };
  cleanups.add(once);
  return once;
}

export async function cleanUp(): Promise<void> {
  await Promise.allSettled([...cleanups].map((clean) => clean()));
  removeFolders();
}

/** From now on a signal cleans up before it ends the process. */
export function cleanUpOnSignals(): void {
  process.once("exit", removeFolders);
  for (const [signal, code] of Object.entries(EXIT_CODES)) {
    process.once(signal, () => {
      interruption.abort();
      setTimeout(() => process.exit(code), SIGNAL_TIMEOUT_MS);
      void cleanUp().finally(() => process.exit(code));
    });
  }
}

function removeFolders(): void {
  for (const folder of [...folders]) removeFolder(folder);
}
