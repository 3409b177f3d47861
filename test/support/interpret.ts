// How the gateway interprets an upstream's answers, with no key to redact.

import type { RawAnswer } from "../../src/upstream/protocol.ts";
import { interpretCreate, interpretPoll } from "../../src/upstream/protocol.ts";
import { redactorOf } from "../../src/upstream/redact.ts";

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
