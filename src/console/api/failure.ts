// The result of an API call: its value, or why it has none. The sentences for it are in `explanations.ts`.

import { type FieldError, SolvegateError } from "../../client/index.ts";

/**
 * Why a call has no value.
 * - `unauthenticated`: the credential is not accepted (any more).
 * - `rejected`: the gateway understood the call and declined it. Repeating it would not help.
 * - `limited`: too many calls.
 * - `broken`: the gateway failed, or its response cannot be read.
 * - `unreachable`: there was no response.
 */
export interface Failure {
  readonly tag: "unauthenticated" | "rejected" | "limited" | "broken" | "unreachable";
  readonly status: number | null;
  readonly code: string | null;
  readonly detail: string | null;
  readonly errors: readonly FieldError[];
  readonly requestId: string | null;
  /** From `Retry-After`, in ms, or null. */
  readonly retryAfterMs: number | null;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** The result of a call. @throws what is not a failed call: an error in the console */
export async function resultOf<T>(call: Promise<T>, signal?: AbortSignal): Promise<Result<T>> {
  try {
    return { ok: true, value: await call };
  } catch (error) {
    if (error instanceof SolvegateError) return { ok: false, failure: failureOf(error) };
    if (signal?.aborted === true) return { ok: false, failure: ABORTED };
    throw error;
  }
}

/** The failure of a call that its view aborted. It is not shown. */
const ABORTED: Failure = {
  tag: "unreachable",
  status: null,
  code: null,
  detail: null,
  errors: [],
  requestId: null,
  retryAfterMs: null,
};

function failureOf(error: SolvegateError): Failure {
  const { status, code, detail, errors, requestId, retryAfterMs } = error;
  const tag = tagOf(status, code);
  // The client's own codes and texts are for programs: they name options of the client.
  const own = code === "network_error" || code === "unexpected_answer";
  return { tag, status, code: own ? null : code, detail: own ? null : detail, errors, requestId, retryAfterMs };
}

function tagOf(status: number | null, code: string): Failure["tag"] {
  if (status === null) return code === "network_error" ? "unreachable" : "broken";
  if (status === 401) return "unauthenticated";
  if (status === 429 && code !== "quota_exceeded") return "limited";
  if (code === "unexpected_answer" && status < 400) return "broken";
  // upstream_not_configured is a decision, although its status is 503.
  return status >= 500 && code !== "upstream_not_configured" ? "broken" : "rejected";
}
