// Task ids. A task's id is the id of its object, 64 hex digits. An object with a name can contain one task after another, so the ids of
// its tasks have a random suffix. In the API, ids have the prefix `tsk_`.

/** The prefix of ids in the API. */
export const TASK_ID_PREFIX = "tsk_";

const SUFFIX_LENGTH = 8;
const SUFFIX_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";

/** Higher bytes are skipped, so that all digits are equally likely. */
const UNBIASED_BYTES = 256 - (256 % SUFFIX_DIGITS.length);

/**
 * Creates the id of a task.
 * @param objectId the id of its object, 64 hex digits
 * @param reusable whether the object can contain another task later
 */
export function newTaskId(objectId: string, reusable: boolean): string {
  return reusable ? `${objectId}_${randomSuffix()}` : objectId;
}

/** The object id (64 hex digits) in a task id. */
export function objectIdOf(taskId: string): string {
  return taskId.split("_", 1)[0] ?? "";
}

/** Parses an id of the API and returns it without its prefix. Null for anything else. */
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
