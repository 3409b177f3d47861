// The wire of a tenant's own account: the list of tasks, usage, the default endpoint.

import { z } from "@hono/zod-openapi";
import { TASK_ERROR_CODES, TASK_STATUSES } from "../tasks/status.ts";
import { isDay, nullableTimeSchema, pageQuerySchema, timeSchema } from "./shared.ts";

export const taskListQuerySchema = pageQuerySchema.extend({
  status: z.enum(TASK_STATUSES).optional().openapi({ description: "Only tasks of this status" }),
});

export const taskListSchema = z
  .object({
    tasks: z.array(
      z.object({
        id: z.string(),
        status: z.enum(TASK_STATUSES),
        website: z.string().openapi({ description: "The host of the task's websiteURL" }),
        createdAt: timeSchema,
        finishedAt: nullableTimeSchema,
        solveMs: z.int().nullable().openapi({ description: "From the upstream's acceptance to the solution" }),
        errorCode: z.enum(TASK_ERROR_CODES).nullable(),
        webhookState: z.enum(["pending", "delivered", "exhausted"]).nullable(),
      }),
    ),
    nextCursor: z.string().nullable(),
  })
  .openapi("TaskList", {
    example: {
      tasks: [
        {
          id: `tsk_${"5f".repeat(32)}`,
          status: "ready",
          website: "antcpt.com",
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

const daySchema = z.string().refine((text) => isDay(text) && text >= "1971", "must be a date such as 2026-11-23");

export const usageQuerySchema = z.strictObject({
  from: daySchema
    .optional()
    .openapi({ format: "date", description: "First day (UTC), as `2026-11-01`; by default 29 days before `to`" }),
  to: daySchema
    .optional()
    .openapi({ format: "date", description: "Last day (UTC), as `2026-11-23`; by default today" }),
});

const milliseconds = z.int().nullable();

export const usageSchema = z
  .object({
    days: z.array(
      z.object({
        day: z.string().openapi({ format: "date" }),
        submitted: z.int(),
        ready: z.int(),
        failed: z.record(z.string(), z.int()),
        canceled: z.int(),
        solveMs: z.object({ p50: milliseconds, p95: milliseconds }),
      }),
    ),
  })
  .openapi("Usage", {
    example: {
      days: [
        {
          day: "2026-11-23",
          submitted: 120,
          ready: 117,
          failed: { timeout: 2 },
          canceled: 1,
          solveMs: { p50: 6040, p95: 12110 },
        },
      ],
    },
  });

export const endpointSchema = z
  .object({ url: z.string().nullable(), disabledAt: nullableTimeSchema, disabledReason: z.string().nullable() })
  .openapi("Endpoint", {
    example: { url: "https://hooks.shop.example/solvegate", disabledAt: null, disabledReason: null },
  });

export const putEndpointSchema = z
  .strictObject({ url: z.string().openapi({ format: "uri" }) })
  .openapi("PutEndpoint", { example: { url: "https://hooks.shop.example/solvegate" } });

const EXAMPLE_SECRET = `whsec_${"A".repeat(43)}=`;

export const rotatedSecretSchema = z
  .object({ secret: z.string().openapi({ description: "Signs webhooks from now on" }) })
  .openapi("RotatedSecret", { example: { secret: EXAMPLE_SECRET } });

export const secretSchema = z
  .object({
    secret: z.string(),
    previous: z
      .object({ secret: z.string(), expiresAt: timeSchema })
      .nullable()
      .openapi({ description: "The secret before the last rotation, while it still signs too" }),
  })
  .openapi("WebhookSecret", {
    example: {
      secret: EXAMPLE_SECRET,
      previous: { secret: `whsec_${"B".repeat(42)}A=`, expiresAt: "2026-11-24T09:30:00.000Z" },
    },
  });

export const probeSchema = z
  .object({
    status: z.int().nullable(),
    latencyMs: z.int(),
    redirected: z.boolean(),
    error: z.string().nullable().openapi({ description: "Why there was no response" }),
  })
  .openapi("EndpointTest", { example: { status: 204, latencyMs: 84, redirected: false, error: null } });
