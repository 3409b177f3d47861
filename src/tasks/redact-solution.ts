// Removes a task's solution from a receiver's response before it is stored. Otherwise the delivery log would still contain the solution
// after its expiry. Pure.

import { redactorOf } from "../upstream/redact.ts";
import type { StoredSolution } from "./record.ts";

/** Shorter strings (characters) in a solution are flags or names, not secrets. */
const MIN_SECRET_LENGTH = 16;

/** The maximum length (characters) of all secrets together. Redaction gets slow beyond it, and fails at about twice as many. */
const MAX_SECRETS_LENGTH = 16_384;

/** Removes the strings of a solution from a text. Null if the solution is too large for that. */
export function redactSolution(text: string, solution: StoredSolution | null): string | null {
  const { userAgent: _, secChUa: __, ...fields } = solution ?? {};
  const secrets = stringsIn(fields).filter(({ length }) => length >= MIN_SECRET_LENGTH);
  const length = secrets.reduce((sum, secret) => sum + secret.length, 0);
  return length > MAX_SECRETS_LENGTH ? null : redactorOf(secrets).prose(text);
}

/** All strings in a value. The nesting of a solution is limited. */
function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}
