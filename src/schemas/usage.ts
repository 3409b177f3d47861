// Wire schemas of daily usage.

import { z } from "@hono/zod-openapi";

const NOT_A_DAY = "must be a date, such as 2026-11-23";
const daySchema = z.iso.date({ error: NOT_A_DAY, abort: true }).refine((text) => text >= "1971", NOT_A_DAY);

/** A range of days, both inclusive. */
export const usageRangeSchema = z.strictObject({
  from: daySchema
    .optional()
    .openapi({ format: "date", description: "First day (UTC), such as `2026-11-01`. By default, 29 days before `to`" }),
  to: daySchema
    .optional()
    .openapi({ format: "date", description: "Last day (UTC), such as `2026-11-23`. By default, today" }),
});

export const usageQuerySchema = usageRangeSchema.extend({
  groupBy: z.enum(["key"]).optional().openapi({ description: "`key`: also count by API key" }),
});
/** The parsed query of a usage call. Days are `YYYY-MM-DD`. */
export type UsageQuery = z.output<typeof usageQuerySchema>;

const percentileSchema = z
  .int()
  .nullable()
  .openapi({ description: "In ms, by nearest rank. Null if no task was solved" });

const EXAMPLE_DAY = {
  day: "2026-11-23",
  submitted: 120,
  ready: 117,
  failed: { timeout: 2 },
  canceled: 1,
  solveMs: { p50: 6040, p95: 12110 },
};

export const usageSchema = z
  .object({
    days: z.array(
      z.object({
        day: z.string().openapi({ format: "date" }),
        submitted: z.int().openapi({ description: "Tasks created on this day" }),
        ready: z.int(),
        failed: z.record(z.string(), z.int()).openapi({ description: "Failed tasks by error code" }),
        canceled: z.int(),
        solveMs: z.object({ p50: percentileSchema, p95: percentileSchema }),
        keys: z
          .record(z.string(), z.object({ submitted: z.int(), ready: z.int() }))
          .optional()
          .openapi({ description: "With `groupBy=key`: counts by key id" }),
      }),
    ),
  })
  .openapi("Usage", { example: { days: [EXAMPLE_DAY] } });
