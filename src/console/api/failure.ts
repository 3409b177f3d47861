// What can become of a call: its answer, or why there is none. Types only; the sentences for it are `sentences.ts`.

import type { FieldError } from "../../errors.ts";

/**
 * Why there is no answer to show. `unauthenticated`: the key is none any more. `refused`: the gateway said no, and why. `limited`:
 * too many calls. `broken`: a fault of the gateway, or an answer that cannot be read. `unreachable`: none came.
 */
export interface Failure {
  readonly tag: "unauthenticated" | "refused" | "limited" | "broken" | "unreachable";
  readonly status: number | null;
  readonly code: string | null;
  readonly detail: string | null;
  readonly errors: readonly FieldError[];
  readonly requestId: string | null;
  /** What `Retry-After` asks for (ms), or null. */
  readonly retryAfterMs: number | null;
}

export type Result<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };
