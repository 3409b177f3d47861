// Ledgers of any length for tests, and the number of rows that a call reads from one.

import { runInDurableObject } from "cloudflare:test";
import { vi } from "vitest";
import { freshTaskObject } from "./objects.ts";

/** The rows that all SQL statements read while `work` runs, by SQLite's own count. Includes the loading of evicted objects. */
export async function rowsReadBy(work: () => Promise<unknown>): Promise<number> {
  const cursors: { readonly rowsRead: number }[] = [];
  // All objects of an isolate share the prototype, so a constructor can be watched before its object exists.
  const spy = await runInDurableObject(freshTaskObject(), (_object, { storage }) => {
    const prototype = Object.getPrototypeOf(storage.sql);
    const original: (...parameters: unknown[]) => { readonly rowsRead: number } = prototype.exec;
    return vi.spyOn(prototype, "exec").mockImplementation(function (this: unknown, ...parameters: unknown[]) {
      const cursor = original.apply(this, parameters);
      cursors.push(cursor);
      return cursor;
    });
  });
  try {
    await work();
  } finally {
    spy.mockRestore();
  }
  return cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
}
