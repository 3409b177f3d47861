// The wire of v1's tasks: what a caller may send, and the Task as it is answered. Unknown fields are refused.

import { z } from "@hono/zod-openapi";
import { SOLUTION_STATES, TASK_ERROR_CODES, TASK_STATUSES } from "../tasks/status.ts";
import { MAX_NUMBER } from "../tasks/task-number.ts";
import { websiteHost } from "../tenants/hosts.ts";
import { WEBHOOK_STATES } from "../webhooks/delivery.ts";
import { nullableTimeSchema, timeSchema } from "./shared.ts";

/** The seed's example task, in every example of the OpenAPI description. */
export const EXAMPLE_TASK = {
  type: "RecaptchaV3TaskProxyless",
  websiteURL: "https://antcpt.com/score_detector",
  websiteKey: "6LcR_okUAAAAAPYrPe-HK_0RULO1aZM15ENyM-Mf",
  pageAction: "homepage",
  websiteTitle: "Score detector for reCAPTCHA v3",
} as const;

/** The task's fields without its type, which the two APIs parse differently. Lengths in characters. */
export const taskFields = {
  websiteURL: z
    .string()
    .min(1)
    .max(2_048)
    .refine((url) => websiteHost(url) !== null, "must be an http or https URL")
    .openapi({ format: "uri", description: "The page's address; its host must be on the tenant's allow-list" }),
  websiteKey: z.string().min(1).max(256).openapi({ description: "The page's site key" }),
  pageAction: z
    .string()
    .min(1)
    .max(128)
    .openapi({ description: "The page's action; a wrong one makes the result void" }),
  checkField: z
    .string()
    .max(4_096)
    .optional()
    .openapi({ description: "The new value of protobuf field 9 of the reload packet, for a second verification" }),
  websiteTitle: z.string().max(512).optional().openapi({ description: "The page's document.title" }),
};

const taskSchema = z
  .strictObject({
    type: z.literal("RecaptchaV3TaskProxyless"),
    ...taskFields,
    isInvisible: z.boolean().default(true).openapi({ description: "Sent to the upstream as it is" }),
  })
  .openapi("SolveTask", { example: { ...EXAMPLE_TASK, isInvisible: true } });

/** Shortest and longest deadline that a task may ask for, in seconds. */
const TIMEOUT_RANGE_S = { min: 10, max: 300 } as const;

/** The longest `reference`, in characters. */
const REFERENCE_LENGTH = 64;

const metadataSchema = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((metadata) => Object.keys(metadata).length <= 16, "must have at most 16 entries");

export const createTaskSchema = z
  .strictObject({
    task: taskSchema,
    webhookUrl: z.string().optional().openapi({
      format: "uri",
      description: "Where the result is sent; the tenant's endpoint where it is left out",
      example: "https://hooks.shop.example/solvegate",
    }),
    reference: z.string().min(1).max(REFERENCE_LENGTH).optional().openapi({
      description: "Your own name for the task. It need not be unique, and tasks can be listed by it",
      example: "order-1042",
    }),
    metadata: metadataSchema
      .optional()
      .openapi({ description: "Yours, handed back as it is", example: { order: "1042" } }),
    timeoutSeconds: z
      .int()
      .min(TIMEOUT_RANGE_S.min)
      .max(TIMEOUT_RANGE_S.max)
      .optional()
      .openapi({ description: "The task's deadline; by default the gateway's, 120 s", example: 120 }),
  })
  .openapi("CreateTask", { example: { task: EXAMPLE_TASK, reference: "order-1042", metadata: { order: "1042" } } });

export const solutionSchema = z
  .object({
    gRecaptchaResponse: z.string(),
    cookies: z.record(z.string(), z.string()).optional(),
    userAgent: z.string().openapi({ description: "Send this `user-agent` with the token: some sites match it" }),
    secChUa: z.string().openapi({ description: "Send this `sec-ch-ua` with the token" }),
  })
  .openapi("Solution", {
    description: "Single use, valid for 120 s, best used within 60 s. Other fields of the upstream are passed through",
    additionalProperties: true,
    example: {
      gRecaptchaResponse: "03AGdBq25SxXT-pmSeBXjzScW",
      cookies: { _GRECAPTCHA: "09ANMylNCtUe" },
      userAgent:
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
      secChUa: '"Google Chrome";v="137", "Not-A.Brand";v="24", "Chromium";v="137"',
    },
  });

/** The task as accepted, with its defaults filled in. */
const acceptedTaskSchema = z.object({
  type: z.literal("RecaptchaV3TaskProxyless"),
  websiteURL: z.string(),
  websiteKey: z.string(),
  pageAction: z.string(),
  checkField: z.string().optional(),
  websiteTitle: z.string().optional(),
  isInvisible: z.boolean(),
});

