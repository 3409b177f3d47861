// Wire schemas of v1 tasks. They are separate from the persisted schema in tasks/record.ts, so that each can change alone.

import { z } from "@hono/zod-openapi";
import { SOLUTION_STATES, TASK_ERROR_CODES, TASK_STATUSES } from "../tasks/status.ts";
import { MAX_NUMBER } from "../tasks/task-number.ts";
import { websiteHost } from "../tenants/hosts.ts";
import { KEY_MODES } from "../tenants/keys.ts";
import { WEBHOOK_STATES } from "../webhooks/delivery.ts";
import { nullableTimeSchema, textSchema, timeSchema } from "./shared.ts";

/** The example task of the upstream API documentation, used in all examples. */
export const EXAMPLE_TASK = {
  type: "RecaptchaV3TaskProxyless",
  websiteURL: "https://antcpt.com/score_detector",
  websiteKey: "6LcR_okUAAAAAPYrPe-HK_0RULO1aZM15ENyM-Mf",
  pageAction: "homepage",
  websiteTitle: "Score detector for reCAPTCHA v3",
} as const;

/** The task's fields except `type` and `isInvisible`, which the two APIs parse differently. Lengths are in characters. */
export const taskFields = {
  websiteURL: textSchema()
    .min(1)
    .max(2_048)
    .refine((url) => websiteHost(url) !== null, "must be an http or https URL")
    .openapi({ format: "uri", description: "The page's URL. Its host must be on the tenant's allow-list" }),
  websiteKey: textSchema().min(1).max(256).openapi({ description: "The page's site key" }),
  pageAction: textSchema()
    .min(1)
    .max(128)
    .openapi({ description: "The page's action. A solution for the wrong action is not valid" }),
  checkField: textSchema()
    .max(4_096)
    .optional()
    .openapi({ description: "The new value of protobuf field 9 of the reload packet, for a second verification" }),
  websiteTitle: textSchema().max(512).optional().openapi({ description: "The page's `document.title`" }),
};

const taskSchema = z
  .strictObject({
    type: z.literal("RecaptchaV3TaskProxyless"),
    ...taskFields,
    isInvisible: z.boolean().default(true).openapi({ description: "Sent to the upstream unchanged" }),
  })
  .openapi("SolveTask", { example: { ...EXAMPLE_TASK, isInvisible: true } });

/** The range of `timeoutSeconds`. */
const TIMEOUT_RANGE_S = { min: 10, max: 300 } as const;

/** Maximum length of `reference`, in characters. */
const REFERENCE_LENGTH = 64;

const metadataSchema = z
  .record(textSchema().min(1).max(64), textSchema().max(512))
  .refine((metadata) => Object.keys(metadata).length <= 16, "must have at most 16 entries");

export const createTaskSchema = z
  .strictObject({
    task: taskSchema,
    webhookUrl: textSchema().optional().openapi({
      format: "uri",
      description: "The URL that receives the result. By default, the default endpoint of the key's mode",
      example: "https://hooks.shop.example/solvegate",
    }),
    reference: textSchema().min(1).max(REFERENCE_LENGTH).optional().openapi({
      description: "Your own name for the task. It does not have to be unique. Tasks can be listed by it",
      example: "order-1042",
    }),
    metadata: metadataSchema.optional().openapi({
      description: "Your own data, returned with the task. At most 16 entries",
      example: { order: "1042" },
    }),
    timeoutSeconds: z.int().min(TIMEOUT_RANGE_S.min).max(TIMEOUT_RANGE_S.max).optional().openapi({
      description: "The task's deadline in seconds from its creation. The operator can change the default of 120",
      example: 120,
    }),
  })
  .openapi("CreateTask", { example: { task: EXAMPLE_TASK, reference: "order-1042", metadata: { order: "1042" } } });

export const solutionSchema = z
  .object({
    gRecaptchaResponse: z.string(),
    cookies: z.record(z.string(), z.string()).optional(),
    userAgent: z
      .string()
      .openapi({ description: "Send this `user-agent` with the token: some sites check that it matches" }),
    secChUa: z.string().openapi({ description: "Send this `sec-ch-ua` with the token" }),
  })
  .openapi("Solution", {
    description:
      "Single use, valid for 120 s, best used within 60 s. Other fields of the upstream's solution are passed through",
    additionalProperties: true,
    example: {
      gRecaptchaResponse: "03AGdBq25SxXT-pmSeBXjzScW",
      cookies: { _GRECAPTCHA: "09ANMylNCtUe" },
      userAgent:
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
      secChUa: '"Google Chrome";v="137", "Not-A.Brand";v="24", "Chromium";v="137"',
    },
  });

