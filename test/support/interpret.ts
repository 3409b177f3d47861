// How the gateway interprets an upstream's answers, with no key to redact.

import type { RawAnswer } from "../../src/upstream/protocol.ts";
import { interpretCreate, interpretPoll } from "../../src/upstream/protocol.ts";
import { redactorOf } from "../../src/upstream/redact.ts";

/** The documented codes of an account that cannot be used. Listed here, so that the tests do not follow a mistake in the source. */
export const ACCOUNT_CODES: readonly string[] = [
  "ERROR_KEY_DOES_NOT_EXIST",
  "ERROR_ZERO_BALANCE",
  "ERROR_IP_NOT_ALLOWED",
  "ERROR_IP_BLOCKED",
  "ERROR_IP_BANNED",
  "ERROR_ACCOUNT_SUSPENDED",
];

const NO_KEYS = redactorOf([]);

/** An answer as it is received: a body that is a string is taken as it is, any other as JSON. */
export const rawAnswer = (body: unknown, status = 200, retryAfterMs: number | null = null): RawAnswer => ({
  status,
  body: typeof body === "string" ? body : JSON.stringify(body),
  retryAfterMs,
});

/** The outcome of createTask for an answer. */
export const createOutcomeOf = (answer: RawAnswer) => interpretCreate(answer, NO_KEYS);

/** The outcome of getTaskResult for an answer. */
export const pollOutcomeOf = (answer: RawAnswer) => interpretPoll(answer, NO_KEYS);
