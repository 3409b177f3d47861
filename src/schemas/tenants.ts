// Wire schemas of tenants and keys.

import { z } from "@hono/zod-openapi";
import { KEY_MODES, SCOPES, TENANT_ID_PATTERN } from "../tenants/keys.ts";
import { LOCATION_HINTS, limitsSchema } from "../tenants/settings.ts";
import { nameSchema, nullableTimeSchema, timeInputSchema, timeSchema } from "./shared.ts";

const tenantIdSchema = z
  .string()
  .regex(TENANT_ID_PATTERN, "must be 2 to 31 of a-z, 0-9 and -, and begin with a letter or digit")
  .openapi({ example: "acme" });

const hostsSchema = z
  .array(z.string())
  .max(1_000)
  .openapi({
    description:
      "Exact hosts (`shop.example`), all subdomains of a host (`*.shop.example`), or all hosts (`*`). An empty list allows no host",
    example: ["shop.example", "*.shop.example"],
  });

const limitsPatchSchema = limitsSchema.partial().strict();

const upstreamAccountSchema = z.string().max(100).nullable().openapi({
  description: "The name of the only upstream account for the tenant's live tasks. Null allows all accounts",
  example: "primary",
});

export const createTenantSchema = z
  .strictObject({
    id: tenantIdSchema,
    name: nameSchema,
    allowedHosts: hostsSchema.default([]),
    limits: limitsPatchSchema.optional().openapi({ example: { maxInFlight: 100, monthlyTasks: null } }),
    upstreamAccount: upstreamAccountSchema.optional(),
    location: z.enum(LOCATION_HINTS).nullable().optional().openapi({
      description:
        "The location hint for the tenant's Durable Object. By default, the object is placed near the client that creates the tenant",
      example: "weur",
    }),
  })
  .openapi("CreateTenant", {
    example: { id: "acme", name: "Acme", allowedHosts: ["shop.example", "*.shop.example"] },
  });

export const patchTenantSchema = z
  .strictObject({
    name: nameSchema.optional(),
    allowedHosts: hostsSchema.optional(),
    limits: limitsPatchSchema.optional(),
    suspended: z.boolean().optional(),
    upstreamAccount: upstreamAccountSchema.optional(),
  })
  .openapi("PatchTenant", { example: { suspended: true } });

const EXAMPLE_TENANT = {
  id: "acme",
  name: "Acme",
  allowedHosts: ["shop.example", "*.shop.example"],
  limits: { maxInFlight: 100, monthlyTasks: null },
  suspended: false,
  createdAt: "2026-11-23T09:30:00.000Z",
  upstreamAccount: null,
  location: null,
  inFlight: { live: 12, test: 0 },
  queued: { live: 3, test: 0 },
  month: { liveTasks: 8_120, quota: null },
};

const countsSchema = z.object({ live: z.int(), test: z.int() });

export const monthSchema = z.object({ liveTasks: z.int(), quota: z.int().nullable() }).openapi({
  description:
    "Live tasks of the current month (UTC), and the tenant's monthly quota. `quota` is null if there is none",
});

export const tenantSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    allowedHosts: z.array(z.string()),
    limits: z.object({ maxInFlight: z.int(), monthlyTasks: z.int().nullable() }),
    suspended: z.boolean(),
    createdAt: timeSchema,
    upstreamAccount: z.string().nullable(),
    location: z.enum(LOCATION_HINTS).nullable(),
    inFlight: countsSchema.openapi({ description: "Tasks that hold a slot" }),
    queued: countsSchema.openapi({ description: "Tasks that wait for a slot" }),
    month: monthSchema,
  })
  .openapi("Tenant", { example: EXAMPLE_TENANT });

export const createdTenantSchema = tenantSchema
  .extend({
    webhookSecrets: z
      .object({ live: z.string(), test: z.string() })
      .openapi({ description: "The signing secret of each mode's webhooks" }),
  })
  .openapi("CreatedTenant", {
    example: {
      ...EXAMPLE_TENANT,
      webhookSecrets: { live: `whsec_${"A".repeat(43)}=`, test: `whsec_${"B".repeat(42)}A=` },
    },
  });

