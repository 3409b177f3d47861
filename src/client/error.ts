// The one error class of the client. Its texts never contain the API key or admin token, even where a server sends it back; a task
// and the `cause` are passed on unchanged.

import type { FieldError, ProblemCode, Task, TaskErrorCode } from "./types.ts";

/**
 * Codes that the client itself sets:
 * - `network_error`: no response arrived, after all retries;
 * - `unexpected_answer`: a response arrived that is not a gateway's (a proxy's page, an empty body, a redirect);
 * - `deadline_exceeded`: the gateway responds, but the task did not finish in the given time;
 * - `task_canceled`: the task was canceled;
 * - `webhook_not_verified`: the webhook has no valid signature, or an old timestamp.
 */
export type ClientErrorCode =
  | "network_error"
  | "unexpected_answer"
  | "deadline_exceeded"
  | "task_canceled"
  | "webhook_not_verified";

/** All known codes. A newer gateway may send others. */
export type SolvegateErrorCode = ProblemCode | TaskErrorCode | ClientErrorCode | (string & {});

/** The details of an error beside its code and text. */
export interface SolvegateErrorDetails {
  readonly status?: number | null | undefined;
  readonly requestId?: string | null | undefined;
  readonly task?: Task | null | undefined;
  readonly errors?: readonly FieldError[] | undefined;
  readonly retryAfterMs?: number | null | undefined;
  readonly cause?: unknown;
}

/** Why a call failed. */
export class SolvegateError extends Error {
  override readonly name = "SolvegateError";
  /** The `code` of the gateway's problem details, a failed task's `error.code`, or one of the client's own. */
  readonly code: SolvegateErrorCode;
  /** What happened, for people. `message` has the code in front of it and the invalid fields behind it. */
  readonly detail: string;
  /** The HTTP status of the response. Null without a response, and for a task that ended without a solution. */
  readonly status: number | null;
  /** The gateway's id of the request, as in its logs. */
  readonly requestId: string | null;
  /** The task as last seen, if there is one. */
  readonly task: Task | null;
  /** For `invalid_request`: the invalid fields. */
  readonly errors: readonly FieldError[];
  /** The response's `Retry-After` in ms, counted from its arrival. */
  readonly retryAfterMs: number | null;

  constructor(code: SolvegateErrorCode, detail: string, details: SolvegateErrorDetails = {}) {
    const fields = (details.errors ?? []).map(({ path, message }) => `${path} ${message}`).join("; ");
    const cause = details.cause === undefined ? undefined : { cause: details.cause };
    super(`${code}: ${detail}${fields === "" ? "" : ` ${fields}`}`, cause);
    this.code = code;
    this.detail = detail;
    this.status = details.status ?? null;
    this.requestId = details.requestId ?? null;
    this.task = details.task ?? null;
    this.errors = details.errors ?? [];
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}
