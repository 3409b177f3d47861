// Task ids. A task's id is the id of its object, 64 hex digits. An object with a name (an idempotency key, a compatibility number) can
// hold one task after another, so the ids of its tasks have a random suffix. Callers see ids with the prefix `tsk_`.

export const TASK_ID_PREFIX = "tsk_";

const SUFFIX_LENGTH = 8;
const SUFFIX_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";

/** Random bytes from here on are drawn again, so that every digit is equally likely. */
const UNBIASED_BYTES = 256 - (256 % SUFFIX_DIGITS.length);

/**
 * The id of a new task.
 * @param objectId the id of its object, 64 hex digits
 * @param reusable whether the object can hold another task later
 */
export function newTaskId(objectId: string, reusable: boolean): string {
  return reusable ? `${objectId}_${randomSuffix()}` : objectId;
}

/** The object id (64 hex digits) in a task id. */
export function objectIdOf(taskId: string): string {
  return taskId.split("_", 1)[0] ?? "";
}

/** The task id in what callers send: without the prefix, or null where it has another form. */
export function parseTaskId(text: string): string | null {
  return /^tsk_([0-9a-f]{64}(?:_[0-9a-z]{8})?)$/.exec(text)?.[1] ?? null;
}

function randomSuffix(): string {
  let suffix = "";
  while (suffix.length < SUFFIX_LENGTH) {
    const [byte = 0] = crypto.getRandomValues(new Uint8Array(1));
    if (byte < UNBIASED_BYTES) suffix += SUFFIX_DIGITS[byte % SUFFIX_DIGITS.length];
  }
  return suffix;
}
