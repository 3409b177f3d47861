// What the answers to createTask and getTaskResult mean. Pure: a status and a body in, one tagged outcome out. An answer that says
// something readable always gets its meaning: resubmitting or polling on would pay twice or lose a paid result.

import type { Answer } from "./answer.ts";
import { isError, readAnswer } from "./answer.ts";
import { documentedMeaning, meaningOf } from "./codes.ts";
import type { Redactor } from "./redact.ts";
import type { Solution } from "./solution.ts";

export type { Solution } from "./solution.ts";

/** The task as sent upstream. `isInvisible` is always sent: the upstream would otherwise fill it in by itself. */
export interface UpstreamTask {
  readonly type: "RecaptchaV3TaskProxyless";
  readonly websiteURL: string;
  readonly websiteKey: string;
  readonly pageAction: string;
  readonly checkField?: string | undefined;
  readonly websiteTitle?: string | undefined;
  readonly isInvisible: boolean;
}

/** Why the upstream will not solve a task. `unsolvable`: it tried; `rejected`: the request, an unknown code, or a lost task. */
export type FailureKind = "rejected" | "unsolvable";

/** An error, whichever call it answers. */
export type UpstreamError =
  /** `code` is "" where there is none, or where it must not be shown. */
  | { readonly tag: "failed"; readonly kind: FailureKind; readonly code: string; readonly description: string }
  /** The operator's account is at fault, not the tenant, who must not see the code. */
  | { readonly tag: "account"; readonly code: string }
  | { readonly tag: "transient"; readonly reason: string; readonly retryAfterMs: number | null };

/** The outcome of createTask. `taskId` is the id's JSON text, so that a number goes back as the number that came. */
export type CreateOutcome =
  | { readonly tag: "created"; readonly taskId: string }
  | { readonly tag: "ready"; readonly taskId: string | null; readonly solution: Solution }
  /** Bytes may have reached the upstream and nothing readable came back: it may have created, and charged for, a task. */
  | { readonly tag: "unknown"; readonly reason: string }
  | UpstreamError;

/** The outcome of getTaskResult. */
export type PollOutcome =
  | { readonly tag: "processing" }
  | { readonly tag: "ready"; readonly solution: Solution }
  | { readonly tag: "request_failed"; readonly reason: string; readonly retryAfterMs: number | null }
  | UpstreamError;

/** One answer of the upstream as it came off the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly body: string;
  /** `Retry-After` in ms, or null where the answer has none. */
  readonly retryAfterMs: number | null;
}

/** HTTP statuses of a proxy that sent the request on and got no answer: the task may exist. */
const UNKNOWN_OUTCOME_STATUSES = new Set([504, 520, 524]);

const PROCESSING_STATUSES = new Set(["processing", "idle"]);
const READY = "ready";
const FAILED = "failed";

/** Reads an answer to createTask. The body counts first: error bodies come under any HTTP status. */
export function interpretCreate(raw: RawAnswer, redactor: Redactor): CreateOutcome {
  const answer = readAnswer(raw.body, redactor);
  if (answer === null) return interpretUnreadableCreate(raw);
  const { taskId, solution, status, code } = answer;
  const hasResult = status === READY ? solution !== null : taskId !== null;
  if (isError(answer, hasResult || saysFailed(answer, raw))) {
    // A proxy's own message under such a status: it sent the request on, and knows no more.
    if (UNKNOWN_OUTCOME_STATUSES.has(raw.status) && documentedMeaning(code) === null)
      return interpretUnreadableCreate(raw);
    if (code === "" && status === FAILED) return unsolvable(answer);
    const error = interpretError(answer, raw);
    if (error.tag !== "processing") return error;
    // "Not ready" beside an id is a task under way; without one it is neither an acceptance nor a final rejection.
    return taskId === null
      ? { tag: "transient", reason: code, retryAfterMs: raw.retryAfterMs }
      : { tag: "created", taskId };
  }
  if (saysFailed(answer, raw)) return unsolvable(answer);
  if (solution !== null && !PROCESSING_STATUSES.has(status)) return { tag: "ready", taskId, solution };
  return taskId === null ? interpretUnreadableCreate(raw) : { tag: "created", taskId };
}

function interpretUnreadableCreate(raw: RawAnswer): CreateOutcome {
  const rejected = raw.status >= 400 && !UNKNOWN_OUTCOME_STATUSES.has(raw.status);
  return rejected
    ? { tag: "transient", reason: `http_${raw.status}`, retryAfterMs: raw.retryAfterMs }
    : { tag: "unknown", reason: raw.status === 200 ? "malformed" : `http_${raw.status}` };
}

/**
 * Reads an answer to getTaskResult. A `ready` without a token is malformed, and so is an undocumented status; a token beside an
 * undocumented status, or without one, is a solution.
 */
export function interpretPoll(raw: RawAnswer, redactor: Redactor): PollOutcome {
  const answer = readAnswer(raw.body, redactor);
  const requestFailed: PollOutcome = {
    tag: "request_failed",
    reason: raw.status === 200 ? "malformed" : `http_${raw.status}`,
    retryAfterMs: raw.retryAfterMs,
  };
  if (answer === null) return requestFailed;
  const { status, solution } = answer;
  const failed = saysFailed(answer, raw);
  const processing = PROCESSING_STATUSES.has(status);
  if (isError(answer, failed || processing || solution !== null)) {
    // The task itself has failed, whatever the code says about a later request.
    return failed && documentedMeaning(answer.code) !== "account" ? unsolvable(answer) : interpretError(answer, raw);
  }
  if (failed) return unsolvable(answer);
  if (processing) return { tag: "processing" };
  return solution === null ? requestFailed : { tag: "ready", solution };
}

/** Whether the status is an explicit `failed`. Without `errorId`, under an HTTP error, it may be a proxy's own. */
function saysFailed({ status, error }: Answer, raw: RawAnswer): boolean {
  return status === FAILED && (error !== null || raw.status < 400);
}

function unsolvable({ code, description }: Answer): UpstreamError {
  const meaning = documentedMeaning(code);
  if (meaning === "account") return { tag: "failed", kind: "unsolvable", code: "", description: "" };
  return { tag: "failed", kind: meaning === "rejected" ? "rejected" : "unsolvable", code, description };
}

function interpretError(answer: Answer, raw: RawAnswer): UpstreamError | { readonly tag: "processing" } {
  const { code, description } = answer;
  const meaning = meaningOf(code, raw.status);
  switch (meaning) {
    case "processing":
      return { tag: "processing" };
    case "account":
      return { tag: "account", code };
    case "transient":
      return { tag: "transient", reason: code || `http_${raw.status}`, retryAfterMs: raw.retryAfterMs };
    case "rejected":
    case "unsolvable":
      return { tag: "failed", kind: meaning, code, description };
  }
}
