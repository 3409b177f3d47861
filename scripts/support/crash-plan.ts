// What the crash test submits: a seeded mix of tasks, so that each kill meets tasks in every phase. Pure: the same
// seed gives the same plan. The required outcomes are in crash-outcomes.ts.

import { failingForMs } from "../../src/upstream/scenario.ts";

/** The time limit (s) of most tasks. It is longer than the crash test, so that no such task ends by its deadline. */
const TIMEOUT_S = 170;

/** How a task behaves upstream, and what its caller does to it. */
type TaskKind =
  | "instant"
  | "delayed"
  | "slow"
  | "flaky"
  | "unsolvable"
  | "rejected"
  | "malformed"
  | "unavailable"
  | "endless"
  /** Never solved, and canceled by its caller. */
  | "canceled"
  /** Solved or canceled by its caller, whichever is first. */
  | "raced";

/** A planned task. */
export interface PlannedTask {
  /** Its pageAction and Idempotency-Key, which identify it at the upstream and at the receiver. */
  readonly name: string;
  readonly kind: TaskKind;
  readonly websiteKey: string;
  readonly timeoutSeconds: number;
  /** Time (ms) that the upstream takes to respond to createTask. */
  readonly answerMs: number;
  /** Time (ms) from the response to createTask until the upstream has the solution. */
  readonly solveMs: number;
  /** Webhook attempts that the receiver rejects before it accepts one. */
  readonly rejections: number;
  /** Whether its webhook goes to a URL of its own or to the tenant's endpoint. */
  readonly target: "own" | "tenant";
  /** Whether its caller claims the solution. */
  readonly claimed: boolean;
  /** When it is submitted: at the start, between the kills, or immediately before a kill. */
  readonly wave: "first" | "between" | "beforeKill";
}

/** Random numbers. `next` returns a number from 0 to less than 1, `between` a whole number from `min` to `max`. */
export interface Randomness {
  next(): number;
  between(min: number, max: number): number;
}

/** The mulberry32 generator, which returns the same numbers on every machine. */
export function seeded(seed: number): Randomness {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { next, between: (min, max) => min + Math.floor(next() * (max - min + 1)) };
}

/** The number of tasks of each kind. */
const COUNTS: Readonly<Record<TaskKind, number>> = {
  instant: 9,
  delayed: 20,
  slow: 18,
  flaky: 7,
  unsolvable: 6,
  rejected: 6,
  malformed: 4,
  unavailable: 3,
  endless: 3,
  canceled: 9,
  raced: 5,
};

/** Tasks that are submitted at the start, and immediately before each kill. */
const FIRST_WAVE = 42;
export const TASKS_BEFORE_KILL = 5;

/** How often the receiver rejects the webhook of a task. One entry is drawn for each task. */
const REJECTIONS = [0, 0, 0, 0, 1, 1, 2, 3] as const;

/** The share of solved tasks whose solution is claimed. */
const CLAIMED_SHARE = 0.4;

/** The planned tasks of a seed for a number of kills. */
export function planOf(seed: number, kills: number): PlannedTask[] {
  const random = seeded(seed);
  const kinds = Object.entries(COUNTS).flatMap(([kind, count]) => Array<TaskKind>(count).fill(kind as TaskKind));
  const beforeKill = kills * TASKS_BEFORE_KILL;
  return shuffled(kinds, random).map((kind, index) => {
    const wave = index < FIRST_WAVE ? "first" : index < FIRST_WAVE + beforeKill ? "beforeKill" : "between";
    const solved = kind === "instant" || kind === "delayed" || kind === "slow" || kind === "flaky";
    return {
      name: `crash-${seed}-${String(index).padStart(3, "0")}`,
      kind,
      timeoutSeconds: TIMEOUT_S,
      answerMs: 0,
      solveMs: 0,
      rejections: REJECTIONS[random.between(0, REJECTIONS.length - 1)] ?? 0,
      target: random.next() < 0.5 ? "own" : "tenant",
      claimed: solved && random.next() < CLAIMED_SHARE,
      wave,
      ...behaviorOf(kind, random),
    };
  });
}

type Behavior = Pick<PlannedTask, "websiteKey"> & Partial<Pick<PlannedTask, "timeoutSeconds" | "answerMs" | "solveMs">>;

function behaviorOf(kind: TaskKind, random: Randomness): Behavior {
  switch (kind) {
    case "instant":
      return { websiteKey: "sandbox-instant" };
    case "delayed": {
      const ms = random.between(1_000, 14_000);
      return { websiteKey: `sandbox-delay-${ms}`, solveMs: ms };
    }
    case "slow":
    case "raced": {
      const ms = random.between(400, 4_500);
      return { websiteKey: `sandbox-slow-${ms}`, answerMs: ms };
    }
    case "flaky": {
      const failures = random.between(1, 3);
      return { websiteKey: `sandbox-flaky-${failures}`, solveMs: failingForMs(failures) };
    }
    case "unsolvable":
      return { websiteKey: "sandbox-fail-ERROR_CAPTCHA_UNSOLVABLE" };
    case "rejected":
      return { websiteKey: "sandbox-reject-ERROR_BAD_REQUEST" };
    case "malformed":
      return { websiteKey: "sandbox-malformed" };
    case "unavailable":
      return { websiteKey: "sandbox-http-503", timeoutSeconds: random.between(18, 30) };
    case "endless":
      return { websiteKey: "sandbox-never", timeoutSeconds: random.between(20, 40) };
    case "canceled":
      return { websiteKey: "sandbox-never" };
  }
}

function shuffled<T>(items: readonly T[], random: Randomness): T[] {
  return items
    .map((item) => ({ item, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
