// Every error that a caller can meet: one class, one table of statuses and titles, one mapping to the compatible face's codes.
// A public message and an internal detail are two fields; the second never leaves the log.

import type { ContentfulStatusCode } from "hono/utils/http-status";

const PROBLEMS = {
  invalid_json: { status: 400, title: "The body is not valid JSON" },
  invalid_request: { status: 400, title: "The request is not valid" },
  unauthenticated: { status: 401, title: "No valid API key" },
  insufficient_scope: { status: 403, title: "The key lacks a scope" },
  website_not_allowed: { status: 403, title: "The website is not on the tenant's list" },
  tenant_suspended: { status: 403, title: "The tenant is suspended" },
  webhook_url_not_allowed: { status: 403, title: "The webhook URL is not allowed" },
  not_found: { status: 404, title: "Not found" },
  method_not_allowed: { status: 405, title: "The path does not take this method" },
  task_finished: { status: 409, title: "The task is finished" },
  task_not_ready: { status: 409, title: "The task is not ready" },
  not_redeliverable: { status: 409, title: "There is nothing to deliver again" },
  tenant_exists: { status: 409, title: "The tenant exists" },
  key_rotated: { status: 409, title: "The key was rotated before" },
  solution_expired: { status: 410, title: "The solution has expired" },
  already_claimed: { status: 410, title: "The solution was claimed before" },
  payload_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The body must be JSON" },
  idempotency_mismatch: { status: 422, title: "The idempotency key was used with another body" },
  upgrade_required: { status: 426, title: "A WebSocket upgrade is required" },
  rate_limited: { status: 429, title: "Too many requests" },
  quota_exceeded: { status: 429, title: "The month's quota is used up" },
  internal: { status: 500, title: "Internal error" },
  configuration: { status: 500, title: "The gateway is not configured" },
  upstream_not_configured: { status: 503, title: "The upstream is not configured" },
  overloaded: { status: 503, title: "Too much load" },
} as const satisfies Record<string, { status: ContentfulStatusCode; title: string }>;

export type ErrorCode = keyof typeof PROBLEMS;
export const ERROR_CODES = Object.keys(PROBLEMS) as [ErrorCode, ...ErrorCode[]];

/** One fault of validation: a dotted path into the body, or the name of the parameter or header. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** An expected failure of a request. `message` is public. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[] | undefined;
  /** Extra headers of the answer, such as `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message: string,
    extra: { errors?: readonly FieldError[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.code = code;
    this.errors = extra.errors;
    this.headers = extra.headers ?? {};
  }

  get status(): ContentfulStatusCode {
    return PROBLEMS[this.code].status;
  }
}

/** Field names in `detail`; `errors` has them all. */
const MAX_NAMED = 3;

/** `invalid_request` for these fields; `detail` names what has to change. */
export function invalidFields(errors: readonly FieldError[]): ApiError {
  return new ApiError("invalid_request", detailOf(errors), { errors });
}

/** `invalid_request` for one field. */
export function invalidField(path: string, message: string): ApiError {
  return invalidFields([{ path, message }]);
}

function detailOf(errors: readonly FieldError[]): string {
  const [first] = errors;
  if (first !== undefined && errors.length === 1) return `${first.path || "The body"} ${first.message}.`;
  const names = [...new Set(errors.map(({ path }) => path || "the body"))];
  const others = names.length > MAX_NAMED ? " and others" : "";
  return `${errors.length} problems, in ${names.slice(0, MAX_NAMED).join(", ")}${others}.`;
}

/** Problem details of RFC 9457 with the gateway's members. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly requestId: string;
  readonly errors?: readonly FieldError[];
}

/** The problem document of an error. */
export function problemOf(error: ApiError, requestId: string): Problem {
  const { status, title } = PROBLEMS[error.code];
  return {
    type: `/docs/problems#${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    requestId,
    ...(error.errors === undefined ? {} : { errors: error.errors }),
  };
}

/** The codes of the compatible face that are the gateway's own; an upstream's code for a task passes through beside them. */
export type CompatibilityCode =
  | "ERROR_KEY_DOES_NOT_EXIST"
  | "ERROR_TASK_ABSENT"
  | "ERROR_TASK_NOT_SUPPORTED"
  | "ERROR_BAD_REQUEST"
  | "ERROR_DOMAIN_NOT_ALLOWED"
  | "ERROR_NO_SLOT_AVAILABLE"
  | "ERROR_NO_SUCH_CAPCHA_ID"
  | "ERROR_TOKEN_EXPIRED"
  | "ERROR_CAPTCHA_UNSOLVABLE"
  | "ERROR_TASK_TIMEOUT"
  | "ERROR_TASK_CANCELED"
  | "ERROR_SERVICE_UNAVAILABLE";

/** What an error is called in the compatible face. */
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
