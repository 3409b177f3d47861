// The scenarios of the sandbox: `websiteKey` → scenario → answer. Pure. A task's scenario and creation time are encoded in its id, so
// that the sandbox needs no state. Ids have a checksum against typos. Forging one has no benefit.

import { z } from "zod";

/** How long (ms) a task with an ordinary key takes: two polls at 3 s. */
const DEFAULT_READY_AFTER_MS = 5_000;

/** Maximum delay (ms): twice the longest deadline of a task, so that the task can time out first. */
const MAX_DELAY_MS = 600_000;

/** Maximum duration (ms) of a slow response: six times the gateway's timeout for upstream requests. */
const MAX_SLOW_MS = 60_000;

/** Maximum number of failures. The last one is 264 s after creation, within the longest deadline of 300 s. */
const MAX_FAILURES = 20;

/** A client's wait (ms) before the first poll and after the first failure: the poll interval. */
const FIRST_WAIT_MS = 3_000;

/** A client's longest wait (ms) after failures: 3, 6, 12, 15, 15 … s. */
const LONGEST_WAIT_MS = 15_000;

/** The HTTP status of a flaky task's failures. */
const FAILURE_STATUS = 503;

const KEY_PREFIX = "sandbox-";

/** The key in the ids of tasks with ordinary keys, so that ids do not contain callers' keys. */
const DEFAULT_KEY = `${KEY_PREFIX}delay-${DEFAULT_READY_AFTER_MS}`;

/** How a task behaves. `invalid`: an unknown `sandbox-…` key. */
export type Scenario =
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "reject"; readonly code: string }
  | { readonly kind: "fail"; readonly code: string }
  | { readonly kind: "never" }
  | { readonly kind: "instant" }
  | { readonly kind: "http"; readonly status: number }
  | { readonly kind: "malformed" }
  | { readonly kind: "flaky"; readonly failures: number }
  | { readonly kind: "slow"; readonly ms: number }
  | { readonly kind: "invalid" };

/** The sandbox's answer to a request. `http`: this status with a body that is not JSON. */
export type Answer =
  | { readonly kind: "created" }
  | { readonly kind: "createdReady" }
  | { readonly kind: "processing" }
  | { readonly kind: "ready" }
  | { readonly kind: "error"; readonly code: string; readonly description: string }
  | { readonly kind: "http"; readonly status: number }
  | { readonly kind: "malformed" };

/** A task id and the values that it encodes. `createdAt` is in ms since the epoch. */
export type SandboxTask = { readonly taskId: string; readonly createdAt: number; readonly scenario: Scenario };

// All limits above have at most six digits.
const digits = z
  .string()
  .regex(/^\d{1,6}$/)
  .transform(Number);
const delayMs = digits.pipe(z.number().max(MAX_DELAY_MS));
const slowMs = digits.pipe(z.number().max(MAX_SLOW_MS));
const failureCount = digits.pipe(z.number().max(MAX_FAILURES));
// A Response cannot have a 1xx status.
const httpStatus = digits.pipe(z.number().min(200).max(599));
const errorCode = z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/);

/** Parses a `websiteKey`. Keys without the prefix `sandbox-` have the default scenario. */
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
      return scenarioOf(failureCount, argument, (failures) => ({ kind: "flaky", failures }));
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

/** The answer of createTask to a valid request. */
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
      return requested(scenario.code);
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

/** The answer of getTaskResult, `elapsedMs` after the task was created. */
export function answerToPoll(scenario: Scenario, elapsedMs: number): Answer {
  switch (scenario.kind) {
    case "delay":
      return elapsedMs < scenario.ms ? { kind: "processing" } : { kind: "ready" };
    case "fail":
      return requested(scenario.code);
    case "never":
      return { kind: "processing" };
    case "flaky":
      return elapsedMs < failingForMs(scenario.failures) ? { kind: "http", status: FAILURE_STATUS } : { kind: "ready" };
    case "instant":
    case "slow":
      return { kind: "ready" };
    case "http":
      return scenario;
    case "reject":
    case "malformed":
    case "invalid":
      // createTask returns no id in these scenarios, so the id was forged.
      return NO_SUCH_TASK;
    default:
      return scenario satisfies never;
  }
}

/** The answer to an id that the sandbox did not create. The protocol spells the code this way. */
export const NO_SUCH_TASK: Answer = {
  kind: "error",
  code: "ERROR_NO_SUCH_CAPCHA_ID",
  description: "The sandbox has no task with this id",
};

/**
 * How long (ms) a flaky task fails. Without state, failures cannot be counted, so they are timed: a client that waits 3, 6, 12, 15,
 * 15 … s after failures polls at 3, 6, 12, 24, 39 … s. The failures end half-way between the n-th poll and the next, so that the
 * client gets n failures even if it is 1.5 s early or late.
 */
export function failingForMs(failures: number): number {
  if (failures === 0) return 0;
  let lastFailureAt = FIRST_WAIT_MS;
  let wait = FIRST_WAIT_MS;
  for (let failure = 1; failure < failures; failure++) {
    lastFailureAt += wait;
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
  return lastFailureAt + wait / 2;
}

/**
 * Formats the URL-safe id `sbx.<createdAt, base 36>.<nonce>.<key>.<checksum>`.
 * @param createdAt in ms since the epoch
 * @param nonce 16 hex digits that distinguish tasks of the same millisecond
 */
export function formatTaskId(createdAt: number, nonce: string, websiteKey: string): string {
  const key = websiteKey.startsWith(KEY_PREFIX) ? websiteKey : DEFAULT_KEY;
  const body = `sbx.${createdAt.toString(36)}.${nonce}.${key}`;
  return `${body}.${checksum(body)}`;
}

// Nine base-36 digits are exact in a double.
const TASK_ID = /^(sbx\.([0-9a-z]{1,9})\.[0-9a-f]{16}\.(sandbox-[A-Za-z0-9_-]{1,80}))\.([0-9a-f]{8})$/;

const taskIdSchema = z.string().transform((taskId, context): SandboxTask => {
  const [, body = "", createdAt = "", key = "", sum = ""] = TASK_ID.exec(taskId) ?? [];
  if (body === "" || sum !== checksum(body)) {
    context.addIssue({ code: "custom", message: "not an id of the sandbox" });
    return z.NEVER;
  }
  return { taskId, createdAt: Number.parseInt(createdAt, 36), scenario: parseScenario(key) };
});

/** Parses a task id. Null if the sandbox did not create it. */
export function parseTaskId(taskId: unknown): SandboxTask | null {
  return taskIdSchema.safeParse(taskId).data ?? null;
}

function requested(code: string): Answer {
  return { kind: "error", code, description: `The sandbox returns ${code}, as the websiteKey requests` };
}

function scenarioOf<T>(schema: z.ZodType<T>, argument: string | undefined, make: (value: T) => Scenario): Scenario {
  const parsed = schema.safeParse(argument);
  return parsed.success ? make(parsed.data) : { kind: "invalid" };
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** 32-bit FNV-1a as 8 hex digits. Ids are ASCII, so a UTF-16 code unit is a byte. */
function checksum(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
