// Explains failures to a reader: what happened, and what to do. Pure. The texts of error codes are shared with the reference.

import type { Explanation } from "../../reference/problems.ts";
import { PROBLEMS, TASK_ERRORS } from "../../reference/problems.ts";
import type { Failure } from "./failure.ts";

const UNREACHABLE: Explanation = {
  what: "The gateway does not respond.",
  next: "Check your connection. The console tries again automatically.",
};

const BROKEN: Explanation = {
  what: "The gateway could not answer this request.",
  next: "The console tries again automatically. If this continues, give the request id to the operator.",
};

/** What happened and what to do. The response's own detail comes first: it names the host, the scope or the state. */
export function explain(failure: Failure): Explanation {
  if (failure.tag === "unreachable") return UNREACHABLE;
  const known = lookUp(PROBLEMS, failure.code);
  if (failure.tag === "broken") return failure.code === "configuration" && known !== null ? known : BROKEN;
  if (known === null) {
    return { what: failure.detail ?? `The gateway answered ${failure.status ?? "nothing"}.`, next: "Try again later." };
  }
  // The list of fields is more precise than the general text of invalid_request.
  if (failure.code === "invalid_request" && failure.errors.length > 0) {
    return { what: fieldErrorsOf(failure), next: "Correct it and send it again." };
  }
  return { what: failure.detail === null ? known.what : toSentence(failure.detail), next: known.next };
}

/** What a failed task's error code means, or null for an unknown code. */
export function explainTask(code: string): Explanation | null {
  return lookUp(TASK_ERRORS, code);
}

/** Some details begin in lower case and end without a period. */
function toSentence(detail: string): string {
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}${/[.!?]$/.test(detail) ? "" : "."}`;
}

function fieldErrorsOf({ errors }: Failure): string {
  return errors.map(({ path, message }) => `${path} ${message}.`).join(" ");
}

function lookUp(table: Readonly<Record<string, Explanation>>, code: string | null): Explanation | null {
  return code !== null && Object.hasOwn(table, code) ? (table[code] ?? null) : null;
}