export const taskViewSchema = z
  .object({
    id: z.string().openapi({
      pattern: "^tsk_[0-9a-z_]{1,96}$",
      description: "Opaque; no two tasks have the same",
      example: `tsk_${"5f".repeat(32)}`,
    }),
    status: z.enum(TASK_STATUSES).openapi({ description: "`ready`, `failed` and `canceled` are final" }),
    mode: z.enum(["live", "test"]).openapi({ description: "The mode of the key that created the task" }),
    task: acceptedTaskSchema,
    reference: z.string().nullable().openapi({ description: "Your own name for the task, as given" }),
    metadata: z.record(z.string(), z.string()).openapi({ description: "Your own data, as given" }),
    compatTaskId: z.int().min(1).max(MAX_NUMBER).nullable().openapi({
      description: "The task's `taskId` in the compatibility API. Null for tasks of v1",
    }),
    createdAt: timeSchema,
    submittedAt: nullableTimeSchema.openapi({ description: "When the upstream accepted the task" }),
    finishedAt: nullableTimeSchema.openapi({ description: "When the status became final" }),
    deadlineAt: timeSchema.openapi({ description: "An unfinished task fails then, with the code `timeout`" }),
    waitingFor: z.enum(["slot", "upstream"]).nullable().openapi({
      description: "What holds a queued task: a free slot of its tenant, or an upstream account that works",
    }),
    nextStepAt: nullableTimeSchema.openapi({
      description: "When the next step of an unfinished task is due; of a processing task, the next poll",
    }),
    // `.nullable()` would make the component itself nullable in the document.
    solution: z.union([solutionSchema, z.null()]),
    solutionState: z
      .enum(SOLUTION_STATES)
      .openapi({ description: "A `claimed` or `expired` solution is erased, and `solution` is null" }),
    solutionExpiresAt: nullableTimeSchema.openapi({
      description: "Do not use the solution after this time",
    }),
    solutionBestBefore: nullableTimeSchema.openapi({ description: "The solution is best used before this time" }),
    error: z
      .object({ code: z.enum(TASK_ERROR_CODES), message: z.string(), upstreamCode: z.string().optional() })
      .nullable()
      .openapi({ description: "Why a task failed. `message` says whether it may have been charged" }),
    polls: z.int().openapi({ description: "Polls of the upstream so far; after a crash a lower bound" }),
    submissions: z
      .int()
      .openapi({ description: "How often the task was sent and the upstream accepted it, or may have accepted it" }),
    webhook: z
      .object({
        url: z.string(),
        state: z.enum(WEBHOOK_STATES),
        attempts: z.int(),
        lastStatus: z
          .int()
          .nullable()
          .openapi({ description: "The HTTP status of the last attempt; null without a response" }),
        nextAttemptAt: nullableTimeSchema.openapi({ description: "When the next attempt is due" }),
      })
      .nullable()
      .openapi({ description: "Null if the result is sent nowhere" }),
  })
  .openapi("Task", {
    example: {
      id: `tsk_${"5f".repeat(32)}`,
      status: "processing",
      mode: "test",
      task: { ...EXAMPLE_TASK, isInvisible: true },
      reference: "order-1042",
      metadata: { order: "1042" },
      compatTaskId: null,
      createdAt: "2026-11-23T09:30:00.000Z",
      submittedAt: "2026-11-23T09:30:00.120Z",
      finishedAt: null,
      deadlineAt: "2026-11-23T09:32:00.000Z",
      waitingFor: null,
      nextStepAt: "2026-11-23T09:30:06.240Z",
      solution: null,
      solutionState: "none",
      solutionExpiresAt: null,
      solutionBestBefore: null,
      error: null,
      polls: 1,
      submissions: 1,
      webhook: null,
    },
  });

export const timelineSchema = z
  .object({
    events: z.array(
      z.object({
        at: timeSchema,
        type: z.string().openapi({
          description:
            "accepted, waiting, admitted, held, submitted, submission_refused, submission_hidden, poll, ready, failed, canceled, claimed, expired, webhook",
          example: "poll",
        }),
        durationMs: z.int().optional(),
        detail: z.string().optional(),
        status: z.int().nullable().optional().openapi({ description: "Of a webhook attempt" }),
        error: z.string().nullable().optional().openapi({ description: "Of a webhook attempt" }),
        responseBody: z.string().nullable().optional().openapi({
          description: "Of a webhook attempt: the first 256 characters of the receiver's response body",
        }),
      }),
    ),
  })
  .openapi("Timeline", {
    example: {
      events: [
        { at: "2026-11-23T09:30:00.000Z", type: "accepted" },
        { at: "2026-11-23T09:30:00.004Z", type: "admitted", durationMs: 4 },
        { at: "2026-11-23T09:30:00.120Z", type: "submitted", durationMs: 110 },
      ],
    },
  });

/** Headers of a creation. Names are in lower case, as they reach the validator. */
/** Optional fields have no example of their own: the reference would fill it in, and send it with a call that is tried. */
export const createHeadersSchema = z.object({
  "idempotency-key": z
    .string()
    .min(1)
    .max(255)
    .regex(/^[\x20-\x7e]*$/, "must be 1 to 255 printable characters")
    .optional()
    .openapi({ description: "Repeats with the same key, such as `order-1042`, and body give the same task" }),
  prefer: z.string().optional().openapi({
    description: "`wait=N`: hold the answer until the task is finished or N seconds (at most 60) have gone",
  }),
  traceparent: z.string().optional().openapi({
    description:
      "W3C Trace Context: kept with the task, and sent on to the upstream and with the webhook. What is malformed is ignored",
  }),
});

export const readHeadersSchema = createHeadersSchema.pick({ prefer: true });

export const taskIdParamSchema = z.object({
  id: z.string().openapi({ description: "The task's id, `tsk_…`", example: `tsk_${"5f".repeat(32)}` }),
});
