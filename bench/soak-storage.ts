// What the task objects of a running gateway have on disk: how many files, how large, and how many of them hold a record. It reads
// and never writes.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

export interface StoredTasks {
  /** Databases, one an object. */
  readonly files: number;
  /** Of the databases and what SQLite keeps beside them. */
  readonly bytes: number;
}

/** Measures the folder of the task objects under a gateway's state. */
export function measureStored(stateFolder: string): StoredTasks {
  const folder = taskFolder(stateFolder);
  if (folder === null) return { files: 0, bytes: 0 };
  let files = 0;
  let bytes = 0;
  for (const name of readdirSync(folder)) {
    if (name.endsWith(".sqlite") && name !== METADATA) files += 1;
    bytes += sizeOf(join(folder, name));
  }
  return { files, bytes };
}

/** How many task objects still have rows of ours in their databases. Opens every file: for the end of a run. */
export function countRecords(stateFolder: string): number {
  const folder = taskFolder(stateFolder);
  if (folder === null) return 0;
  const databases = readdirSync(folder).filter((name) => name.endsWith(".sqlite") && name !== METADATA);
  return databases.filter((name) => hasRecord(join(folder, name))).length;
}

/** The alarms of all objects of a class stand in one database beside theirs. */
const METADATA = "metadata.sqlite";

function taskFolder(stateFolder: string): string | null {
  const objects = readdirSync(stateFolder, { recursive: true, withFileTypes: true });
  const found = objects.find((entry) => entry.isDirectory() && entry.name.endsWith("TaskObject"));
  return found === undefined ? null : join(found.parentPath, found.name);
}

/** A file may go between being named and being measured. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function hasRecord(path: string): boolean {
  if (!existsSync(path)) return false;
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = '_cf_KV'").get();
    return table !== undefined && database.prepare("SELECT 1 FROM _cf_KV LIMIT 1").get() !== undefined;
  } finally {
    database.close();
  }
}
