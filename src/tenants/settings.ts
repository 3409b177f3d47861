// The persisted shapes of a tenant: its settings record in its object, which is the source of truth, and its snapshot in KV, which the
// edge reads. Both are JSON and parsed by zod. A new field is optional or has a default, so that older records can be read.

import { z } from "zod";
import { SCOPES, TENANT_ID_PATTERN } from "./keys.ts";

const time = z.int().nonnegative();

export const limitsSchema = z.object({
  /** Tasks with a slot at once. Each mode has its own slots. */
  maxInFlight: z.int().min(1).max(10_000),
  /** Live tasks in a calendar month (UTC). Null: no limit. */
  monthlyTasks: z.int().min(0).max(1_000_000_000).nullable(),
});
export type TenantLimits = z.output<typeof limitsSchema>;

export const DEFAULT_LIMITS: TenantLimits = { maxInFlight: 100, monthlyTasks: null };

/** Where a tenant's object can be placed: the location hints of the platform. */
export const LOCATION_HINTS = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"] as const;
export type LocationHint = (typeof LOCATION_HINTS)[number];

const profileSchema = z.object({
  id: z.string().regex(TENANT_ID_PATTERN),
  name: z.string(),
  allowedHosts: z.array(z.string()),
  limits: limitsSchema,
  suspended: z.boolean(),
  createdAt: time,
  /** The only upstream account that its live tasks may use; null for any. */
  upstreamAccount: z.string().nullable().default(null),
  /** The location hint of its object. Null: near the request that created it. */
  location: z.enum(LOCATION_HINTS).nullable().default(null),
});
/** The settings that the edge has to know. `createdAt` in ms. */
export type TenantProfile = z.output<typeof profileSchema>;

const modeWebhookSchema = z.object({
  /** Newest first. A rotated secret signs until it expires. */
  secrets: z.array(z.object({ secret: z.string(), expiresAt: time.nullable() })).min(1),
  endpoint: z
    .object({ url: z.string(), disabledAt: time.nullable(), disabledReason: z.string().nullable() })
    .nullable()
    .default(null),
});
/** Webhook endpoint and signing secrets of one mode. */
export type ModeWebhook = z.output<typeof modeWebhookSchema>;

/** The record in the tenant's object. `secrets` and `endpoint` are those of the live mode. */
export const tenantRecordSchema = z.object({
  version: z.literal(1),
  profile: profileSchema,
  ...modeWebhookSchema.shape,
  /** Missing in records from before the modes were isolated, where the live mode's count for both. */
  testWebhook: modeWebhookSchema.optional(),
  /** Raised by every change that the edge has to know. */
  revision: z.int().nonnegative(),
  /** The revision that KV has. */
  published: z.int(),
  /** `exhaustedMonth` of the snapshot that KV has. Older versions did not keep it. */
  publishedExhaustedMonth: z.string().nullable().optional(),
});
export type TenantRecord = z.output<typeof tenantRecordSchema>;

const snapshotKeySchema = z.object({
  id: z.string(),
  hash: z.string(),
  mode: z.enum(["live", "test"]),
  scopes: z.array(z.enum(SCOPES)),
  expiresAt: time.nullable(),
});
/** A key as the edge knows it. */
export type SnapshotKey = z.output<typeof snapshotKeySchema>;

export const snapshotSchema = z.object({
  version: z.literal(1),
  revision: z.int(),
  profile: profileSchema,
  keys: z.array(snapshotKeySchema),
  /** The month (`2026-11`) whose quota of live tasks is used up, or null. */
  exhaustedMonth: z.string().nullable(),
});
/** What the edge needs of a tenant. */
export type TenantSnapshot = z.output<typeof snapshotSchema>;

/** The key of a tenant's snapshot in KV. */
export const snapshotKeyOf = (tenantId: string): string => SNAPSHOT_PREFIX + tenantId;
export const SNAPSHOT_PREFIX = "tenant:";
