// The wire of a tenant's account, and of refusals: plain types, bound to the schemas like those of `types.ts`. No logic.

import type { TaskMode } from "./types.ts";

/** What the gateway calls a refusal. `/docs/problems#<code>` of the gateway explains each. */
export type ProblemCode =
  | "invalid_json"
  | "invalid_request"
  | "unauthenticated"
  | "insufficient_scope"
  | "website_not_allowed"
  | "tenant_suspended"
  | "webhook_url_not_allowed"
  | "not_found"
  | "method_not_allowed"
  | "task_finished"
  | "task_not_ready"
  | "not_redeliverable"
  | "tenant_exists"
  | "key_rotated"
  | "solution_expired"
  | "already_claimed"
  | "payload_too_large"
  | "unsupported_media_type"
  | "idempotency_mismatch"
  | "upgrade_required"
  | "rate_limited"
  | "quota_exceeded"
  | "internal"
  | "configuration"
  | "upstream_not_configured"
  | "overloaded";

/** One fault of a request that is not valid: a dotted path into the body, or the name of a parameter or header. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** A refusal, as the wire has it (RFC 9457). */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  readonly requestId: string;
  readonly errors?: readonly FieldError[];
}

/** One day (UTC) of usage, by the day of creation. */
export interface UsageDay {
  /** Such as `2026-11-23`. */
  readonly day: string;
  readonly submitted: number;
  readonly ready: number;
  /** How many failed, by their code. */
  readonly failed: Readonly<Record<string, number>>;
  readonly canceled: number;
  /** Milliseconds from upstream's acceptance to the solution; null on a day without one. */
  readonly solveMs: { readonly p50: number | null; readonly p95: number | null };
}

/** The tenant's default endpoint for webhooks. */
export interface Endpoint {
  /** Null where none is set. */
  readonly url: string | null;
  /** When it was disabled, because it answered 410. */
  readonly disabledAt: string | null;
  readonly disabledReason: string | null;
}

/** What the endpoint did when it was tried. */
export interface EndpointTest {
  /** The HTTP status; null where no answer came. */
  readonly status: number | null;
  /** Milliseconds. */
  readonly latencyMs: number;
  readonly redirected: boolean;
  /** Only where no answer came. */
  readonly error: string | null;
}

/** A new signing secret, shown this once. */
export interface RotatedSecret {
  /** `whsec_…` */
  readonly secret: string;
}

/** What a key may do. */
export type Scope = "tasks:write" | "tasks:read" | "account:read" | "account:write";

interface KeyFields {
  readonly id: string;
  readonly name: string;
  readonly mode: TaskMode;
  readonly scopes: readonly Scope[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
}

/** An API key of the tenant, without its secret. */
export interface Key extends KeyFields {
  /** The day (UTC) of its last use, such as `2026-11-23`. */
  readonly lastUsedOn: string | null;
}

/** A key that was just made. */
export interface CreatedKey extends KeyFields {
  /** The key itself, shown this once. */
  readonly key: string;
}

/** A key to be made: of the calling key's mode, and with no scope that it lacks. */
export interface CreateKey {
  readonly name: string;
  readonly mode: TaskMode;
  /** By default `tasks:write` and `tasks:read`. */
  readonly scopes?: readonly Scope[] | undefined;
  /** RFC 3339, in the future; by default never. */
  readonly expiresAt?: string | null | undefined;
}

/** How a secret or a key is replaced. */
export interface Rotation {
  /** How long (s) the old one works beside the new one, 0 to 604,800; by default a day for a secret, an hour for a key. */
  readonly overlapSeconds?: number | undefined;
}

/** The range of a usage report; both days are in it. */
export interface UsageRange {
  /** Such as `2026-11-01`; by default 29 days before `to`. */
  readonly from?: string | undefined;
  /** By default today (UTC). */
  readonly to?: string | undefined;
}
