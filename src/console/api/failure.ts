// The result of an API call: its value, or why it has none. The sentences for it are in `explanations.ts`.

import { SolvegateError } from "../../client/index.ts";

/**
 * Why a call has no value.
 * - `unauthenticated`: the credential is not accepted (any more).
 * - `rejected`: the gateway understood the call and declined it. Repeating it would not help.
 * - `limited`: too many calls.
 * - `broken`: the gateway failed, or its response cannot be read.
 * - `unreachable`: there was no response.
 */
export interface Failure extends Pick<SolvegateError, "status" | "errors" | "requestId" | "retryAfterMs"> {
  readonly tag: "unauthenticated" | "rejected" | "limited" | "broken" | "unreachable";
  /** The gateway's code and text. Null for the client's own, which are for programs: they name options of the client. */
  readonly code: string | null;
  readonly detail: string | null;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** The result of a call. @throws what is not a failed call: an error in the console */
export async function resultOf<T>(call: Promise<T>, signal?: AbortSignal): Promise<Result<T>> {
  try {
    return { ok: true, value: await call };
  } catch (error) {
    if (error instanceof SolvegateError) return { ok: false, failure: failureOf(error) };
    // The view is gone or loads something else, so this failure is not shown.
    if (signal?.aborted === true) return { ok: false, failure: failureOf(new SolvegateError("network_error", "")) };
    throw error;
  }
}

function failureOf(error: SolvegateError): Failure {
  const { status, code, detail, errors, requestId, retryAfterMs } = error;
  const own = code === "network_error" || code === "unexpected_answer";
  const texts = own ? { code: null, detail: null } : { code, detail };
  return { tag: tagOf(status, code), ...texts, status, errors, requestId, retryAfterMs };
}

function tagOf(status: number | null, code: string): Failure["tag"] {
  if (status === null) return code === "network_error" ? "unreachable" : "broken";
  if (status === 401) return "unauthenticated";
  if (status === 429 && code !== "quota_exceeded") return "limited";
  if (code === "unexpected_answer" && status < 400) return "broken";
  // upstream_not_configured is a decision, although its status is 503.
  return status >= 500 && code !== "upstream_not_configured" ? "broken" : "rejected";
}
