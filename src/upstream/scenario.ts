/**
 * What the sandbox can be asked to do, and the task ids that carry it: `websiteKey` → scenario → answer.
 *
 * Pure: no clock, no randomness, no HTTP. It keeps no state: everything that a poll needs is in the task id,
 * and an id that the sandbox did not create is rejected. The checksum guards against typos. Forging an id has
 * no benefit.
 */
import { z } from "zod";

/** Milliseconds from creation to ready for any key without the sandbox prefix: two polls at the poll interval of 3 s. */
const DEFAULT_READY_AFTER_MS = 5_000;

/** Milliseconds; twice the longest deadline that a task of the gateway may have (300 s), so that the task times out first. */
const MAX_DELAY_MS = 600_000;

/** Milliseconds; six times the gateway's time-out for one upstream call (10 s). */
const MAX_SLOW_MS = 60_000;

/** Consecutive failures; the last comes 264 s after creation, still inside the longest deadline (300 s). */
const MAX_FAULTS = 20;

/** Milliseconds from createTask's answer to a client's first poll, and its wait after the first failure: the poll interval. */
const FIRST_WAIT_MS = 3_000;

/** Milliseconds; where a client's doubling waits after failures stop growing (3, 6, 12, 15, 15 …). */
const LONGEST_WAIT_MS = 15_000;

/** The HTTP status of a flaky task's failures: the most common transient one. */
const FAULT_STATUS = 503;

const KEY_PREFIX = "sandbox-";

/** What the id of a task with any foreign key holds, so that no caller's key travels in an id. */
const DEFAULT_KEY = `${KEY_PREFIX}delay-${DEFAULT_READY_AFTER_MS}`;

/** How a task behaves; one member for each form of `sandbox-…`, and `invalid` for a form that there is not. */
export type Scenario =
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "reject"; readonly code: string }
  | { readonly kind: "fail"; readonly code: string }
  | { readonly kind: "never" }
  | { readonly kind: "instant" }
  | { readonly kind: "http"; readonly status: number }
  | { readonly kind: "malformed" }
  | { readonly kind: "flaky"; readonly faults: number }
  | { readonly kind: "slow"; readonly ms: number }
  | { readonly kind: "invalid" };

/** What goes back on the wire, before it has a body. `http` is that status with a text that is not JSON. */
export type Answer =
  | { readonly kind: "created" }
  | { readonly kind: "createdReady" }
  | { readonly kind: "processing" }
  | { readonly kind: "ready" }
  | { readonly kind: "error"; readonly code: string; readonly description: string }
  | { readonly kind: "http"; readonly status: number }
  | { readonly kind: "malformed" };

/** A task id and what it encodes: when the task was created (ms since the epoch) and how it behaves. */
export type SandboxTask = { readonly taskId: string; readonly createdAt: number; readonly scenario: Scenario };

// Six digits hold every limit above; a longer number is out of range whatever it says.
const digits = z
  .string()
  .regex(/^\d{1,6}$/)
  .transform(Number);
const delayMs = digits.pipe(z.number().max(MAX_DELAY_MS));
const slowMs = digits.pipe(z.number().max(MAX_SLOW_MS));
const faultCount = digits.pipe(z.number().max(MAX_FAULTS));
// 1xx are not final, and a Response cannot have them.
const httpStatus = digits.pipe(z.number().min(200).max(599));
const errorCode = z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/);

/** Reads a `websiteKey`. A key without the prefix `sandbox-` behaves as the default. */
export function parseScenario(websiteKey: string): Scenario {
  if (!websiteKey.startsWith(KEY_PREFIX)) return { kind: "delay", ms: DEFAULT_READY_AFTER_MS };
  const [name, argument] = splitOnce(websiteKey.slice(KEY_PREFIX.length), "-");
  switch (name) {
    case "delay":
      return scenarioOf(delayMs, argument, (ms) => ({ kind: "delay", ms }));
    case "reject":
      return scenarioOf(errorCode, argument, (code) => ({ kind: "reject", code }));
    case "fail":
      return scenarioOf(errorCode, argument, (code) => ({ kind: "fail", code }));
    case "http":
      return scenarioOf(httpStatus, argument, (status) => ({ kind: "http", status }));
    case "flaky":
      return scenarioOf(faultCount, argument, (faults) => ({ kind: "flaky", faults }));
    case "slow":
      return scenarioOf(slowMs, argument, (ms) => ({ kind: "slow", ms }));
    case "never":
    case "instant":
    case "malformed":
      return argument === undefined ? { kind: name } : { kind: "invalid" };
    default:
      return { kind: "invalid" };
  }
}

