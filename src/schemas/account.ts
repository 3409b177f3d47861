// Wire schemas of a tenant's account and audit log.

import { z } from "@hono/zod-openapi";
import { KEY_MODES } from "../tenants/keys.ts";
import { AUDIT_ACTIONS } from "../tenants/rpc.ts";
import { pageQuerySchema, timeSchema } from "./shared.ts";
import { monthSchema } from "./tenants.ts";

export const accountSchema = z
  .object({
    tenant: z.object({ id: z.string(), name: z.string(), suspended: z.boolean() }),
    mode: z.enum(KEY_MODES).openapi({ description: "The calling key's mode" }),
    allowedHosts: z.array(z.string()),
    limits: z.object({ maxInFlight: z.int(), monthlyTasks: z.int().nullable() }),
    month: monthSchema,
    inFlight: z.int().openapi({ description: "Tasks of this mode that hold a slot" }),
    queued: z.int().openapi({ description: "Tasks of this mode that wait for a slot" }),
  })
  .openapi("Account", {
    example: {
      tenant: { id: "acme", name: "Acme", suspended: false },
      mode: "live",
      allowedHosts: ["shop.example", "*.shop.example"],
      limits: { maxInFlight: 100, monthlyTasks: 10_000 },
      month: { liveTasks: 8_120, quota: 10_000 },
      inFlight: 12,
      queued: 3,
    },
  });

const auditEntrySchema = z
  .object({
    at: timeSchema,
    action: z.enum(AUDIT_ACTIONS),
    actor: z
      .object({ type: z.enum(["key", "operator"]), keyId: z.string().optional() })
      .openapi({ description: "The key that made the change, or the operator" }),
    target: z.string().openapi({ description: "The id of the changed key or tenant, or `webhook`" }),
    mode: z.enum(KEY_MODES).nullable().openapi({ description: "Null for changes that affect both modes" }),
    details: z
      .record(z.string(), z.unknown())
      .openapi({ description: "The changed values. Never contains a key or a secret" }),
  })
  .openapi("AuditEntry");

const EXAMPLE_ENTRY = {
  at: "2026-11-23T09:30:00.000Z",
  action: "webhook.updated" as const,
  actor: { type: "key" as const, keyId: "key_0f8fad5bd9cb469fa16570867728950e" },
  target: "webhook",
  mode: "live" as const,
  details: { host: "hooks.shop.example" },
};

export const auditListSchema = z
  .object({ entries: z.array(auditEntrySchema), nextCursor: z.string().nullable() })
  .openapi("AuditList", { example: { entries: [EXAMPLE_ENTRY], nextCursor: null } });

export const tenantAuditQuerySchema = pageQuerySchema.extend({
  mode: z.enum(KEY_MODES).optional().openapi({
    description: "Return only entries of this mode and entries that affect both modes. By default, all entries",
  }),
});