export const tenantListSchema = z
  .object({
    tenants: z.array(tenantSchema),
    unavailable: z.array(z.string()).optional().openapi({
      description:
        "Tenants missing from this page because their data was not available. Send the request again to include them",
    }),
    nextCursor: z.string().nullable(),
  })
  .openapi("TenantList", { example: { tenants: [EXAMPLE_TENANT], nextCursor: null } });

export const createKeySchema = z
  .strictObject({
    name: nameSchema,
    mode: z.enum(KEY_MODES),
    scopes: z
      .array(z.enum(SCOPES))
      .min(1)
      .optional()
      .openapi({ description: "By default `tasks:write` and `tasks:read`" }),
    // The type of a transformed schema must be explicit, including null.
    expiresAt: timeInputSchema
      .nullable()
      .optional()
      .openapi({ type: ["string", "null"], description: "When the key stops working. By default, never" }),
  })
  .openapi("CreateKey", { example: { name: "CI", mode: "test", scopes: ["tasks:write", "tasks:read"] } });

/** The body of `POST /v1/keys`: the mode is optional, because only the calling key's mode is allowed. */
export const createOwnKeySchema = createKeySchema
  .partial({ mode: true })
  .openapi("CreateOwnKey", { example: { name: "CI", scopes: ["tasks:write", "tasks:read"] } });

const EXAMPLE_KEY = {
  id: "key_0f8fad5bd9cb469fa16570867728950e",
  name: "CI",
  mode: "test" as const,
  scopes: ["tasks:write" as const, "tasks:read" as const],
  createdAt: "2026-11-23T09:30:00.000Z",
  expiresAt: null,
};

const keyFields = {
  id: z.string(),
  name: z.string(),
  mode: z.enum(KEY_MODES),
  scopes: z.array(z.enum(SCOPES)),
  createdAt: timeSchema,
  expiresAt: nullableTimeSchema,
};

const keySchema = z
  .object({
    ...keyFields,
    lastUsedOn: z.string().nullable().openapi({ format: "date", description: "The day (UTC) of the last use" }),
  })
  .openapi("Key", { example: { ...EXAMPLE_KEY, lastUsedOn: null } });

export const keyListSchema = z
  .object({ keys: z.array(keySchema) })
  .openapi("KeyList", { example: { keys: [{ ...EXAMPLE_KEY, lastUsedOn: "2026-11-23" }] } });

export const currentKeySchema = z
  .object({ ...keyFields, tenantId: z.string() })
  .openapi("CurrentKey", { example: { ...EXAMPLE_KEY, tenantId: EXAMPLE_TENANT.id } });

const EXAMPLE_CREATED_KEY = { ...EXAMPLE_KEY, key: `sg_test_acme_${"x".repeat(38)}` };

export const createdKeySchema = z
  .object({ ...keyFields, key: z.string().openapi({ description: "The key itself. It cannot be read again" }) })
  .openapi("CreatedKey", { example: EXAMPLE_CREATED_KEY });

export const rotatedKeySchema = createdKeySchema
  .extend({
    replaces: z
      .object({ id: z.string(), expiresAt: timeSchema })
      .openapi({ description: "The rotated key, and when it stops working" }),
  })
  .openapi("RotatedKey", {
    example: {
      ...EXAMPLE_CREATED_KEY,
      replaces: { id: "key_7c9e6679742540de944be07fc1f90ae7", expiresAt: "2026-11-23T10:30:00.000Z" },
    },
  });

/** Maximum overlap (s) of an old key or secret with its replacement: a week. */
const MAX_OVERLAP_S = 604_800;

/** The optional body of a rotation. */
export function overlapSchema(defaultSeconds: number) {
  return z.strictObject({ overlapSeconds: z.int().min(0).max(MAX_OVERLAP_S).default(defaultSeconds) });
}

export const tenantParamSchema = z.object({ tenantId: z.string().openapi({ example: "acme" }) });
export const tenantKeyParamSchema = tenantParamSchema.extend({
  keyId: z.string().openapi({ example: EXAMPLE_KEY.id }),
});
