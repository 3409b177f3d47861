// The tables of a tenant's object, for drizzle: its API keys and its ledger of tasks. A change here needs `npm run migrations`.
// Never a key itself, and never a solution. Times are ms since the epoch.
//
// Each row written costs, and so does each entry of an index: the ledger has none. Its integer primary key sorts by time.

import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TaskErrorCode, TaskStatus } from "../tasks/status.ts";
import type { KeyMode, Scope } from "./keys.ts";

export const apiKeys = sqliteTable("api_keys", {
  id: text("id").primaryKey(),
  /** SHA-256 of the whole key, hex. */
  hash: text("hash").notNull(),
  name: text("name").notNull(),
  mode: text("mode").$type<KeyMode>().notNull(),
  scopes: text("scopes", { mode: "json" }).$type<Scope[]>().notNull(),
  createdAt: integer("created_at").notNull(),
  expiresAt: integer("expires_at"),
  /** When a rotated key ends, which its heir does not inherit. */
  endsAt: integer("ends_at"),
  /** Day of the last use, `2026-11-23`. */
  lastUsedDay: text("last_used_day"),
});

export const tasks = sqliteTable("tasks", {
  /** See `sequenceOf` in ledger.ts: newest last, unique, and the cursor of the list. */
  sequence: integer("sequence").primaryKey(),
  taskId: text("task_id").notNull(),
  mode: text("mode").$type<KeyMode>().notNull(),
  website: text("website").notNull(),
  status: text("status").$type<TaskStatus>().notNull(),
  /** 1 once the task has had a slot: only such tasks count against the month's quota. */
  admitted: integer("admitted", { mode: "boolean" }).notNull(),
  createdAt: integer("created_at").notNull(),
  deadlineAt: integer("deadline_at").notNull(),
  finishedAt: integer("finished_at"),
  solveMs: integer("solve_ms"),
  /** The last moment (ms since upstream's acceptance, as `solveMs`) at which there was no solution yet. */
  unsolvedMs: integer("unsolved_ms"),
  errorCode: text("error_code").$type<TaskErrorCode>(),
  webhookState: text("webhook_state").$type<"pending" | "delivered" | "exhausted">(),
});
