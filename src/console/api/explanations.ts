// What a failure is to somebody who reads it: what happened, and what to do. PURE. The words of the codes come from the reference.

import type { Explanation } from "../../reference/problems.ts";
import { PROBLEMS, TASK_ERRORS } from "../../reference/problems.ts";
import type { Failure } from "./failure.ts";

const UNREACHABLE: Explanation = {
  what: "The gateway does not answer.",
  next: "Check your connection. The console tries again by itself.",
};

const BROKEN: Explanation = {
  what: "The gateway failed to answer as it should.",
  next: "The console tries again by itself. If it stays, give the request id to the operator.",
};

const CORRECT = "Correct it and send it again.";

/** What happened and what to do. A refusal's own detail goes first: it names the host, the scope or the state. */
export function explain(failure: Failure): Explanation {
  if (failure.tag === "unreachable") return UNREACHABLE;
  const known = lookUp(PROBLEMS, failure.code);
  if (failure.tag === "broken") return failure.code === "configuration" && known !== null ? known : BROKEN;
  if (known === null) {
    return { what: failure.detail ?? `The gateway answered ${failure.status ?? "nothing"}.`, next: "Try again later." };
  }
  // The general sentences of invalid_request are for who builds a body by hand, and say less than the faults themselves.
  if (failure.code === "invalid_request" && failure.errors.length > 0)
    return { what: faultsOf(failure), next: CORRECT };
  return { what: failure.detail === null ? known.what : sentenceOf(failure.detail), next: known.next };
}

/** What a failed task's code means; null for a code that this console does not know. */
export function explainTask(code: string): Explanation | null {
  return lookUp(TASK_ERRORS, code);
}

/** A detail as a sentence: some begin small and end without a stop. */
function sentenceOf(detail: string): string {
  return `${detail.charAt(0).toUpperCase()}${detail.slice(1)}${/[.!?]$/.test(detail) ? "" : "."}`;
}

function faultsOf({ errors }: Failure): string {
  return errors.map(({ path, message }) => `${path} ${message}.`).join(" ");
}

function lookUp(table: Readonly<Record<string, Explanation>>, code: string | null): Explanation | null {
  return code !== null && Object.hasOwn(table, code) ? (table[code] ?? null) : null;
}
