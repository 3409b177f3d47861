// The drizzle tables of a tenant's object: API keys, the audit log, the ledger of tasks and daily totals. After a change here, run
// `npm run migrations`. Keys are stored as hashes, solutions not at all. Times are in ms since the epoch.
//
// Every row written and every index entry is billed. The ledger is therefore ordered by its integer primary key, and its only
// index covers the rows that have a reference.

import { isNotNull } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TaskErrorCode, TaskStatus } from "../tasks/status.ts";
import type { WebhookState } from "../webhooks/delivery.ts";
import type { KeyMode, Scope } from "./keys.ts";
import type { AuditAction, AuditDetails } from "./rpc.ts";

export const audit = sqliteTable("audit", {
  /** Ascending, so also the cursor of the log. */
  id: integer("id").primaryKey(),
  at: integer("at").notNull(),
  action: text("action").$type<AuditAction>().notNull(),
  /** The key that acted; null for the operator. */
  actorKeyId: text("actor_key_id"),
  target: text("target").notNull(),
  /** Null for what concerns both modes. */
  mode: text("mode").$type<KeyMode>(),
  details: text("details", { mode: "json" }).$type<AuditDetails>().notNull(),
});

export const apiKeys = sqliteTable("api_keys", {
  id: text("id").primaryKey(),
  /** SHA-256 of the whole key, hex. */
  hash: text("hash").notNull(),
  name: text("name").notNull(),
  mode: text("mode").$type<KeyMode>().notNull(),
  scopes: text("scopes", { mode: "json" }).$type<Scope[]>().notNull(),
  createdAt: integer("created_at").notNull(),
  expiresAt: integer("expires_at"),
  /** When a rotated key ends; its replacement does not inherit this. */
  endsAt: integer("ends_at"),
  /** Day of the last use, `2026-11-23`. */
  lastUsedDay: text("last_used_day"),
});

export const tasks = sqliteTable(
  "tasks",
  {
    /** Creation time and a place within its millisecond (sequence.ts): unique, ordered by time, and the cursor of the list. */
    sequence: integer("sequence").primaryKey(),
    taskId: text("task_id").notNull(),
    mode: text("mode").$type<KeyMode>().notNull(),
    website: text("website").notNull(),
    status: text("status").$type<TaskStatus>().notNull(),
    /** 1 once the task has had a slot. */
    admitted: integer("admitted", { mode: "boolean" }).notNull(),
    createdAt: integer("created_at").notNull(),
    deadlineAt: integer("deadline_at").notNull(),
    finishedAt: integer("finished_at"),
    /** From the upstream's acceptance to the solution. */
    solveMs: integer("solve_ms"),
    /** From the upstream's acceptance to the last answer without a solution. */
    unsolvedMs: integer("unsolved_ms"),
    errorCode: text("error_code").$type<TaskErrorCode>(),
    webhookState: text("webhook_state").$type<WebhookState>(),
    /** The caller's own name for the task. */
    reference: text("reference"),
    /** The API key that created the task; null in rows of older versions. */
    keyId: text("key_id"),
    /** The month's count of live tasks when the row was inserted or admitted (quota.ts); null in rows of older versions. */
    monthCount: integer("month_count"),
  },
  ({ reference }) => [index("tasks_reference").on(reference).where(isNotNull(reference))],
);

/** Totals of a day that is over, one row for both modes. */
export const usageDays = sqliteTable("usage_days", {
  /** Days since the epoch. */
  day: integer("day").primaryKey(),
  live: text("live", { mode: "json" }).$type<DayTotals>().notNull(),
  test: text("test", { mode: "json" }).$type<DayTotals>().notNull(),
  /** By key; apart from the totals because there may be hundreds of keys, and few callers ask for them. */
  liveKeys: text("live_keys", { mode: "json" }).$type<KeyTotals>().notNull(),
  testKeys: text("test_keys", { mode: "json" }).$type<KeyTotals>().notNull(),
});

/** The tasks that were created on a day, by outcome. */
export interface DayTotals {
  readonly submitted: number;
  readonly ready: number;
  /** By error code. */
  readonly failed: Readonly<Record<string, number>>;
  readonly canceled: number;
  /** Nearest-rank percentiles; null on a day without a solved task. */
  readonly solveMs: { readonly p50: number | null; readonly p95: number | null };
}

/** By key id. Rows of older versions have no key and are not counted here. */
export type KeyTotals = Readonly<Record<string, { readonly submitted: number; readonly ready: number }>>;
