// The persisted shapes of a tenant: the settings record in its object and the snapshot in KV. New fields must be optional or have a
// default, so that older records can be read.

import { z } from "zod";
import { KEY_MODES, SCOPES, TENANT_ID_PATTERN } from "./keys.ts";

const time = z.int().nonnegative();

/** The limits of a tenant. */
export const limitsSchema = z.object({
  /** The number of slots of each mode. */
  maxInFlight: z.int().min(1).max(10_000),
  /** The quota of live tasks per calendar month (UTC). Null: no quota. */
  monthlyTasks: z.int().min(0).max(1_000_000_000).nullable(),
});
export type TenantLimits = z.output<typeof limitsSchema>;

/** The limits of a tenant that is created without any. */
export const DEFAULT_LIMITS: TenantLimits = { maxInFlight: 100, monthlyTasks: null };

/** The platform's location hints. */
export const LOCATION_HINTS = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"] as const;
export type LocationHint = (typeof LOCATION_HINTS)[number];

const profileSchema = z.object({
  id: z.string().regex(TENANT_ID_PATTERN),
  name: z.string(),
  allowedHosts: z.array(z.string()),
  limits: limitsSchema,
  suspended: z.boolean(),
  createdAt: time,
  /** The only upstream account for live tasks. Null: all accounts. */
  upstreamAccount: z.string().nullable().default(null),
  /** The location hint of the object. Null: near the request that created the tenant. */
  location: z.enum(LOCATION_HINTS).nullable().default(null),
});
/** The settings that are part of the snapshot. `createdAt` is in ms since the epoch. */
export type TenantProfile = z.output<typeof profileSchema>;

const modeWebhookSchema = z.object({
  /** Newest first. A rotated secret signs until it expires. */
  secrets: z.array(z.object({ secret: z.string(), expiresAt: time.nullable() })).min(1),
  endpoint: z
    .object({
      url: z.string(),
      /** Since when the mode has had an enabled endpoint, at this or another URL. Missing in records of older versions. */
      since: time.optional(),
      disabledAt: time.nullable(),
      disabledReason: z.string().nullable(),
    })
    .nullable()
    .default(null),
});
/** The webhook endpoint and signing secrets of a mode. */
export type ModeWebhook = z.output<typeof modeWebhookSchema>;

/** The record in the tenant's object. `secrets` and `endpoint` belong to the live mode. */
export const tenantRecordSchema = z.object({
  version: z.literal(1),
  profile: profileSchema,
  ...modeWebhookSchema.shape,
  /** Missing in records of older versions, in which both modes use the live mode's. */
  testWebhook: modeWebhookSchema.optional(),
  /** Increased by every change of the snapshot. */
  revision: z.int().nonnegative(),
  /** The revision of the snapshot in KV. */
  published: z.int(),
  /** `exhaustedMonth` of the snapshot in KV. Missing in records of older versions. */
  publishedExhaustedMonth: z.string().nullable().optional(),
});
/** The persisted settings of a tenant. */
export type TenantRecord = z.output<typeof tenantRecordSchema>;

const snapshotKeySchema = z.object({
  id: z.string(),
  hash: z.string(),
  mode: z.enum(KEY_MODES),
  scopes: z.array(z.enum(SCOPES)),
  expiresAt: time.nullable(),
});
/** A key in the snapshot. */
export type SnapshotKey = z.output<typeof snapshotKeySchema>;

/** The snapshot in KV. */
export const snapshotSchema = z.object({
  version: z.literal(1),
  revision: z.int(),
  profile: profileSchema,
  keys: z.array(snapshotKeySchema),
  /** The month (`2026-11`) whose quota of live tasks is used up, or null. */
  exhaustedMonth: z.string().nullable(),
});
/** The part of a tenant that requests need before they reach its object. */
export type TenantSnapshot = z.output<typeof snapshotSchema>;

/** The key of a tenant's snapshot in KV. */
export const snapshotKeyOf = (tenantId: string): string => SNAPSHOT_PREFIX + tenantId;
export const SNAPSHOT_PREFIX = "tenant:";
