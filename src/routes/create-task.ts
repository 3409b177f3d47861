// Task creation for both APIs: the checks before a task exists, its object, and its idempotency key. Accepting a task calls one
// object and no upstream.

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

/** The deadline (ms) of a request that names none, when requests are compared. The task's own deadline is the operator's setting. */
const DEFAULT_TIMEOUT_MS = 120_000;

/** A task as a caller wants it, parsed, before any rule has been applied. */
export interface WantedTask {
  readonly task: AcceptedTask;
  readonly webhookUrl: string | undefined;
  /** What the caller's API calls the webhook URL. */
  readonly webhookField: "webhookUrl" | "callbackUrl";
  readonly reference: string | undefined;
  readonly metadata: Record<string, string>;
  readonly timeoutSeconds: number | undefined;
  readonly idempotencyKey: string | undefined;
  /** The task's number in the compatibility API, or null for v1. */
  readonly compatTaskId: number | null;
  readonly traceparent: string | undefined;
}

/** Another task has the wanted number. */
export class NumberTakenError extends Error {
  override readonly name = "NumberTakenError";
}

export interface AcceptedOutcome {
  readonly task: Task;
  readonly replayed: boolean;
}

/**
 * Accepts a task or finds the one that its idempotency key names.
 * @throws ApiError when the task is rejected. Nothing of a rejected task is stored, and its idempotency key is not used up.
 */
export async function acceptTask(
  env: Env,
  configuration: Configuration,
  caller: Caller,
  wanted: WantedTask,
  requestId: string,
): Promise<AcceptedOutcome> {
  const rejection = rejectionOf(configuration, caller, wanted);
  const { idempotencyKey, task, metadata } = wanted;
  const reference = wanted.reference ?? null;
  if (rejection !== null && idempotencyKey === undefined) throw recorded(rejection, caller, wanted, requestId);

  const timeoutMs = wanted.timeoutSeconds === undefined ? configuration.taskTimeoutMs : wanted.timeoutSeconds * 1_000;
  const webhookUrl = wanted.webhookUrl ?? null;
  const keyed = idempotencyKey !== undefined;
  const byNumber = !keyed && wanted.compatTaskId !== null;
  // Without an idempotency key a number's object knows a repeat of this very call, and no other, by a random value.
  const unkeyedHash = byNumber ? crypto.randomUUID() : null;
  // Safe to retry when the object is lost in the middle: an object accepts at most one task.
  const id = objectIdFor(env, caller, wanted);
  const request: AcceptRequest = {
    ...ownerOf(caller),
    keyId: caller.keyId,
    task,
    reference,
    compatTaskId: wanted.compatTaskId,
    metadata,
    webhookUrl,
    bodyHash: keyed ? await fingerprintOf(wanted, DEFAULT_TIMEOUT_MS) : unkeyedHash,
    // Older versions filled in the operator's default deadline.
    legacyBodyHash: keyed ? await fingerprintOf(wanted, configuration.taskTimeoutMs) : null,
    traceparent: wanted.traceparent,
    timeoutMs,
    pollIntervalMs: configuration.pollIntervalMs,
    retentionMs: configuration.taskRetentionMs,
    named: keyed || byNumber,
    // A request that is rejected now may repeat one that was accepted before: it gets that task and creates nothing.
    replayOnly: rejection !== null,
  };
  const result = await withRetry(async (): Promise<AcceptResult> => await env.TASKS.get(id).accept(request));
  if (byNumber && (result.tag === "mismatch" || result.tag === "absent")) throw new NumberTakenError();
  const { task: accepted, replayed } = outcomeOf(result, () =>
    recorded(rejection ?? new ApiError("internal", "Lost."), caller, wanted, requestId),
  );
  return { task: accepted, replayed: replayed && idempotencyKey !== undefined };
}

function outcomeOf(result: AcceptResult, refused: () => ApiError): AcceptedOutcome {
  switch (result.tag) {
    case "accepted":
    case "replayed":
      return { task: result.task, replayed: result.tag === "replayed" };
    case "mismatch":
      throw new ApiError("idempotency_mismatch", "This idempotency key was used with another body.");
    case "absent":
      throw refused();
  }
}

/** @throws ApiError `tenant_suspended`: such a tenant reads what it has and creates nothing. */
export function assertNotSuspended({ profile }: Caller): void {
  if (profile.suspended) throw suspended();
}

const suspended = () =>
  new ApiError("tenant_suspended", "The tenant is suspended: it can read its tasks and create nothing.");

/** Why a task is rejected, or null. Checked in this order: tenant, website, webhook URL, upstream account, quota. */
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

/** The error for a webhook URL: a string that is not a URL is invalid, another URL is not allowed. */
export function targetError(
  target: { readonly reason: "not_a_url" | "not_allowed"; readonly message: string },
  path: string,
): ApiError {
  const { reason, message } = target;
  if (reason === "not_a_url") return invalidField(path, message);
  return new ApiError("webhook_url_not_allowed", `The webhook URL ${message}.`);
}

/** Logs a rejection: which key asked for which host, and why it was rejected. */
function recorded(error: ApiError, caller: Caller, { task }: WantedTask, requestId: string): ApiError {
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
 * The object of a new task: a new one or, with an idempotency key, the one where its repeats meet, or the one of its number. The parts
 * of a name cannot be confused, and a tenant that was deleted and created again has other names.
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
 * What the repeats of an idempotency key are compared by: a hash of the request after parsing, with the API's own defaults. The
 * operator's settings do not count, so changing them turns no repeat into a mismatch.
 * @param defaultTimeoutMs stands for a deadline that the request does not name
 */
async function fingerprintOf(wanted: WantedTask, defaultTimeoutMs: number): Promise<string> {
  const { task, reference, metadata, timeoutSeconds } = wanted;
  const timeoutMs = timeoutSeconds === undefined ? defaultTimeoutMs : timeoutSeconds * 1_000;
  // A missing reference is left out, as in the fingerprints of versions that did not know it.
  return hashOf({ task, reference, metadata, webhookUrl: wanted.webhookUrl ?? null, timeoutMs });
}

/** SHA-256 (hex) of a value. The order of fields does not count. */
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
