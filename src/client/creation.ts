// A creation that may be repeated: its body and its idempotency key are made once, so that whichever attempt arrives, and however
// many do, there is one task.

import { readTask } from "./answers.ts";
import { idempotencyKeyOf, secondsOf } from "./given.ts";
import type { Answer, Call, Transport } from "./transport.ts";
import type { CreateInput, Task } from "./types.ts";

/** A creation, ready to be sent any number of times. */
export interface Creation {
  readonly body: string;
  readonly idempotencyKey: string;
}

/**
 * @param idempotencyKey by default a new one, which nobody else has
 * @throws TypeError, RangeError for what is no idempotency key or no time: JSON would make null of the latter
 */
export function creationOf(input: CreateInput, idempotencyKey: string = crypto.randomUUID()): Creation {
  if (input.timeoutSeconds !== undefined) secondsOf("timeoutSeconds", input.timeoutSeconds);
  const task = { type: "RecaptchaV3TaskProxyless", ...definedOf(input.task) };
  return { body: JSON.stringify({ ...input, task }), idempotencyKey: idempotencyKeyOf(idempotencyKey) };
}

/** Without the fields that are undefined: one of them must not hide a default. */
function definedOf(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Sends a creation until it is answered. */
export function sendCreation(
  transport: Transport,
  creation: Creation,
  options: Pick<Call<Task>, "deadline" | "signal" | "trail">,
): Promise<Answer<Task>> {
  return transport.call({
    method: "POST",
    path: "/v1/tasks",
    ...creation,
    repeatable: "any",
    read: readTask,
    ...options,
  });
}
