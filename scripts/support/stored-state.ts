// What a stopped gateway has left on disk: whether a task's record still holds something that was to be erased, and whether the
// bytes of it lie about elsewhere. It reads and never writes.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

const rowsSchema = z.array(z.object({ value: z.instanceof(Uint8Array) }));

/** The files of all task objects, by object id. */
function taskFiles(state: string): string {
  const objects = join(state, "v3", "do");
  const folder = readdirSync(objects).find((name) => name.endsWith("TaskObject"));
  if (folder === undefined) throw new Error("no task has left anything");
  return join(objects, folder);
}

/** Whether the records of a task (by its object's id) hold the text; null where it has left no record. */
export function recordHolds(state: string, objectId: string, text: string): boolean | null {
  const file = join(taskFiles(state), `${objectId}.sqlite`);
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
 * The files, relative to the state's folder, in whose raw bytes the text occurs. SQLite leaves what it deletes in free pages
 * and in its write-ahead log until they are used again, so a hit is no fault of a record.
 */
export function filesHolding(state: string, text: string): string[] {
  return readdirSync(state, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text))
    .map((file) => file.slice(state.length + 1));
}
