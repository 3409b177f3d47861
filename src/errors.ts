// The errors of the API: codes, statuses and titles, and the problem document (RFC 9457) that is sent for an error.

import type { ContentfulStatusCode } from "hono/utils/http-status";

const PROBLEMS = {
  invalid_json: { status: 400, title: "The body is not valid JSON" },
  invalid_request: { status: 400, title: "The request is not valid" },
  unauthenticated: { status: 401, title: "No valid API key" },
  insufficient_scope: { status: 403, title: "The key lacks a scope" },
  website_not_allowed: { status: 403, title: "The website is not on the allow-list" },
  tenant_suspended: { status: 403, title: "The tenant is suspended" },
  webhook_url_not_allowed: { status: 403, title: "The webhook URL is not allowed" },
  not_found: { status: 404, title: "Not found" },
  method_not_allowed: { status: 405, title: "Method not allowed" },
  task_finished: { status: 409, title: "The task is finished" },
  task_not_ready: { status: 409, title: "The task is not ready" },
  not_redeliverable: { status: 409, title: "There is no webhook to send again" },
  tenant_exists: { status: 409, title: "The tenant already exists" },
  key_rotated: { status: 409, title: "The key was already rotated" },
  solution_expired: { status: 410, title: "The solution has expired" },
  already_claimed: { status: 410, title: "The solution was already claimed" },
  payload_too_large: { status: 413, title: "The body is too large" },
  unsupported_media_type: { status: 415, title: "The body must be JSON" },
  idempotency_mismatch: { status: 422, title: "The idempotency key was used with another request" },
  upgrade_required: { status: 426, title: "A WebSocket upgrade is required" },
  rate_limited: { status: 429, title: "Too many requests" },
  quota_exceeded: { status: 429, title: "The monthly quota is used up" },
  internal: { status: 500, title: "Internal error" },
  configuration: { status: 500, title: "The gateway is not configured" },
  upstream_not_configured: { status: 503, title: "The upstream is not configured" },
  overloaded: { status: 503, title: "The gateway is overloaded" },
} as const satisfies Record<string, { status: ContentfulStatusCode; title: string }>;

/** The `code` of a problem document. */
export type ErrorCode = keyof typeof PROBLEMS;
/** All error codes. */
export const ERROR_CODES = Object.keys(PROBLEMS) as [ErrorCode, ...ErrorCode[]];

/** The HTTP status of an error code. */
export const statusOf = (code: ErrorCode): ContentfulStatusCode => PROBLEMS[code].status;

/** A validation error. `path` is a dotted path into the body, or the name of a parameter or header. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** An error that is sent to the caller. `message` is public: it becomes `detail`. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: ErrorCode;
  readonly errors: readonly FieldError[] | undefined;
  /** Additional response headers, such as `Retry-After`. */
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
    return statusOf(this.code);
  }
}

/** The error for an unknown path. `/admin` without a configured token returns it too, so that both look alike. */
export function unknownPath(): ApiError {
  return new ApiError("not_found", "This path does not exist. The API is described at /docs and /openapi.json.");
}

/** The maximum number of fields named in `detail`. `errors` lists them all. */
const MAX_NAMED = 3;

/** `invalid_request` for these fields. */
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

/** The problem document (RFC 9457) for an error. */
export function problemOf(error: ApiError, requestId: string) {
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
