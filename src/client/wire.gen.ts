// Generated from the OpenAPI document by `npm run build:types`. Do not edit.

export type CreatedTenant = Tenant & {
  /**
   * Signs the tenant's webhooks; shown this once
   */
  webhookSecret: string;
};

export interface Task {
  id: string;
  status: "queued" | "processing" | "ready" | "failed" | "canceled";
  mode: "live" | "test";
  task: {
    type: "RecaptchaV3TaskProxyless";
    websiteURL: string;
    websiteKey: string;
    pageAction: string;
    checkField?: string | undefined;
    websiteTitle?: string | undefined;
    isInvisible: true;
  };
  metadata: {
    [k: string]: string;
  };
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  createdAt: string;
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  submittedAt: string | null;
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  finishedAt: string | null;
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  deadlineAt: string;
  solution: Solution | null;
  solutionState: "none" | "available" | "claimed" | "expired";
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  solutionExpiresAt: string | null;
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  solutionBestBefore: string | null;
  error: {
    code:
      | "upstream_rejected"
      | "unsolvable"
      | "upstream_unavailable"
      | "timeout"
      | "quota_exceeded"
      | "tenant_suspended"
      | "internal";
    message: string;
    upstreamCode?: string | undefined;
  } | null;
  polls: number;
  submissions: number;
  webhook: {
    url: string;
    state: "pending" | "delivered" | "exhausted";
    attempts: number;
    lastStatus: number | null;
    /**
     * RFC 3339 in UTC, with milliseconds
     */
    nextAttemptAt: string | null;
  } | null;
}
/**
 * Single use, valid for 120 s, best used within 60 s. Other fields of the upstream ride along
 */
export interface Solution {
  gRecaptchaResponse: string;
  cookies?:
    | {
        [k: string]: string;
      }
    | undefined;
  /**
   * Send this `user-agent` with the token: some sites match it
   */
  userAgent: string;
  /**
   * Send this `sec-ch-ua` with the token
   */
  secChUa: string;
  [k: string]: unknown;
}
/**
 * Problem details (RFC 9457)
 */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code:
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
  requestId: string;
  /**
   * Of `invalid_request`: each fault, with a dotted path
   */
  errors?:
    | {
        path: string;
        message: string;
      }[]
    | undefined;
}
export interface CreateTask {
  task: SolveTask;
  /**
   * Where the result is sent; the tenant's endpoint where it is left out
   */
  webhookUrl?: string | undefined;
  /**
   * Yours, handed back as it is
   */
  metadata?:
    | {
        [k: string]: string;
      }
    | undefined;
  /**
   * The task's deadline; by default the gateway's, 120 s
   */
  timeoutSeconds?: number | undefined;
}
export interface SolveTask {
  type: "RecaptchaV3TaskProxyless";
  /**
   * The page's address; its host must be on the tenant's allow-list
   */
  websiteURL: string;
  /**
   * The page's site key
   */
  websiteKey: string;
  /**
   * The page's action; a wrong one makes the result void
   */
  pageAction: string;
  /**
   * The new value of protobuf field 9 of the reload packet, for a second verification
   */
  checkField?: string | undefined;
  /**
   * The page's document.title
   */
  websiteTitle?: string | undefined;
  /**
   * Always true for this type
   */
  isInvisible?: true | undefined;
}
export interface Timeline {
  events: {
    /**
     * RFC 3339 in UTC, with milliseconds
     */
    at: string;
    /**
     * accepted, waiting, admitted, held, submitted, submission_refused, submission_hidden, poll, ready, failed, canceled, claimed, expired, webhook
     */
    type: string;
    durationMs?: number | undefined;
    detail?: string | undefined;
    /**
     * Of a webhook attempt
     */
    status?: (number | null) | undefined;
    /**
     * Of a webhook attempt
     */
    error?: (string | null) | undefined;
  }[];
}
export interface TaskList {
  tasks: {
    id: string;
    status: "queued" | "processing" | "ready" | "failed" | "canceled";
    /**
     * The host of the task's websiteURL
     */
    website: string;
    /**
     * RFC 3339 in UTC, with milliseconds
     */
    createdAt: string;
    /**
     * RFC 3339 in UTC, with milliseconds
     */
    finishedAt: string | null;
    /**
     * From the upstream's acceptance to the solution
     */
    solveMs: number | null;
    errorCode:
      | "upstream_rejected"
      | "unsolvable"
      | "upstream_unavailable"
      | "timeout"
      | "quota_exceeded"
      | "tenant_suspended"
      | "internal"
      | null;
    webhookState: "pending" | "delivered" | "exhausted" | null;
  }[];
  nextCursor: string | null;
}
export interface Usage {
  days: {
    day: string;
    submitted: number;
    ready: number;
    failed: {
      [k: string]: number;
    };
    canceled: number;
    solveMs: {
      p50: number | null;
      p95: number | null;
    };
  }[];
}
export interface KeyList {
  keys: Key[];
}
export interface Key {
  id: string;
  name: string;
  mode: "live" | "test";
  scopes: ("tasks:write" | "tasks:read" | "account:read" | "account:write")[];
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  createdAt: string;
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  expiresAt: string | null;
  /**
   * The day (UTC) of the last use
   */
  lastUsedOn: string | null;
}
export interface CurrentKey {
  id: string;
  name: string;
  mode: "live" | "test";
  scopes: ("tasks:write" | "tasks:read" | "account:read" | "account:write")[];
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  createdAt: string;
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  expiresAt: string | null;
  tenantId: string;
}
export interface CreatedKey {
  id: string;
  name: string;
  mode: "live" | "test";
  scopes: ("tasks:write" | "tasks:read" | "account:read" | "account:write")[];
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  createdAt: string;
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  expiresAt: string | null;
  /**
   * The key itself; shown this once
   */
  key: string;
}
export interface CreateKey {
  name: string;
  mode: "live" | "test";
  /**
   * By default `tasks:write` and `tasks:read`
   */
  scopes?: ("tasks:write" | "tasks:read" | "account:read" | "account:write")[] | undefined;
  expiresAt?: (string | null) | undefined;
}
export interface Endpoint {
  url: string | null;
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  disabledAt: string | null;
  disabledReason: string | null;
}
export interface PutEndpoint {
  url: string;
}
export interface RotatedSecret {
  /**
   * Signs from now on; shown this once
   */
  secret: string;
}
export interface EndpointTest {
  status: number | null;
  latencyMs: number;
  redirected: boolean;
  /**
   * Only where no answer came
   */
  error: string | null;
}
export interface Tenant {
  id: string;
  name: string;
  allowedHosts: string[];
  limits: {
    maxInFlight: number;
    monthlyTasks: number | null;
  };
  suspended: boolean;
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  createdAt: string;
}
export interface CreateTenant {
  id: string;
  name: string;
  /**
   * Hosts (`shop.example`), everything below one (`*.shop.example`), or all (`*`). Empty: nothing is allowed
   */
  allowedHosts?: string[] | undefined;
  limits?:
    | {
        maxInFlight?: number | undefined;
        monthlyTasks?: (number | null) | undefined;
      }
    | undefined;
}
export interface TenantList {
  tenants: Tenant[];
  nextCursor: string | null;
}
export interface PatchTenant {
  name?: string | undefined;
  /**
   * Hosts (`shop.example`), everything below one (`*.shop.example`), or all (`*`). Empty: nothing is allowed
   */
  allowedHosts?: string[] | undefined;
  limits?:
    | {
        maxInFlight?: number | undefined;
        monthlyTasks?: (number | null) | undefined;
      }
    | undefined;
  suspended?: boolean | undefined;
}
