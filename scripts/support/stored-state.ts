// Searches the files of a stopped gateway for a text that should have been deleted.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

const rowsSchema = z.array(z.object({ value: z.instanceof(Uint8Array) }));

/** The folder with the files of all task objects. */
function taskFolder(state: string): string {
  const objects = join(state, "v3", "do");
  const folder = readdirSync(objects).find((name) => name.endsWith("TaskObject"));
  if (folder === undefined) throw new Error("the state folder contains no task");
  return join(objects, folder);
}

/** Whether the stored record of a task, found by its object's id, contains the text. Null when there is no record. */
export function recordContains(state: string, objectId: string, text: string): boolean | null {
  const file = join(taskFolder(state), `${objectId}.sqlite`);
  if (!existsSync(file)) return null;
  const database = new DatabaseSync(file);
  try {
    const rows = rowsSchema.parse(database.prepare("SELECT value FROM _cf_KV").all());
    return rows.length === 0 ? null : rows.some(({ value }) => Buffer.from(value).includes(text));
  } finally {
    database.close();
  }
}

/**
 * The files, relative to the state folder, whose raw bytes contain the text. SQLite keeps deleted bytes in free pages and in its
 * write-ahead log until they are reused, so a hit does not mean that a record contains the text.
 */
export function filesContaining(state: string, text: string): string[] {
  return readdirSync(state, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text))
    .map((file) => file.slice(state.length + 1));
}
