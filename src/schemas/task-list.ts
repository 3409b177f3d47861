// Wire schemas of the task list.

import { z } from "@hono/zod-openapi";
import { TASK_ERROR_CODES, TASK_STATUSES } from "../tasks/status.ts";
import { parseHost } from "../tenants/hosts.ts";
import { WEBHOOK_STATES } from "../webhooks/delivery.ts";
import { nullableTimeSchema, pageQuerySchema, timeInputSchema, timeSchema } from "./shared.ts";

export const taskListQuerySchema = pageQuerySchema.extend({
  status: z.enum(TASK_STATUSES).optional().openapi({ description: "Only tasks with this status" }),
  reference: z.string().min(1).max(64).optional().openapi({ description: "Only tasks with this reference" }),
  website: z
    .string()
    .min(1)
    .max(2_048)
    .transform((text, context) => {
      const host = parseHost(text);
      if (host !== null) return host;
      context.addIssue({ code: "custom", message: "must be a host, such as shop.example" });
      return z.NEVER;
    })
    .optional()
    .openapi({ description: "Only tasks for this host. Case, port and trailing dot do not count" }),
  webhookState: z.enum(WEBHOOK_STATES).optional().openapi({ description: "Only tasks whose webhook is in this state" }),
  createdAfter: timeInputSchema.optional().openapi({ description: "Only tasks created after this time" }),
  createdBefore: timeInputSchema.optional().openapi({ description: "Only tasks created before this time" }),
});
/** The parsed query of a task list. Times are in ms since the epoch. */
export type TaskListQuery = z.output<typeof taskListQuerySchema>;

export const taskListSchema = z
  .object({
    tasks: z.array(
      z.object({
        id: z.string(),
        status: z.enum(TASK_STATUSES),
        reference: z.string().nullable().openapi({ description: "The caller's own name for the task" }),
        website: z.string().openapi({
          description: "The host of the task's websiteURL, in lower case and punycode, without port and trailing dot",
        }),
        keyId: z.string().nullable().openapi({
          description: "The API key that created the task. Null if the task was created before keys were recorded",
        }),
        createdAt: timeSchema,
        finishedAt: nullableTimeSchema,
        solveMs: z
          .int()
          .nullable()
          .openapi({ description: "Milliseconds from the upstream's acceptance to the solution" }),
        errorCode: z.enum(TASK_ERROR_CODES).nullable(),
        webhookState: z.enum(WEBHOOK_STATES).nullable(),
      }),
    ),
    nextCursor: z.string().nullable().openapi({
      description: "The `cursor` of the next page. Null on the last page. Other pages may be short or empty",
    }),
  })
  .openapi("TaskList", {
    example: {
      tasks: [
        {
          id: `tsk_${"5f".repeat(32)}`,
          status: "ready",
          reference: "order-1042",
          website: "antcpt.com",
          keyId: "key_0f8fad5bd9cb469fa16570867728950e",
          createdAt: "2026-11-23T09:30:00.000Z",
          finishedAt: "2026-11-23T09:30:06.140Z",
          solveMs: 6020,
          errorCode: null,
          webhookState: "delivered",
        },
      ],
      nextCursor: null,
    },
  });
