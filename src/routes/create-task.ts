// Task creation for both APIs: rules, idempotency, and the object of the task. Accepting a task calls exactly one object and never
// the upstream.

import type { Configuration, Env } from "../env.ts";
import { ApiError, invalidField } from "../errors.ts";
import { log } from "../log.ts";
import type { Caller } from "../middleware/authenticate.ts";
import { withRetry } from "../object-retry.ts";
import type { Task } from "../tasks/present.ts";
import type { AcceptedTask } from "../tasks/record.ts";
import type { AcceptRequest, AcceptResult } from "../tasks/rpc.ts";
import { numberName } from "../tasks/task-number.ts";
import { hostAllowed, websiteHost } from "../tenants/hosts.ts";
import { quotaError } from "../tenants/quota.ts";
import { accountsFor } from "../upstream/accounts.ts";
import { checkWebhookTarget } from "../webhooks/target.ts";
import { ownerOf } from "./task-access.ts";

/** Stands for a missing deadline (ms) when requests are compared. The task itself gets the operator's default. */
const DEFAULT_TIMEOUT_MS = 120_000;

/** A parsed request to create a task, before any rule was applied. */
export interface WantedTask {
  readonly task: AcceptedTask;
  readonly webhookUrl: string | undefined;
  /** The name of the webhook URL's field in the caller's API. */
  readonly webhookField: "webhookUrl" | "callbackUrl";
  readonly reference: string | undefined;
  readonly metadata: Record<string, string>;
  readonly timeoutSeconds: number | undefined;
  readonly idempotencyKey: string | undefined;
  /** The task's number in the compatibility API. Null for v1. */
  readonly compatTaskId: number | null;
  readonly traceparent: string | undefined;
}

/** The number is taken by another task. */
export class NumberTakenError extends Error {
  override readonly name = "NumberTakenError";
}

/** An accepted task. `replayed`: it existed already, under the same idempotency key. */
export interface AcceptedOutcome {
  readonly task: Task;
  readonly replayed: boolean;
}

/**
 * Accepts a task, or returns the existing task of its idempotency key.
 * @throws ApiError if the task is rejected. Nothing is stored then, and the idempotency key remains unused.
 * @throws NumberTakenError if `compatTaskId` is taken
 */
export async function acceptTask(
  env: Env,
  configuration: Configuration,
  caller: Caller,
  wanted: WantedTask,
  requestId: string,
): Promise<AcceptedOutcome> {
  const rejection = rejectionOf(configuration, caller, wanted);
  const keyed = wanted.idempotencyKey !== undefined;
  if (rejection !== null && !keyed) throw logged(rejection, caller, wanted, requestId);
  const id = objectIdFor(env, caller, wanted);
  // A request that is rejected now may repeat one that was accepted earlier. It gets that task and creates nothing.
  const request = await acceptRequestOf(configuration, caller, wanted, rejection !== null);
  // Retries are safe, because an object accepts at most one task.
  const result = await withRetry(async (): Promise<AcceptResult> => await env.TASKS.get(id).accept(request));
  switch (result.tag) {
    case "accepted":
    case "replayed":
      return { task: result.task, replayed: keyed && result.tag === "replayed" };
    case "mismatch":
    case "absent":
      if (!keyed && wanted.compatTaskId !== null) throw new NumberTakenError();
      if (result.tag === "mismatch") throw idempotencyMismatch();
      throw logged(rejection ?? new ApiError("internal", "The task was not found."), caller, wanted, requestId);
  }
}

async function acceptRequestOf(
  configuration: Configuration,
  caller: Caller,
  wanted: WantedTask,
  replayOnly: boolean,
): Promise<AcceptRequest> {
  const { taskTimeoutMs, taskRetentionMs: retentionMs, pollIntervalMs } = configuration;
  const { task, compatTaskId, metadata, timeoutSeconds, traceparent } = wanted;
  const keyed = wanted.idempotencyKey !== undefined;
  const byNumber = !keyed && compatTaskId !== null;
  // Without an idempotency key, a random value lets the object of a number recognize retries of this call, and only those.
  const unkeyedHash = byNumber ? crypto.randomUUID() : null;
  return {
    ...ownerOf(caller),
    keyId: caller.keyId,
    task,
    reference: wanted.reference ?? null,
    compatTaskId,
    metadata,
    webhookUrl: wanted.webhookUrl ?? null,
    bodyHash: keyed ? await fingerprintOf(wanted, DEFAULT_TIMEOUT_MS) : unkeyedHash,
    // Older versions hashed the operator's default deadline.
    legacyBodyHash: keyed ? await fingerprintOf(wanted, taskTimeoutMs) : null,
    traceparent,
    timeoutMs: timeoutSeconds === undefined ? taskTimeoutMs : timeoutSeconds * 1_000,
    pollIntervalMs,
    retentionMs,
    named: keyed || byNumber,
    replayOnly,
  };
}

