// The one error of the client: what went wrong, as a code. No word of it holds the key, though a server sends it back; a
// task, and what a platform's `fetch` threw (`cause`), are handed on as they came.

import type { FieldError, ProblemCode } from "./account-types.ts";
import type { Task, TaskErrorCode } from "./types.ts";

/**
 * What only the client can tell:
 * - `network_error`: no answer came, however often it was asked for;
 * - `unexpected_answer`: an answer came, but not one of a gateway (a proxy's page, an empty body, a redirect);
 * - `deadline_exceeded`: the gateway answers, and the task is not finished in the time that it was given;
 * - `task_canceled`: somebody canceled the task;
 * - `webhook_not_verified`: a webhook with no good signature, or with an old one.
 */
export type ClientErrorCode =
  | "network_error"
  | "unexpected_answer"
  | "deadline_exceeded"
  | "task_canceled"
  | "webhook_not_verified";

/** Every code that is known here. A newer gateway may send one that is not, as it stands. */
export type SolvegateErrorCode = ProblemCode | TaskErrorCode | ClientErrorCode | (string & {});

/** What is known of an error beside its code and its words. */
export interface SolvegateErrorDetails {
  readonly status?: number | null | undefined;
  readonly requestId?: string | null | undefined;
  readonly task?: Task | null | undefined;
  readonly errors?: readonly FieldError[] | undefined;
  readonly retryAfterSeconds?: number | null | undefined;
  readonly cause?: unknown;
}

/** Why a call did not do what it was asked for. */
export class SolvegateError extends Error {
  override readonly name = "SolvegateError";
  /** The gateway's code of a refusal; a failed task's `error.code`; or one of the client's own. */
  readonly code: SolvegateErrorCode;
  /** The HTTP status of the answer that failed the call. Null where none did: a fault of the network, a task that ended badly. */
  readonly status: number | null;
  /** The gateway's name for the request, as its logs have it. */
  readonly requestId: string | null;
  /** The task as last seen, where there is one. */
  readonly task: Task | null;
  /** Of `invalid_request`: each fault of the request. */
  readonly errors: readonly FieldError[];
  /** When the gateway said to come again, in seconds from its answer. */
  readonly retryAfterSeconds: number | null;

  constructor(code: SolvegateErrorCode, message: string, details: SolvegateErrorDetails = {}) {
    super(`${code}: ${message}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status ?? null;
    this.requestId = details.requestId ?? null;
    this.task = details.task ?? null;
    this.errors = details.errors ?? [];
    this.retryAfterSeconds = details.retryAfterSeconds ?? null;
  }
}
