// The tables of a tenant's object. Run `npm run migrations` after changing them. Times are in ms since the epoch.
//
// Written rows and index entries are billed. The ledger is therefore ordered by its primary key, and its only index covers rows with a
// reference.

import { isNotNull } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TaskErrorCode, TaskStatus } from "../tasks/status.ts";
import type { WebhookState } from "../webhooks/delivery.ts";
import type { KeyMode, Scope } from "./keys.ts";
import type { AuditAction, AuditDetails } from "./rpc.ts";

/** The audit log. */
export const audit = sqliteTable("audit", {
  /** Ascending. Also the cursor of the log. */
  id: integer("id").primaryKey(),
  at: integer("at").notNull(),
  action: text("action").$type<AuditAction>().notNull(),
  /** The key that acted; null for the operator. */
  actorKeyId: text("actor_key_id"),
  target: text("target").notNull(),
  /** Null for changes that affect both modes. */
  mode: text("mode").$type<KeyMode>(),
  details: text("details", { mode: "json" }).$type<AuditDetails>().notNull(),
});

/** The API keys, as hashes. */
export const apiKeys = sqliteTable("api_keys", {
  id: text("id").primaryKey(),
  /** SHA-256 of the whole key, hex. */
  hash: text("hash").notNull(),
  name: text("name").notNull(),
  mode: text("mode").$type<KeyMode>().notNull(),
  scopes: text("scopes", { mode: "json" }).$type<Scope[]>().notNull(),
  createdAt: integer("created_at").notNull(),
  expiresAt: integer("expires_at"),
  /** When a rotated key ends. */
  endsAt: integer("ends_at"),
  /** The day of the last use, such as `2026-11-23`. */
  lastUsedDay: text("last_used_day"),
});

/** The ledger: one row per task, never with a solution. */
export const tasks = sqliteTable(
  "tasks",
  {
    /** See sequence.ts. Unique and ordered by creation time. Also the cursor of the task list. */
    sequence: integer("sequence").primaryKey(),
    taskId: text("task_id").notNull(),
    mode: text("mode").$type<KeyMode>().notNull(),
    /** The normalized host of the task's websiteURL. */
    website: text("website").notNull(),
    status: text("status").$type<TaskStatus>().notNull(),
    /** Whether the task was admitted to a slot. */
    admitted: integer("admitted", { mode: "boolean" }).notNull(),
    createdAt: integer("created_at").notNull(),
    deadlineAt: integer("deadline_at").notNull(),
    finishedAt: integer("finished_at"),
    /** From the upstream's acceptance to the solution. */
    solveMs: integer("solve_ms"),
    /** From the upstream's acceptance to the last response without a solution. */
    unsolvedMs: integer("unsolved_ms"),
    errorCode: text("error_code").$type<TaskErrorCode>(),
    webhookState: text("webhook_state").$type<WebhookState>(),
    /** The caller's own name for the task. */
    reference: text("reference"),
    /** The API key that created the task. Null in rows of older versions. */
    keyId: text("key_id"),
    /** The `mark` of the monthly count (quota.ts) when the row was inserted or admitted. Null in rows of older versions. */
    monthCount: integer("month_count"),
  },
  ({ reference }) => [index("tasks_reference").on(reference).where(isNotNull(reference))],
);

/** The totals of past days. */
export const usageDays = sqliteTable("usage_days", {
  /** Days since the epoch. */
  day: integer("day").primaryKey(),
  live: text("live", { mode: "json" }).$type<DayTotals>().notNull(),
  test: text("test", { mode: "json" }).$type<DayTotals>().notNull(),
  /** Totals by key. In their own columns, because they can be large and are rarely needed. */
  liveKeys: text("live_keys", { mode: "json" }).$type<KeyTotals>().notNull(),
  testKeys: text("test_keys", { mode: "json" }).$type<KeyTotals>().notNull(),
});

/** The tasks created on a day, by outcome. */
export interface DayTotals {
  readonly submitted: number;
  readonly ready: number;
  /** By error code. */
  readonly failed: Readonly<Record<string, number>>;
  readonly canceled: number;
  /** Nearest-rank percentiles (ms). Null on a day without a solved task. */
  readonly solveMs: { readonly p50: number | null; readonly p95: number | null };
}

/** Totals by key id. Rows of older versions have no key and are not included. */
export type KeyTotals = Readonly<Record<string, { readonly submitted: number; readonly ready: number }>>;
