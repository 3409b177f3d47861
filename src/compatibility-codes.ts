// The error codes of the compatibility API, and which errors of the gateway and of tasks they stand for. A code of the upstream for a
// task is passed through unchanged.

import type { ErrorCode } from "./errors.ts";
import type { TaskError } from "./tasks/record.ts";

/** The gateway's own codes and their meanings, as `/docs/problems` shows them. */
export const COMPATIBILITY_CODES = {
  ERROR_KEY_DOES_NOT_EXIST:
    "The clientKey is missing or not valid, lacks the scope for this call, or belongs to a suspended tenant.",
  ERROR_TASK_ABSENT: "The body of createTask has no task.",
  ERROR_TASK_NOT_SUPPORTED: "The task's type is not supported.",
  ERROR_BAD_REQUEST:
    "The method, the body, a field, a header or the callbackUrl is not valid. The errorDescription says what to change.",
  ERROR_DOMAIN_NOT_ALLOWED: "The host of websiteURL is not on the tenant's allow-list.",
  ERROR_NO_SLOT_AVAILABLE: "A rate limit was reached, or the month's quota is used up. Wait before sending again.",
  ERROR_NO_SUCH_CAPCHA_ID: "The taskId is missing, or this key has no such task: it may have been purged.",
  ERROR_NO_SUCH_METHOD: "The gateway does not support this method of the protocol.",
  ERROR_TOKEN_EXPIRED: "The solution has expired or was claimed. Create a new task.",
  ERROR_CAPTCHA_UNSOLVABLE: "The upstream accepted the task and could not solve it. Create a new task.",
  ERROR_TASK_TIMEOUT: "The task was not solved before its deadline. Create a new task.",
  ERROR_TASK_CANCELED: "The task was canceled.",
  ERROR_SERVICE_UNAVAILABLE:
    "The upstream was not available before the deadline, or the gateway failed. Create the task again later.",
} as const satisfies Record<string, string>;

/** One of the gateway's own codes. */
export type CompatibilityCode = keyof typeof COMPATIBILITY_CODES;

/** The code for an error of the gateway itself. */
export function compatibilityCodeOf(code: ErrorCode): CompatibilityCode {
  switch (code) {
    case "unauthenticated":
    case "insufficient_scope":
    case "tenant_suspended":
      return "ERROR_KEY_DOES_NOT_EXIST";
    case "website_not_allowed":
      return "ERROR_DOMAIN_NOT_ALLOWED";
    case "rate_limited":
    case "quota_exceeded":
      return "ERROR_NO_SLOT_AVAILABLE";
    case "not_found":
      return "ERROR_NO_SUCH_CAPCHA_ID";
    case "solution_expired":
    case "already_claimed":
      return "ERROR_TOKEN_EXPIRED";
    case "internal":
    case "configuration":
    case "upstream_not_configured":
    case "overloaded":
      return "ERROR_SERVICE_UNAVAILABLE";
    case "invalid_json":
    case "invalid_request":
    case "webhook_url_not_allowed":
    case "payload_too_large":
    case "unsupported_media_type":
    case "idempotency_mismatch":
    case "task_finished":
    case "task_not_ready":
    case "not_redeliverable":
    case "tenant_exists":
    case "key_rotated":
    case "method_not_allowed":
    case "upgrade_required":
      return "ERROR_BAD_REQUEST";
  }
}

/** The code for a failed task: the upstream's own code if there is one. */
export function codeOfFailedTask(error: TaskError | null): string {
  if (error?.upstreamCode !== undefined) return error.upstreamCode;
  switch (error?.code) {
    case "upstream_rejected":
      return "ERROR_BAD_REQUEST";
    case "unsolvable":
      return "ERROR_CAPTCHA_UNSOLVABLE";
    case "timeout":
      return "ERROR_TASK_TIMEOUT";
    case "quota_exceeded":
      return "ERROR_NO_SLOT_AVAILABLE";
    case "tenant_suspended":
    case "upstream_unavailable":
    case "internal":
    case undefined:
      return "ERROR_SERVICE_UNAVAILABLE";
  }
}
