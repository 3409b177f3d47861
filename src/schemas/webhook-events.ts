// The `webhooks` section of the OpenAPI document: task events, `webhook.test`, and operator alerts to ALERT_WEBHOOK_URL.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import type { Alert } from "../alerts/alerts.ts";
import { alertSchema } from "../alerts/alerts.ts";
import { timeSchema } from "./shared.ts";
import { taskViewSchema } from "./tasks.ts";

const headersSchema = z.object({
  "webhook-id": z.string().openapi({
    description: "The same for all attempts of an event. Use it to ignore duplicates",
    example: `msg_${"5f".repeat(32)}`,
  }),
  "webhook-timestamp": z
    .string()
    .openapi({ description: "When this attempt was sent, in seconds since the epoch", example: "1795426200" }),
  "webhook-signature": z.string().openapi({
    description:
      "`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`. One signature for each valid secret, separated by spaces",
    example: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  }),
});

const TASK_EVENTS = {
  "task.ready": "The task is solved. `data.solution` is null in attempts after the solution has expired",
  "task.failed": "The task failed. `data.error` contains the reason",
  "task.canceled": "The task was canceled",
} as const;

const ALERTS: Readonly<Record<Alert["type"], string>> = {
  "upstream.refused": "Operator alert: the upstream rejected an account",
  "upstream.recovered": "Operator alert: a rejected account works again",
  "upstream.exhausted": "Operator alert: no upstream account is left",
  "tenant.quota_reached": "Operator alert: a tenant has used up its monthly quota",
  "endpoint.disabled": "Operator alert: a tenant's endpoint returned 410 and was disabled",
  "task.internal_error": "Operator alert: a task failed because of an error in the gateway",
};

const RESPONSES = {
  "2XX": { description: "Delivered. The endpoint must respond within 10 s" },
  410: { description: "No further attempts are made. A default endpoint is disabled" },
  default: {
    description: "The attempt failed, and is retried later. Redirects are not followed and count as failures",
  },
};

/** The body of a webhook. */
function eventSchema<Data extends z.ZodType>(type: string, data: Data) {
  return z.object({ type: z.literal(type), timestamp: timeSchema, data });
}

/** Adds the events to the OpenAPI document of an app. */
export function registerWebhookEvents(app: Pick<OpenAPIHono, "openAPIRegistry">): void {
  const register = (type: string, summary: string, data: z.ZodType) =>
    app.openAPIRegistry.registerWebhook({
      method: "post",
      path: type,
      operationId: type,
      tags: ["Events"],
      summary,
      security: [],
      request: {
        headers: headersSchema,
        body: { required: true, content: { "application/json": { schema: eventSchema(type, data) } } },
      },
      responses: RESPONSES,
    });
  for (const [type, summary] of Object.entries(TASK_EVENTS)) register(type, summary, taskViewSchema);
  for (const { shape } of alertSchema.options) register(shape.type.value, ALERTS[shape.type.value], shape.data);
  register("webhook.test", "A test event, sent by `POST /v1/webhook/test`", z.object({ tenantId: z.string() }));
}
