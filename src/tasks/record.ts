// The persisted record of a task. It must remain readable for older and newer versions: new fields must be optional or have a default,
// and the meaning of a field must not change. A new `version` needs a migration. Times are in ms since the epoch.

import { z } from "zod";
import type { KeyMode } from "../tenants/keys.ts";
import { KEY_MODES } from "../tenants/keys.ts";
import type { Solution } from "../upstream/protocol.ts";
import { deliverySchema, newDelivery } from "../webhooks/delivery.ts";
import { SOLUTION_STATES, TASK_ERROR_CODES, TASK_STATUSES } from "./status.ts";

/** The storage key of the record. */
export const RECORD_KEY = "task";

const time = z.int().nonnegative();

/** The task as it was accepted, with defaults filled in. The wire schema is in schemas/tasks.ts. */
const acceptedTaskSchema = z.object({
  type: z.literal("RecaptchaV3TaskProxyless"),
  websiteURL: z.string(),
  websiteKey: z.string(),
  pageAction: z.string(),
  checkField: z.string().optional(),
  websiteTitle: z.string().optional(),
  isInvisible: z.boolean(),
});
/** The task as it was accepted. */
export type AcceptedTask = z.output<typeof acceptedTaskSchema>;

const taskErrorSchema = z.object({
  code: z.enum(TASK_ERROR_CODES),
  message: z.string(),
  upstreamCode: z.string().optional(),
});
/** Why a task failed. */
export type TaskError = z.output<typeof taskErrorSchema>;

/** A solution with the user agent that belongs to it. */
export interface StoredSolution extends Solution {
  readonly userAgent: string;
  readonly secChUa: string;
}
const storedSolutionSchema: z.ZodType<StoredSolution> = z.looseObject({
  gRecaptchaResponse: z.string(),
  cookies: z.record(z.string(), z.string()).optional(),
  userAgent: z.string(),
  secChUa: z.string(),
});

/** An entry of the timeline. `detail` is a short tag such as `http_503`. */
const timelineEntrySchema = z.object({
  at: time,
  type: z.string(),
  durationMs: z.int().nonnegative().optional(),
  detail: z.string().optional(),
});
/** A persisted entry of the timeline. */
export type TimelineEntry = z.output<typeof timelineEntrySchema>;

/** The schema of the record, which is parsed on every load. */
export const taskRecordSchema = z.object({
  version: z.literal(1),
  /** Without its prefix. See task-id.ts. */
  id: z.string(),
  tenantId: z.string(),
  /** See `TaskOrigin`. */
  tenantSince: time.optional(),
  /** The API key that created the task. */
  keyId: z.string().optional(),
  mode: z.enum(KEY_MODES),
  task: acceptedTaskSchema,
  /** The caller's own name for the task. */
  reference: z.string().nullable().optional(),
  /** The task's number in the compatibility API. */
  compatTaskId: z.int().positive().nullable().optional(),
  metadata: z.record(z.string(), z.string()),
  /** The hash by which repeats of the request are recognized. Null if there can be none. */
  bodyHash: z.string().nullable(),
  traceparent: z.string().optional(),
  createdAt: time,
  deadlineAt: time,
  /** The configuration when the task was accepted. */
  pollIntervalMs: z.int().positive(),
  retentionMs: z.int().positive(),
  /** The delay of the adaptive first poll after the response to createTask. Missing: the default of 3 s. */
  firstPollMs: z.int().positive().optional(),
  /** The only upstream account that the task may use, from its tenant's settings at admission. */
  pinnedAccount: z.string().optional(),
  /** The upstream account that accepted the task. Missing in records of versions without named accounts. */
  upstreamAccount: z.string().optional(),

  status: z.enum(TASK_STATUSES),
  /** What a queued task does next: request admission, wait for a slot, or be submitted. */
  stage: z.enum(["admission", "waiting", "submission"]),
  /** When the next step of an unfinished task (admission, submission, poll) is due. */
  stepAt: time,
  /**
   * Since when createTask may have been sent without a known outcome. A new record has an intent from the start, so that its submission
   * needs no further write. After an eviction, the outcome is unknown if there is an intent.
   */
  intentAt: time.nullable(),
  /** Whether the object in memory is sending the createTask of `intentAt`. */
  sending: z.boolean().optional(),
  /** Submissions that the upstream accepted or may have accepted. */
  submissions: z.int().nonnegative(),
  /** Submissions with an unknown outcome. */
  hiddenSubmissions: z.int().nonnegative(),
  /** Submissions that the upstream did not accept. */
  rejectedSends: z.int().nonnegative().optional(),
  /** By the names of accounts that have rejected the task: when it may be submitted to them again. */
  accountRetryAt: z.record(z.string(), time).optional(),
  polls: z.int().nonnegative(),
  /** Consecutive failures of the current step, which determine the backoff. */
  faults: z.int().nonnegative(),
  /** Whether the last submission or poll failed, was rejected, or could not be sent. */
  lastExchangeFailed: z.boolean(),
  /** The JSON text of the upstream's task id. */
  upstreamTaskId: z.string().nullable(),
  submittedAt: time.nullable(),
  /** The last time at which the upstream had no solution yet. A lower bound, so that a solution never expires too late. */
  unsolvedAt: time.nullable(),

  finishedAt: time.nullable(),
  solution: storedSolutionSchema.nullable(),
  solutionState: z.enum(SOLUTION_STATES),
  solutionExpiresAt: time.nullable(),
  solutionBestBefore: time.nullable(),
  error: taskErrorSchema.nullable(),

  /** Whether the tenant's ledger contains the outcome. `settleAt`: when the next report is due. */
  settled: z.boolean(),
  settleAt: time.nullable(),
  /** Unused. Older versions require it. */
  settleFaults: z.int().nonnegative(),
  delivery: deliverySchema.nullable(),
  /** Consecutive unexpected exceptions. */
  strikes: z.int().nonnegative(),
  /** Of a finished task: no step is run before this time, because of an unexpected exception. */
  pausedUntil: time.nullable().default(null),
  events: z.array(timelineEntrySchema),
});
/** The persisted record of a task. */
export type TaskRecord = z.output<typeof taskRecordSchema>;