/** The task as it was accepted, with defaults filled in. */
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
      description: "Opaque and unique",
      example: `tsk_${"5f".repeat(32)}`,
    }),
    status: z.enum(TASK_STATUSES).openapi({ description: "`ready`, `failed` and `canceled` are final" }),
    mode: z.enum(KEY_MODES).openapi({ description: "The mode of the key that created the task" }),
    task: acceptedTaskSchema,
    reference: z.string().nullable().openapi({ description: "Your own name for the task" }),
    metadata: z.record(z.string(), z.string()).openapi({ description: "Your own data" }),
    compatTaskId: z.int().min(1).max(MAX_NUMBER).nullable().openapi({
      description: "The task's `taskId` in the compatibility API. Null for tasks created with v1",
    }),
    createdAt: timeSchema,
    submittedAt: nullableTimeSchema.openapi({ description: "When the upstream accepted the task" }),
    finishedAt: nullableTimeSchema.openapi({ description: "When the status became final" }),
    deadlineAt: timeSchema.openapi({
      description: "If the task is not finished by then, it fails with the code `timeout`",
    }),
    waitingFor: z.enum(["slot", "upstream"]).nullable().openapi({
      description: "What a queued task waits for: a free slot of its tenant, or a working upstream account",
    }),
    nextStepAt: nullableTimeSchema.openapi({
      description:
        "When the next step of an unfinished task is due. While the task is `processing`, this is the next poll",
    }),
    // `.nullable()` would make the `Solution` component itself nullable in the OpenAPI document.
    solution: z.union([solutionSchema, z.null()]),
    solutionState: z
      .enum(SOLUTION_STATES)
      .openapi({ description: "`claimed` and `expired` solutions are erased: `solution` is null" }),
    solutionExpiresAt: nullableTimeSchema.openapi({
      description: "Do not use the solution after this time",
    }),
    solutionBestBefore: nullableTimeSchema.openapi({ description: "The solution is best used before this time" }),
    error: z
      .object({ code: z.enum(TASK_ERROR_CODES), message: z.string(), upstreamCode: z.string().optional() })
      .nullable()
      .openapi({ description: "Why the task failed. `message` explains whether it may have been charged" }),
    polls: z.int().openapi({ description: "Polls of the upstream so far. A lower bound after a crash" }),
    submissions: z
      .int()
      .openapi({ description: "How many times the upstream accepted the task, or may have accepted it" }),
    webhook: z
      .object({
        url: z.string(),
        state: z.enum(WEBHOOK_STATES),
        attempts: z.int(),
        lastStatus: z
          .int()
          .nullable()
          .openapi({ description: "The HTTP status of the last attempt. Null if there was no response" }),
        nextAttemptAt: nullableTimeSchema.openapi({ description: "When the next attempt is due" }),
      })
      .nullable()
      .openapi({ description: "Null if the result is not sent to a webhook" }),
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
            "One of accepted, waiting, admitted, held, submitted, submission_refused, submission_hidden, poll, ready, failed, canceled, claimed, expired, webhook",
          example: "poll",
        }),
        durationMs: z.int().optional(),
        detail: z.string().optional(),
        status: z
          .int()
          .nullable()
          .optional()
          .openapi({ description: "For a webhook attempt: the HTTP status of the response" }),
        error: z.string().nullable().optional().openapi({ description: "For a webhook attempt: why it failed" }),
        responseBody: z.string().nullable().optional().openapi({
          description: "For a webhook attempt: the first 256 characters of the response body",
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

/**
 * The request headers of task creation. Names are in lower case, as the validator receives them. Headers have no `example`, because the
 * reference page would send it with every request.
 */
export const createHeadersSchema = z.object({
  "idempotency-key": z
    .string()
    .min(1)
    .max(255)
    .regex(/^[\x20-\x7e]*$/, "must be 1 to 255 printable characters")
    .optional()
    .openapi({
      description:
        "A key such as `order-1042`. A request with the same key and body returns the same task instead of creating another one",
    }),
  prefer: z.string().optional().openapi({
    description: "`wait=N`: wait for the task to finish before responding, for N seconds (at most 60)",
  }),
  traceparent: z.string().optional().openapi({
    description:
      "W3C Trace Context. Stored with the task and sent with requests to the upstream and with webhooks. A malformed header is ignored",
  }),
});

/** The request headers of reading a task. */
export const readHeadersSchema = createHeadersSchema.pick({ prefer: true });

export const taskIdParamSchema = z.object({
  id: z.string().openapi({ description: "The task's id, `tsk_…`", example: `tsk_${"5f".repeat(32)}` }),
});
