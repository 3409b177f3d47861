// Wire schemas of the compatibility API. Requests are parsed leniently, because clients send extra fields and nulls, and differ in the
// case of `type`.

import { z } from "@hono/zod-openapi";
import { MAX_NUMBER } from "../tasks/task-number.ts";
import { textSchema } from "./shared.ts";
import { EXAMPLE_TASK, taskFields } from "./tasks.ts";

const EXAMPLE_KEY = `sg_test_acme_${"x".repeat(38)}`;

/** Removes null fields: clients send null for optional fields that they do not use. */
const nullsDropped = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null))
    : value;

const SUPPORTED_TYPE = "RecaptchaV3TaskProxyless" as const;

/** Whether `type` is the supported task type. Case-insensitive. */
export function isSupportedType(type: unknown): boolean {
  return typeof type === "string" && type.toLowerCase() === SUPPORTED_TYPE.toLowerCase();
}

/** A task whose type is supported. Unknown fields are ignored. */
export const compatibilityTaskSchema = z.preprocess(
  nullsDropped,
  z
    .object({ ...taskFields, isInvisible: z.boolean().default(true) })
    .transform((task) => ({ ...task, type: SUPPORTED_TYPE })),
);

/** The body of createTask. The task is parsed separately, because its errors have their own codes. */
export const compatibilityCreateSchema = z.looseObject({
  clientKey: z.unknown().optional(),
  task: z.unknown().optional(),
  callbackUrl: textSchema()
    .nullish()
    .transform((url) => (url === "" ? undefined : (url ?? undefined))),
});

/** The body of getTaskResult. */
export const compatibilityResultSchema = z.looseObject({ taskId: z.unknown().optional() });

/** The body of createTask in the OpenAPI document. */
export const createTaskDocSchema = z
  .object({
    clientKey: z.string().openapi({ description: "A Solvegate key", example: EXAMPLE_KEY }),
    task: z.object({
      type: z.string().openapi({ example: SUPPORTED_TYPE }),
      websiteURL: z.string().openapi({ example: "https://antcpt.com/score_detector" }),
      websiteKey: z.string().openapi({ example: "6LcR_okUAAAAAPYrPe-HK_0RULO1aZM15ENyM-Mf" }),
      pageAction: z.string().openapi({ example: "homepage" }),
      checkField: z.string().optional(),
      websiteTitle: z.string().optional(),
      isInvisible: z.boolean().optional(),
    }),
    callbackUrl: z.string().optional(),
  })
  .openapi("CompatibilityCreateTask", { example: { clientKey: EXAMPLE_KEY, task: EXAMPLE_TASK } });

export const getTaskResultDocSchema = z
  .object({
    clientKey: z.string().openapi({ example: EXAMPLE_KEY }),
    taskId: z
      .union([z.int(), z.string()])
      .openapi({ description: "The `taskId` from createTask, or the id of a v1 task", example: 1042315 }),
  })
  .openapi("CompatibilityGetTaskResult", { example: { clientKey: EXAMPLE_KEY, taskId: 1042315 } });

export const compatibilityResponseSchema = z
  .object({
    errorId: z.int().openapi({ description: "0: no error, 1: error" }),
    errorCode: z.string().nullable(),
    errorDescription: z.string().nullable(),
    taskId: z
      .int()
      .min(1)
      .max(MAX_NUMBER)
      .optional()
      .openapi({ description: "In createTask responses: the task's number" }),
    status: z.string().optional().openapi({ description: "`idle` (createTask), `processing` or `ready`" }),
    solution: z.looseObject({}).optional(),
  })
  .openapi("CompatibilityResponse", {
    example: { errorId: 0, errorCode: "", errorDescription: "", status: "idle", taskId: 1042315 },
  });

export const getBalanceDocSchema = z
  .object({ clientKey: z.string().openapi({ example: EXAMPLE_KEY }) })
  .openapi("CompatibilityGetBalance", { example: { clientKey: EXAMPLE_KEY } });

export const balanceSchema = z
  .object({
    errorId: z.int().openapi({ description: "0: no error, 1: error" }),
    balance: z.int().min(0).optional().openapi({ description: "Live tasks left this month" }),
    errorCode: z.string().optional(),
    errorDescription: z.string().optional(),
  })
  .openapi("CompatibilityBalance", { example: { errorId: 0, balance: 250 } });
