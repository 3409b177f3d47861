// What the crash test submits: a seeded mix of tasks, so that each kill meets tasks in every phase. Pure: the same
// seed gives the same plan. The required outcomes are in crash-outcomes.ts.

import { failingForMs } from "../../src/upstream/scenario.ts";

/** How long (s) most tasks may take: longer than the crash test, so that none ends by its deadline. */
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
  /** Solved, and canceled by its caller: whichever comes first. */
  | "raced";

/** One task that will be submitted. */
export interface PlannedTask {
  /** Its pageAction and its Idempotency-Key: by this it is known upstream and at the receiver. */
  readonly name: string;
  readonly kind: TaskKind;
  readonly websiteKey: string;
  readonly timeoutSeconds: number;
  /** ms between createTask's arrival upstream and its answer. */
  readonly answerMs: number;
  /** ms between createTask's answer and the moment at which upstream has the solution. */
  readonly solveMs: number;
  /** Webhook attempts that the receiver rejects before it accepts one. */
  readonly rejections: number;
  /** Where its webhook goes: an address of its own, or the tenant's endpoint. */
  readonly target: "own" | "tenant";
  /** Its caller takes the solution. */
  readonly claimed: boolean;
  /** When it is submitted: with the first, between the kills, or in the last moment before one. */
  readonly wave: "first" | "between" | "brink";
}

/** A source of randomness: `next` gives a number from 0 to 1, `between` a whole one from `min` to `max`. */
export interface Randomness {
  next(): number;
  between(min: number, max: number): number;
}

/** mulberry32: 32 bits of state, the same numbers on every machine. */
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

/** How many tasks of each kind. */
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

/** Tasks submitted with the first, and in the last moment before each kill. */
const FIRST_WAVE = 42;
export const ON_EACH_BRINK = 5;

/** How often the receiver rejects a task's webhook, one entry drawn for each task: up to 10 s of attempts. */
const REFUSALS = [0, 0, 0, 0, 1, 1, 2, 3] as const;

/** This share of the solved tasks has its solution claimed. */
const CLAIMED_SHARE = 0.4;

/** The plan of a seed, for so many kills. */
export function planOf(seed: number, kills: number): PlannedTask[] {
  const random = seeded(seed);
  const kinds = Object.entries(COUNTS).flatMap(([kind, count]) => Array<TaskKind>(count).fill(kind as TaskKind));
  const brink = kills * ON_EACH_BRINK;
  return shuffled(kinds, random).map((kind, index) => {
    const wave = index < FIRST_WAVE ? "first" : index < FIRST_WAVE + brink ? "brink" : "between";
    const solved = kind === "instant" || kind === "delayed" || kind === "slow" || kind === "flaky";
    return {
      name: `crash-${seed}-${String(index).padStart(3, "0")}`,
      kind,
      timeoutSeconds: TIMEOUT_S,
      answerMs: 0,
      solveMs: 0,
      rejections: REFUSALS[random.between(0, REFUSALS.length - 1)] ?? 0,
      target: random.next() < 0.5 ? "own" : "tenant",
      claimed: solved && random.next() < CLAIMED_SHARE,
      wave,
      ...behaviourOf(kind, random),
    };
  });
}

type Behaviour = Pick<PlannedTask, "websiteKey"> &
  Partial<Pick<PlannedTask, "timeoutSeconds" | "answerMs" | "solveMs">>;

function behaviourOf(kind: TaskKind, random: Randomness): Behaviour {
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
      const faults = random.between(1, 3);
      return { websiteKey: `sandbox-flaky-${faults}`, solveMs: failingForMs(faults) };
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
    .map((item) => ({ item, place: random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