const idempotencyMismatch = () =>
  new ApiError(
    "idempotency_mismatch",
    "This idempotency key was used with another request. Use a new key for a new task.",
  );

/** @throws ApiError `tenant_suspended` if the caller's tenant is suspended */
export function assertNotSuspended({ profile }: Caller): void {
  if (profile.suspended) throw suspended();
}

const suspended = () =>
  new ApiError("tenant_suspended", "The tenant is suspended. It can read existing data and cannot create anything.");

/** Why the task is rejected, or null. The first violated rule counts. */
function rejectionOf(configuration: Configuration, caller: Caller, wanted: WantedTask): ApiError | null {
  if (caller.profile.suspended) return suspended();
  const host = websiteHost(wanted.task.websiteURL) ?? "";
  if (!hostAllowed(host, caller.profile.allowedHosts)) {
    return new ApiError("website_not_allowed", `The host ${host} is not on the tenant's allow-list.`);
  }
  if (wanted.webhookUrl !== undefined) {
    const target = checkWebhookTarget(wanted.webhookUrl, { allowPrivate: configuration.allowPrivateWebhooks });
    if (!target.ok) return targetError(target, wanted.webhookField);
  }
  if (caller.mode === "live" && accountsFor(configuration, caller.profile.upstreamAccount).length === 0) {
    return new ApiError("upstream_not_configured", "No upstream account is configured for live tasks of this tenant.");
  }
  return quotaError(caller, Date.now());
}

/** The error for a rejected webhook URL: `invalid_request` if it is not a URL, else `webhook_url_not_allowed`. */
export function targetError(
  target: { readonly reason: "not_a_url" | "not_allowed"; readonly message: string },
  path: string,
): ApiError {
  const { reason, message } = target;
  if (reason === "not_a_url") return invalidField(path, message);
  return new ApiError("webhook_url_not_allowed", `The webhook URL ${message}.`);
}

/** Logs a rejection and returns its error. */
function logged(error: ApiError, caller: Caller, { task }: WantedTask, requestId: string): ApiError {
  log("warn", "task_refused", {
    requestId,
    tenantId: caller.tenantId,
    mode: caller.mode,
    keyId: caller.keyId,
    code: error.code,
    host: websiteHost(task.websiteURL),
  });
  return error;
}

/**
 * The object for a task. It is named after the idempotency key or the number, so that repeats reach the same object, or else new. A
 * name contains the tenant's creation time, so that a tenant that was deleted and created again does not find old tasks.
 */
function objectIdFor(env: Env, { tenantId, mode, profile }: Caller, wanted: WantedTask): DurableObjectId {
  const { idempotencyKey, compatTaskId } = wanted;
  if (idempotencyKey !== undefined) {
    return env.TASKS.idFromName(`${tenantId}/${profile.createdAt}/${mode}/${idempotencyKey}`);
  }
  if (compatTaskId !== null) return env.TASKS.idFromName(numberName(tenantId, profile.createdAt, mode, compatTaskId));
  return env.TASKS.newUniqueId();
}

/**
 * The hash by which requests with the same idempotency key are compared. It covers the parsed request with the API's own defaults.
 * The operator's settings must not be part of it, or changing them would turn repeats into mismatches.
 * @param defaultTimeoutMs stands for a missing deadline
 */
async function fingerprintOf(wanted: WantedTask, defaultTimeoutMs: number): Promise<string> {
  const { task, reference, metadata, timeoutSeconds } = wanted;
  const timeoutMs = timeoutSeconds === undefined ? defaultTimeoutMs : timeoutSeconds * 1_000;
  // An undefined reference is left out, so the hash equals that of versions without `reference`.
  return hashOf({ task, reference, metadata, webhookUrl: wanted.webhookUrl ?? null, timeoutMs });
}

/** SHA-256 (hex) of a value, independent of the order of its fields. */
async function hashOf(value: Record<string, unknown>): Promise<string> {
  const bytes = new TextEncoder().encode(canonicalJson(value));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
