// Signals to process groups, waiting for their end, and killing the processes that a killed gateway left behind.

import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** The interval (ms) at which an ending group is checked. */
const LOOK_INTERVAL_MS = 20;

/** How often killed processes are checked, 5 s in all. The kernel takes some ms to end a process. */
const MAX_LOOKS = 250;

/** Sends a signal to every process of a group. Does nothing when the group has ended. */
export function signalGroup(group: number, name: "SIGTERM" | "SIGKILL"): void {
  signal(-group, name);
}

function signal(target: number, name: "SIGTERM" | "SIGKILL"): void {
  try {
    process.kill(target, name);
  } catch {
    // It has ended.
  }
}

/** Waits until no process of the group runs. Returns false when some still run after `timeoutMs`. */
export async function untilGroupEnds(group: number, timeoutMs: number): Promise<boolean> {
  const until = Date.now() + timeoutMs;
  while (groupRuns(group)) {
    if (Date.now() >= until) return false;
    await delay(LOOK_INTERVAL_MS);
  }
  return true;
}

/**
 * Kills the processes whose environment has the variable with this value, and waits until they have ended. Linux only: elsewhere
 * it finds none.
 */
export async function killByEnvironment(name: string, value: string): Promise<void> {
  const entry = `${name}=${value}`;
  const found = processIds().filter((pid) => read(`/proc/${pid}/environ`).split("\0").includes(entry));
  for (const pid of found) signal(pid, "SIGKILL");
  // An ending process has no environment but may still have its ports open.
  for (let looks = 0; looks < MAX_LOOKS && found.some((pid) => isRunning(stateOf(pid).state)); looks += 1) {
    await delay(LOOK_INTERVAL_MS);
  }
}

function groupRuns(group: number): boolean {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  if (process.platform !== "linux") return true;
  return processIds().some((pid) => {
    const { state, group: groupOf } = stateOf(pid);
    return groupOf === group && isRunning(state);
  });
}

/** Zombies do not count, although system calls find them: in a container whose first process reaps no children they stay forever. */
function isRunning(state: string): boolean {
  return !["", "Z", "X"].includes(state);
}

/** The state of a process, which is empty if the process does not exist, and its group. */
function stateOf(pid: number): { readonly state: string; readonly group: number } {
  const [, state = "", group = ""] = /^.*\) (\S) \d+ (\d+)/s.exec(read(`/proc/${pid}/stat`)) ?? [];
  return { state, group: Number(group) };
}

function processIds(): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The content of a file of /proc, or an empty text when the process has ended or belongs to another user. */
function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
