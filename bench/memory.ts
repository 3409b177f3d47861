// How much memory a process holds that nobody else does, by the system's own account of it. Linux only: elsewhere there is no figure.

import { readFileSync } from "node:fs";

/** Anonymous memory (KiB): heaps, stacks and what was written to, but no file that the system may drop and read again. */
export function anonymousKiB(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const match = /^Anonymous:\s+(\d+) kB$/m.exec(rollup);
  if (match === null) throw new Error("the system does not tell what memory a process holds");
  return Number(match[1]);
}
