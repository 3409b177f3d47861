// What the bench must not leave behind: temporary folders, and what runs or listens. All of it ends with the run, also where the
// run is interrupted (SIGINT, SIGTERM). It ends and removes only what was entered here.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What is started is given this long (ms) to end after an interruption. */
const PATIENCE_MS = 5_000;

/** Exit codes by signal: 128 and its number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

const folders = new Set<string>();
const ends = new Set<() => Promise<void>>();
const interruption = new AbortController();

/** Aborted by an interruption: for child processes that end by themselves otherwise. */
export const interrupted: AbortSignal = interruption.signal;

/** A fresh folder in the system's temporary one. It is removed with `removeFolder`, or as the run ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "solvegate-bench-"));
  folders.add(folder);
  return folder;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  folders.delete(folder);
}

/** Remembers how something is ended. Returns what ends it, once, and forgets it. */
export function ending(end: () => Promise<void>): () => Promise<void> {
  let ended: Promise<void> | null = null;
  const once = () => {
    ends.delete(once);
    ended ??= end();
    return ended;
  };
  ends.add(once);
  return once;
}

/** Ends what still runs and removes what is left. */
export async function endAll(): Promise<void> {
  await Promise.allSettled([...ends].map((end) => end()));
  removeFolders();
}

/** From now on an interruption ends everything before it ends the process, and no way out of it leaves a folder. */
export function endOnSignals(): void {
  process.once("exit", removeFolders);
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.once(signal, () => {
      interruption.abort();
      // What does not end in time is left to the system, but no folder is.
      setTimeout(() => process.exit(code), PATIENCE_MS);
      void endAll().finally(() => process.exit(code));
    });
  }
}

function removeFolders(): void {
  for (const folder of [...folders]) removeFolder(folder);
}
