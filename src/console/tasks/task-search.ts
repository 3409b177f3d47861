// Recognizes what was typed into the search field of the task list: a task's id, or a reference. Pure.

export type TaskSearch =
  | { readonly tag: "empty" }
  | { readonly tag: "id"; readonly id: string }
  | { readonly tag: "reference"; readonly reference: string }
  | { readonly tag: "invalid"; readonly message: string };

/** An id is `tsk_` and at most 96 characters in all. */
const TASK_ID = /^tsk_[0-9a-z_]{1,92}$/;

/** The API's limit of a reference. */
const MAX_REFERENCE_LENGTH = 64;

/** Blanks inside an id, and the quotes and the comma of a JSON line around it, are dropped. */
export function parseTaskSearch(text: string): TaskSearch {
  const trimmed = text.trim().replace(/^["']|["',]+$/g, "");
  if (trimmed === "") return { tag: "empty" };
  const id = trimmed.replace(/\s+/g, "").toLowerCase();
  if (id.startsWith("tsk_")) {
    if (TASK_ID.test(id)) return { tag: "id", id };
    return { tag: "invalid", message: "This is not a complete task id. Copy it again." };
  }
  if (trimmed.length > MAX_REFERENCE_LENGTH) {
    return { tag: "invalid", message: `A reference has at most ${MAX_REFERENCE_LENGTH} characters.` };
  }
  return { tag: "reference", reference: trimmed };
}
