// Wire schemas of the operator's view of tasks and usage.

import { z } from "@hono/zod-openapi";
import { KEY_MODES } from "../tenants/keys.ts";
import { pageQuerySchema } from "./shared.ts";
import { taskListQuerySchema } from "./task-list.ts";
import { usageQuerySchema, usageRangeSchema } from "./usage.ts";

const modeSchema = z.enum(KEY_MODES).default("live").openapi({ description: "The mode of the tasks" });

export const tenantTasksQuerySchema = taskListQuerySchema.extend({ mode: modeSchema });
export const tenantUsageQuerySchema = usageQuerySchema.extend({ mode: modeSchema });
export const allUsageQuerySchema = usageRangeSchema.extend({ cursor: pageQuerySchema.shape.cursor });

export const allUsageSchema = z
  .object({
    usage: z.array(
      z.object({
        tenantId: z.string(),
        mode: z.enum(KEY_MODES),
        day: z.string().openapi({ format: "date" }),
        submitted: z.int().openapi({ description: "Tasks created on this day" }),
        ready: z.int(),
        failed: z.int(),
        canceled: z.int(),
      }),
    ),
    unavailable: z.array(z.string()).optional().openapi({
      description:
        "Tenants missing from this page because their data was not available. Send the request again to include them",
    }),
    nextCursor: z.string().nullable(),
  })
  .openapi("TenantUsageList", {
    example: {
      usage: [
        { tenantId: "acme", mode: "live", day: "2026-11-23", submitted: 120, ready: 117, failed: 2, canceled: 1 },
      ],
      nextCursor: null,
    },
  });
