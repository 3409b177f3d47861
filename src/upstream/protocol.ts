// Interprets the responses to createTask and getTaskResult. Pure. Responses are interpreted as far as possible, because an unnecessary
// resubmission pays twice and a missed result is lost.

import type { Answer } from "./answer.ts";
import { isError, readAnswer } from "./answer.ts";
import { documentedMeaning, meaningOf } from "./codes.ts";
import type { Redactor } from "./redact.ts";
import type { Solution } from "./solution.ts";

export type { Solution } from "./solution.ts";

/** The task as sent to the upstream. `isInvisible` is always sent, because the upstream's default is true. */
export interface UpstreamTask {
  readonly type: "RecaptchaV3TaskProxyless";
  readonly websiteURL: string;
  readonly websiteKey: string;
  readonly pageAction: string;
  readonly checkField?: string | undefined;
  readonly websiteTitle?: string | undefined;
  readonly isInvisible: boolean;
}

/** Why the upstream did not solve a task. See `CodeMeaning`. */
export type FailureKind = "rejected" | "unsolvable";

/** An error in the response to either call. */
export type UpstreamError =
  /** `code` is "" if there is none, or if tenants must not see it. */
  | { readonly tag: "failed"; readonly kind: FailureKind; readonly code: string; readonly description: string }
  /** The upstream rejected the operator's account. Tenants must not see the code. */
  | { readonly tag: "account"; readonly code: string }
  | { readonly tag: "transient"; readonly reason: string; readonly retryAfterMs: number | null };

/** The outcome of createTask. `taskId` is the id's JSON text, so that its type is kept when it is sent back. */
export type CreateOutcome =
  | { readonly tag: "created"; readonly taskId: string }
  | { readonly tag: "ready"; readonly taskId: string | null; readonly solution: Solution }
  /** The request may have reached the upstream, but there was no readable response. It may have created and charged for a task. */
  | { readonly tag: "unknown"; readonly reason: string }
  | UpstreamError;

/** Whether the upstream accepted the task. It has tried to solve an unsolvable one, and may have charged for it. */
export function isAccepted(outcome: CreateOutcome): boolean {
  if (outcome.tag === "failed") return outcome.kind === "unsolvable";
  return outcome.tag === "created" || outcome.tag === "ready";
}

/** The outcome of getTaskResult. */
export type PollOutcome =
  | { readonly tag: "processing" }
  | { readonly tag: "ready"; readonly solution: Solution }
  | { readonly tag: "request_failed"; readonly reason: string; readonly retryAfterMs: number | null }
  | UpstreamError;

/** An HTTP response of the upstream. */
export interface RawAnswer {
  readonly status: number;
  readonly body: string;
  /** `Retry-After` in ms, or null. */
  readonly retryAfterMs: number | null;
}

/** Statuses of a proxy that forwarded the request and got no response. The task may exist. */
const UNKNOWN_OUTCOME_STATUSES = new Set([504, 520, 524]);

const PROCESSING_STATUSES = new Set(["processing", "idle"]);
const READY = "ready";
const FAILED = "failed";

/** Interprets a response to createTask. The body takes precedence, because error bodies come with any HTTP status. */
export function interpretCreate(raw: RawAnswer, redactor: Redactor): CreateOutcome {
  const answer = readAnswer(raw.body, redactor);
  if (answer === null) return interpretUnreadableCreate(raw);
  const { taskId, solution, status, code } = answer;
  const hasResult = status === READY ? solution !== null : taskId !== null;
  if (isError(answer, hasResult || saysFailed(answer, raw))) {
    // With these statuses, the body is the proxy's own message. It does not show what the upstream did.
    if (UNKNOWN_OUTCOME_STATUSES.has(raw.status) && documentedMeaning(code) === null)
      return interpretUnreadableCreate(raw);
    if (code === "" && status === FAILED) return unsolvable(answer);
    const error = interpretError(answer, raw);
    if (error.tag !== "processing") return error;
    // "Not ready" with an id means that the task was created. Without an id it means neither acceptance nor rejection.
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
 * Interprets a response to getTaskResult. A token is a solution even without a documented status. Without a token, `ready` and
 * undocumented statuses are malformed.
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
    // A failed task is final, even if the code is transient.
    return failed && documentedMeaning(answer.code) !== "account" ? unsolvable(answer) : interpretError(answer, raw);
  }
  if (failed) return unsolvable(answer);
  if (processing) return { tag: "processing" };
  return solution === null ? requestFailed : { tag: "ready", solution };
}

/** Whether the status is `failed`. With an HTTP error and without `errorId`, the body may be a proxy's own. */
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