/** A task to create. Durations are in ms. */
export interface NewTask {
  readonly id: string;
  readonly tenantId: string;
  /** `createdAt` of the tenant (ms since the epoch). */
  readonly tenantSince: number;
  readonly mode: KeyMode;
  /** The API key that creates the task. */
  readonly keyId: string;
  readonly task: AcceptedTask;
  readonly reference: string | null;
  readonly compatTaskId: number | null;
  readonly metadata: Record<string, string>;
  readonly webhookUrl: string | null;
  readonly bodyHash: string | null;
  readonly traceparent?: string | undefined;
  readonly timeoutMs: number;
  readonly pollIntervalMs: number;
  readonly retentionMs: number;
}

/** Creates the record of a queued task whose admission is due immediately. */
export function newRecord(task: NewTask, now: number): TaskRecord {
  return {
    version: 1,
    id: task.id,
    tenantId: task.tenantId,
    tenantSince: task.tenantSince,
    mode: task.mode,
    keyId: task.keyId,
    task: task.task,
    reference: task.reference,
    compatTaskId: task.compatTaskId,
    metadata: task.metadata,
    bodyHash: task.bodyHash,
    ...(task.traceparent === undefined ? {} : { traceparent: task.traceparent }),
    createdAt: now,
    deadlineAt: now + task.timeoutMs,
    pollIntervalMs: task.pollIntervalMs,
    retentionMs: task.retentionMs,
    status: "queued",
    stage: "admission",
    stepAt: now,
    intentAt: now,
    submissions: 0,
    hiddenSubmissions: 0,
    polls: 0,
    faults: 0,
    lastExchangeFailed: false,
    upstreamTaskId: null,
    submittedAt: null,
    unsolvedAt: null,
    finishedAt: null,
    solution: null,
    solutionState: "none",
    solutionExpiresAt: null,
    solutionBestBefore: null,
    error: null,
    settled: false,
    settleAt: null,
    settleFaults: 0,
    delivery: task.webhookUrl === null ? null : newDelivery(task.webhookUrl, "task", null),
    strikes: 0,
    pausedUntil: null,
    events: [{ at: now, type: "accepted" }],
  };
}

/** The time (ms) from the upstream's acceptance to the solution. Null without a solution. */
function solveMsOf({ status, submittedAt, finishedAt }: TaskRecord): number | null {
  return status === "ready" && submittedAt !== null && finishedAt !== null ? finishedAt - submittedAt : null;
}

/** The bounds of the solve time (ms from the upstream's acceptance). Null without a solution. */
export function solveBoundsOf(record: TaskRecord): { readonly unsolvedMs: number; readonly solveMs: number } | null {
  const solveMs = solveMsOf(record);
  const { submittedAt, unsolvedAt } = record;
  if (solveMs === null || submittedAt === null) return null;
  // `unsolvedAt` can be the time at which createTask was sent, which is before its response.
  return { unsolvedMs: Math.max((unsolvedAt ?? submittedAt) - submittedAt, 0), solveMs };
}
