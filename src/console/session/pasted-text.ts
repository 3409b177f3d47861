// What somebody pastes: a key, or a task's id. PURE. Blanks and line breaks around it are the clipboard's, and forgiven; anything
// else gets a sentence that says what to do. Refuses to guess: a key with a typo is not mended.

import { parseKey } from "../../tenants/keys.ts";

export type Pasted = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly sentence: string };

const ok = (value: string): Pasted => ({ ok: true, value });
const not = (sentence: string): Pasted => ({ ok: false, sentence });

/** A key as it was pasted. A sound one may still be unknown: that only the gateway can say. */
export function pastedKey(text: string): Pasted {
  // A terminal breaks a long line in two, and a field of one line makes a blank of the break. Some copy `Bearer ` along.
  const key = text
    .trim()
    .replace(/^Bearer\s+/i, "")
    .replace(/\s+/g, "");
  if (key === "") return not("Paste your key here. It begins with sg_test_ or sg_live_.");
  if (!/^sg_(?:live|test)_/.test(key)) {
    return not(
      "This is not a Solvegate key: a key begins with sg_test_ or sg_live_. Copy the whole key and paste it again.",
    );
  }
  if (parseKey(key) === null) {
    return not(
      "This key is not whole: a character is missing, or was mistyped. Copy the whole key and paste it again.",
    );
  }
  return ok(key);
}

const TASK_ID = /^tsk_[0-9a-f]{64}$/;

/** Digits of the greatest 256-bit number: the compatible face writes the same id so. */
const DECIMAL = /^\d{1,78}$/;

/** A task's id as it was pasted: v1's own, or the compatible face's decimal one, which names the same task. */
export function pastedTaskId(text: string): Pasted {
  const id = text.replace(/\s+/g, "").replace(/^["']|["',]+$/g, "");
  if (id === "") return not("Paste a task's id. It begins with tsk_.");
  const lower = id.toLowerCase();
  if (TASK_ID.test(lower)) return ok(lower);
  if (DECIMAL.test(id)) {
    const hex = BigInt(id).toString(16);
    if (hex.length <= 64) return ok(`tsk_${hex.padStart(64, "0")}`);
  }
  if (/^tsk_[0-9a-f]*$/.test(lower)) {
    const here = lower.length - 4 === 1 ? "here is 1" : `here are ${lower.length - 4}`;
    return not(`This task id is not whole: tsk_ is followed by 64 characters, and ${here}. Copy it again.`);
  }
  return not(
    "This is not a task id: one is tsk_ and 64 characters from 0-9 and a-f. Copy it from POST /v1/tasks or a webhook.",
  );
}