/** What createTask answers to a well-formed task. */
export function answerToCreate(scenario: Scenario): Answer {
  switch (scenario.kind) {
    case "delay":
    case "fail":
    case "never":
    case "flaky":
    case "slow":
      return { kind: "created" };
    case "instant":
      return { kind: "createdReady" };
    case "reject":
      return asked(scenario.code);
    case "http":
    case "malformed":
      return scenario;
    case "invalid":
      return {
        kind: "error",
        code: "ERROR_RECAPTCHA_INVALID_SITEKEY",
        description: "No such sandbox key, or its number is out of range",
      };
    default:
      return scenario satisfies never;
  }
}

/** What getTaskResult answers `elapsedMs` milliseconds after the task was made. */
export function answerToPoll(scenario: Scenario, elapsedMs: number): Answer {
  switch (scenario.kind) {
    case "delay":
      return elapsedMs < scenario.ms ? { kind: "processing" } : { kind: "ready" };
    case "fail":
      return asked(scenario.code);
    case "never":
      return { kind: "processing" };
    case "flaky":
      return elapsedMs < faultyForMs(scenario.faults) ? { kind: "http", status: FAULT_STATUS } : { kind: "ready" };
    case "instant":
    case "slow":
      return { kind: "ready" };
    case "http":
      return scenario;
    case "reject":
    case "malformed":
    case "invalid":
      // createTask returns no id in these scenarios, so such an id is invented.
      return NO_SUCH_TASK;
    default:
      return scenario satisfies never;
  }
}

/** The answer to an id that the sandbox did not make; the code is spelt so. */
export const NO_SUCH_TASK: Answer = {
  kind: "error",
  code: "ERROR_NO_SUCH_CAPCHA_ID",
  description: "The sandbox made no task with this id",
};

/**
 * Milliseconds from creation during which a flaky task fails. Without state failures cannot be counted, so they are timed:
 * a client that first polls after 3 s and waits 3, 6, 12, 15, 15 … s after failures polls at 3, 6, 12, 24, 39 … s. Half-way
 * between the n-th of these and the next, that client may be early or late by 1.5 s at least and still gets n failures.
 */
export function faultyForMs(faults: number): number {
  if (faults === 0) return 0;
  let lastFaultAt = FIRST_WAIT_MS;
  let wait = FIRST_WAIT_MS;
  for (let fault = 1; fault < faults; fault++) {
    lastFaultAt += wait;
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
  return lastFaultAt + wait / 2;
}

/**
 * Makes the id `sbx.<createdAt, base 36>.<nonce>.<key>.<checksum>`, url-safe. `createdAt` in ms since the epoch; `nonce`
 * is 16 hex digits, and keeps apart two tasks of one millisecond.
 */
export function formatTaskId(createdAt: number, nonce: string, websiteKey: string): string {
  const key = websiteKey.startsWith(KEY_PREFIX) ? websiteKey : DEFAULT_KEY;
  const body = `sbx.${createdAt.toString(36)}.${nonce}.${key}`;
  return `${body}.${checksum(body)}`;
}

// Nine base-36 digits of milliseconds reach the year 5188 and stay exact in a double.
const TASK_ID = /^(sbx\.([0-9a-z]{1,9})\.[0-9a-f]{16}\.(sandbox-[A-Za-z0-9_-]{1,80}))\.([0-9a-f]{8})$/;

const taskIdSchema = z.string().transform((taskId, context): SandboxTask => {
  const [, body = "", createdAt = "", key = "", sum = ""] = TASK_ID.exec(taskId) ?? [];
  if (body === "" || sum !== checksum(body)) {
    context.addIssue({ code: "custom", message: "not an id of the sandbox" });
    return z.NEVER;
  }
  return { taskId, createdAt: Number.parseInt(createdAt, 36), scenario: parseScenario(key) };
});

/** Reads a task id of any origin; null if the sandbox did not create it. */
export function parseTaskId(taskId: unknown): SandboxTask | null {
  return taskIdSchema.safeParse(taskId).data ?? null;
}

function asked(code: string): Answer {
  return { kind: "error", code, description: `The sandbox answers ${code}, as the websiteKey asked` };
}

function scenarioOf<T>(schema: z.ZodType<T>, argument: string | undefined, make: (value: T) => Scenario): Scenario {
  const parsed = schema.safeParse(argument);
  return parsed.success ? make(parsed.data) : { kind: "invalid" };
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** FNV-1a, 32 bits, as 8 hex digits: synchronous, and enough to tell a typo. Ids are ASCII, so a unit is a byte. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
