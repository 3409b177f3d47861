// The persisted shape of a task: one JSON record under one storage key, parsed by zod on every load. This is a contract with
// what older versions wrote: a new field is optional or has a default, a field is never given another meaning, and `version`
// rises only with a migration beside it. Times are ms since the epoch. Holds no logic beyond building a fresh record.

import { z } from "zod";
import type { KeyMode } from "../tenants/keys.ts";
import type { Solution } from "../upstream/protocol.ts";
import { deliverySchema, newDelivery } from "../webhooks/delivery.ts";
import { SOLUTION_STATES, TASK_ERROR_CODES, TASK_STATUSES } from "./status.ts";

/** The storage key of the record. */
export const RECORD_KEY = "task";

const time = z.int().nonnegative();

/** The task as accepted, defaults filled in. */
const acceptedTaskSchema = z.object({
  type: z.literal("RecaptchaV3TaskProxyless"),
  websiteURL: z.string(),
  websiteKey: z.string(),
  pageAction: z.string(),
  checkField: z.string().optional(),
  websiteTitle: z.string().optional(),
  isInvisible: z.boolean(),
});
export type AcceptedTask = z.output<typeof acceptedTaskSchema>;

const taskErrorSchema = z.object({
  code: z.enum(TASK_ERROR_CODES),
  message: z.string(),
  upstreamCode: z.string().optional(),
});
export type TaskError = z.output<typeof taskErrorSchema>;

/** The solution as handed out: upstream's fields, and the user agent that it was made with. */
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

/** One entry of the timeline. `detail` is a short tag such as `http_503`, never text from outside at length. */
const timelineEntrySchema = z.object({
  at: time,
  type: z.string(),
  durationMs: z.int().nonnegative().optional(),
  detail: z.string().optional(),
});
export type TimelineEntry = z.output<typeof timelineEntrySchema>;

export const taskRecordSchema = z.object({
  version: z.literal(1),
  /** See task-id.ts. Without the prefix. */
  id: z.string(),
  tenantId: z.string(),
  /** See `TaskOrigin`. */
  tenantSince: time.optional(),
  /** The API key that created the task. */
  keyId: z.string().optional(),
  mode: z.enum(["live", "test"]),
  task: acceptedTaskSchema,
  /** The caller's own name for the task. */
  reference: z.string().nullable().optional(),
  /** The task's number in the compatibility API. */
  compatTaskId: z.int().positive().nullable().optional(),
  metadata: z.record(z.string(), z.string()),
  /** Hash of the accepted body where an idempotency key names the task, else null. */
  bodyHash: z.string().nullable(),
  traceparent: z.string().optional(),
  createdAt: time,
  deadlineAt: time,
  /** The cadence and the retention as they were configured when the task was accepted. */
  pollIntervalMs: z.int().positive(),
  retentionMs: z.int().positive(),
  /** The tenant's advice: how long after createTask's answer the first poll comes. */
  firstPollMs: z.int().positive().optional(),
  /** The only upstream account that the task may use, as its tenant was configured at admission. */
  pinnedAccount: z.string().optional(),
  /** The upstream account that has the task: polls go there. Missing in records of versions that had only one account. */
  upstreamAccount: z.string().optional(),

  status: z.enum(TASK_STATUSES),
  /** Where a queued task stands: to ask for admission, to be woken by its tenant, to be submitted. */
  stage: z.enum(["admission", "waiting", "submission"]),
  /** When the next step of an unfinished task (admission, submission, poll) is due. */
  stepAt: time,
  /**
   * From this time on a createTask may have been sent whose answer is not known. A new record has it from the start: the submission of
   * the object that accepted the task needs no further write. An object that loads such a record cannot know whether it was sent.
   */
  intentAt: time.nullable(),
  /** The createTask of `intentAt` is being sent by this very object. False or missing while it is only intended. */
  sending: z.boolean().optional(),
  /** Sends that upstream took or may have taken. */
  submissions: z.int().nonnegative(),
  /** Sends with an unknown outcome. */
  hiddenSubmissions: z.int().nonnegative(),
  /** Sends that the upstream answered without accepting the task. */
  rejectedSends: z.int().nonnegative().optional(),
  polls: z.int().nonnegative(),
  /** Faults in a row of the present step: the index into the backoff. */
  faults: z.int().nonnegative(),
  /** The last exchange on the way to a solution was a fault, a refusal, or was held back. */
  lastExchangeFailed: z.boolean(),
  /** The JSON text of upstream's task id. */
  upstreamTaskId: z.string().nullable(),
  submittedAt: time.nullable(),
  /** The last moment at which the solution was known not to exist: a lower bound, so its expiry is never too late. */
  unsolvedAt: time.nullable(),

  finishedAt: time.nullable(),
  solution: storedSolutionSchema.nullable(),
  solutionState: z.enum(SOLUTION_STATES),
  solutionExpiresAt: time.nullable(),
  solutionBestBefore: time.nullable(),
  error: taskErrorSchema.nullable(),

  /** The tenant's object has taken the outcome into its ledger. */
  settled: z.boolean(),
  settleAt: time.nullable(),
  settleFaults: z.int().nonnegative(),
  delivery: deliverySchema.nullable(),
  /** Unexpected exceptions in a row. */
  strikes: z.int().nonnegative(),
  /** Of a finished task: after an unexpected exception nothing is tried before this moment. */
  pausedUntil: time.nullable().default(null),
  events: z.array(timelineEntrySchema),
});
export type TaskRecord = z.output<typeof taskRecordSchema>;

/** What it takes to accept a task. Durations in ms. */
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

/** A fresh record: queued, with admission as its first step, due at once. */
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

/** From the upstream's acceptance to the solution (ms), or null where there is none. */
function solveMsOf({ status, submittedAt, finishedAt }: TaskRecord): number | null {
  return status === "ready" && submittedAt !== null && finishedAt !== null ? finishedAt - submittedAt : null;
}

/** What is known of a solve time (ms from upstream's acceptance): it lies between the two. Null where there is no solution. */
export function solveBoundsOf(record: TaskRecord): { readonly unsolvedMs: number; readonly solveMs: number } | null {
  const solveMs = solveMsOf(record);
  const { submittedAt, unsolvedAt } = record;
  if (solveMs === null || submittedAt === null) return null;
  // The request for the task left before it was answered: a solution may be that old.
  return { unsolvedMs: Math.max((unsolvedAt ?? submittedAt) - submittedAt, 0), solveMs };
}
