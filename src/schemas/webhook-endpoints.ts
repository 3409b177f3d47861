// Wire schemas of the default webhook endpoint and its signing secrets.

import { z } from "@hono/zod-openapi";
import { nullableTimeSchema, textSchema, timeSchema } from "./shared.ts";

export const endpointSchema = z
  .object({ url: z.string().nullable(), disabledAt: nullableTimeSchema, disabledReason: z.string().nullable() })
  .openapi("Endpoint", {
    example: { url: "https://hooks.shop.example/solvegate", disabledAt: null, disabledReason: null },
  });

export const putEndpointSchema = z
  .strictObject({ url: textSchema().openapi({ format: "uri" }) })
  .openapi("PutEndpoint", { example: { url: "https://hooks.shop.example/solvegate" } });

const EXAMPLE_SECRET = `whsec_${"A".repeat(43)}=`;

export const rotatedSecretSchema = z
  .object({ secret: z.string().openapi({ description: "The new signing secret" }) })
  .openapi("RotatedSecret", { example: { secret: EXAMPLE_SECRET } });

export const secretSchema = z
  .object({
    secret: z.string(),
    previous: z
      .object({ secret: z.string(), expiresAt: timeSchema })
      .nullable()
      .openapi({ description: "The secret before the last rotation, as long as webhooks are signed with it too" }),
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
