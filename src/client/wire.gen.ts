// Generated from the OpenAPI document by `npm run build:types`. Do not edit.

export type RotatedKey = CreatedKey & {
  /**
   * The key that was rotated, and when it stops working
   */
  replaces: {
    id: string;
    /**
     * RFC 3339 in UTC, with milliseconds
     */
    expiresAt: string;
  };
};
export type CreatedTenant = Tenant & {
  /**
   * The signing secret of each mode's webhooks
   */
  webhookSecrets: {
    live: string;
    test: string;
  };
};

export interface Task {
  /**
   * Opaque; no two tasks have the same
   */
  id: string;
  /**
   * `ready`, `failed` and `canceled` are final
   */
  status: "queued" | "processing" | "ready" | "failed" | "canceled";
  /**
   * The mode of the key that created the task
   */
  mode: "live" | "test";
  task: {
    type: "RecaptchaV3TaskProxyless";
    websiteURL: string;
    websiteKey: string;
    pageAction: string;
    checkField?: string | undefined;
    websiteTitle?: string | undefined;
    isInvisible: boolean;
  };
  /**
   * Your own name for the task, as given
   */
  reference: string | null;
  /**
   * Your own data, as given
   */
  metadata: {
    [k: string]: string;
  };
  /**
   * The task's `taskId` in the compatibility API. Null for tasks of v1
   */
  compatTaskId: number | null;
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  createdAt: string;
  /**
   * When the upstream accepted the task
   */
  submittedAt: string | null;
  /**
   * When the status became final
   */
  finishedAt: string | null;
  /**
   * An unfinished task fails then, with the code `timeout`
   */
  deadlineAt: string;
  /**
   * What holds a queued task: a free slot of its tenant, or an upstream account that works
   */
  waitingFor: "slot" | "upstream" | null;
  /**
   * When the next step of an unfinished task is due; of a processing task, the next poll
   */
  nextStepAt: string | null;
  solution: Solution | null;
  /**
   * A `claimed` or `expired` solution is erased, and `solution` is null
   */
  solutionState: "none" | "available" | "claimed" | "expired";
  /**
   * Do not use the solution after this time
   */
  solutionExpiresAt: string | null;
  /**
   * The solution is best used before this time
   */
  solutionBestBefore: string | null;
  /**
   * Why a task failed. `message` says whether it may have been charged
   */
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
  /**
   * Polls of the upstream so far; after a crash a lower bound
   */
  polls: number;
  /**
   * How often the task was sent and the upstream accepted it, or may have accepted it
   */
  submissions: number;
  /**
   * Null if the result is sent nowhere
   */
  webhook: {
    url: string;
    state: "pending" | "delivered" | "exhausted";
    attempts: number;
    /**
     * The HTTP status of the last attempt; null without a response
     */
    lastStatus: number | null;
    /**
     * When the next attempt is due
     */
    nextAttemptAt: string | null;
  } | null;
}
/**
 * Single use, valid for 120 s, best used within 60 s. Other fields of the upstream are passed through
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
   * For `invalid_request`: the fields that are not valid, by dotted path
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
   * Your own name for the task. It need not be unique, and tasks can be listed by it
   */
  reference?: string | undefined;
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
   * Sent to the upstream as it is
   */
  isInvisible?: boolean | undefined;
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
    /**
     * Of a webhook attempt: the first 256 characters of the receiver's response body
     */
    responseBody?: (string | null) | undefined;
  }[];
}
export interface TaskList {
  tasks: {
    id: string;
    status: "queued" | "processing" | "ready" | "failed" | "canceled";
    /**
     * The caller's own name for the task
     */
    reference: string | null;
    /**
     * The host of the task's websiteURL
     */
    website: string;
    /**
     * The API key that created the task; null for tasks from before the gateway recorded it
     */
    keyId: string | null;
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
  /**
   * The `cursor` of the next page; null on the last one. A page before it may be short or empty
   */
  nextCursor: string | null;
}
export interface Usage {
  days: {
    day: string;
    /**
     * Tasks that were created on this day
     */
    submitted: number;
    ready: number;
    /**
     * By error code
     */
    failed: {
      [k: string]: number;
    };
    canceled: number;
    solveMs: {
      /**
       * Nearest rank; null on a day without a solved task
       */
      p50: number | null;
      /**
       * Nearest rank; null on a day without a solved task
       */
      p95: number | null;
    };
    /**
     * With `groupBy=key`: counts by the id of the key
     */
    keys?:
      | {
          [k: string]: {
            submitted: number;
            ready: number;
          };
        }
      | undefined;
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
   * The key itself, which is never shown again
   */
  key: string;
}
export interface CreateOwnKey {
  name: string;
  mode?: ("live" | "test") | undefined;
  /**
   * By default `tasks:write` and `tasks:read`
   */
  scopes?: ("tasks:write" | "tasks:read" | "account:read" | "account:write")[] | undefined;
  /**
   * When the key stops working; by default never
   */
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
export interface WebhookSecret {
  secret: string;
  /**
   * The secret before the last rotation, while it still signs too
   */
  previous: {
    secret: string;
    /**
     * RFC 3339 in UTC, with milliseconds
     */
    expiresAt: string;
  } | null;
}
export interface RotatedSecret {
  /**
   * Signs webhooks from now on
   */
  secret: string;
}
export interface EndpointTest {
  status: number | null;
  latencyMs: number;
  redirected: boolean;
  /**
   * Why there was no response
   */
  error: string | null;
}
export interface Account {
  tenant: {
    id: string;
    name: string;
    suspended: boolean;
  };
  /**
   * The calling key's mode
   */
  mode: "live" | "test";
  allowedHosts: string[];
  limits: {
    maxInFlight: number;
    monthlyTasks: number | null;
  };
  /**
   * Live tasks of the current month (UTC), and how many are allowed. Null: no quota
   */
  month: {
    liveTasks: number;
    quota: number | null;
  };
  /**
   * Tasks of the mode that have a slot
   */
  inFlight: number;
  /**
   * Tasks of the mode that wait for a slot
   */
  queued: number;
}
export interface AuditList {
  entries: AuditEntry[];
  nextCursor: string | null;
}
export interface AuditEntry {
  /**
   * RFC 3339 in UTC, with milliseconds
   */
  at: string;
  action:
    | "key.created"
    | "key.rotated"
    | "key.revoked"
    | "webhook.updated"
    | "webhook.deleted"
    | "webhook.secret_read"
    | "webhook.secret_rotated"
    | "tenant.created"
    | "tenant.updated";
  /**
   * The key that made the change, or the operator
   */
  actor: {
    type: "key" | "operator";
    keyId?: string | undefined;
  };
  /**
   * The id of the key or tenant that was changed, or `webhook`
   */
  target: string;
  /**
   * Null for what concerns both modes
   */
  mode: "live" | "test" | null;
  /**
   * What was changed. Never a key or a secret
   */
  details: {
    [k: string]: unknown;
  };
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
  upstreamAccount: string | null;
  location: "wnam" | "enam" | "sam" | "weur" | "eeur" | "apac" | "oc" | "afr" | "me" | null;
  /**
   * Tasks that have a slot
   */
  inFlight: {
    live: number;
    test: number;
  };
  /**
   * Tasks that wait for a slot
   */
  queued: {
    live: number;
    test: number;
  };
  /**
   * Live tasks of the current month (UTC), and how many are allowed. Null: no quota
   */
  month: {
    liveTasks: number;
    quota: number | null;
  };
}
export interface CreateTenant {
  id: string;
  name: string;
  /**
   * Exact hosts (`shop.example`), every host below one (`*.shop.example`), or all hosts (`*`). Empty: no host is allowed
   */
  allowedHosts?: string[] | undefined;
  limits?:
    | {
        maxInFlight?: number | undefined;
        monthlyTasks?: (number | null) | undefined;
      }
    | undefined;
  /**
   * The name of the only upstream account that the tenant's live tasks may use. Null: any
   */
  upstreamAccount?: (string | null) | undefined;
  /**
   * Where the tenant's object is placed, as a location hint of the platform. By default near the request that creates the tenant
   */
  location?: ("wnam" | "enam" | "sam" | "weur" | "eeur" | "apac" | "oc" | "afr" | "me" | null) | undefined;
}
export interface TenantList {
  tenants: Tenant[];
  /**
   * Tenants of this page that are missing because their objects did not answer. Repeat the call
   */
  unavailable?: string[] | undefined;
  nextCursor: string | null;
}
export interface PatchTenant {
  name?: string | undefined;
  /**
   * Exact hosts (`shop.example`), every host below one (`*.shop.example`), or all hosts (`*`). Empty: no host is allowed
   */
  allowedHosts?: string[] | undefined;
  limits?:
    | {
        maxInFlight?: number | undefined;
        monthlyTasks?: (number | null) | undefined;
      }
    | undefined;
  suspended?: boolean | undefined;
  /**
   * The name of the only upstream account that the tenant's live tasks may use. Null: any
   */
  upstreamAccount?: (string | null) | undefined;
}
export interface CreateKey {
  name: string;
  mode: "live" | "test";
  /**
   * By default `tasks:write` and `tasks:read`
   */
  scopes?: ("tasks:write" | "tasks:read" | "account:read" | "account:write")[] | undefined;
  /**
   * When the key stops working; by default never
   */
  expiresAt?: (string | null) | undefined;
}
export interface TenantUsageList {
  usage: {
    tenantId: string;
    mode: "live" | "test";
    day: string;
    /**
     * Tasks that were created on this day
     */
    submitted: number;
    ready: number;
    failed: number;
    canceled: number;
  }[];
  /**
   * Tenants of this page that are missing because their objects did not answer. Repeat the call
   */
  unavailable?: string[] | undefined;
  nextCursor: string | null;
}
export interface UpstreamAccounts {
  accounts: {
    name: string;
    /**
     * Where the account's requests go
     */
    url: string;
    /**
     * `refused`: the upstream rejected the account; new tasks go to another one, or wait
     */
    state: "ok" | "refused";
    /**
     * The upstream's code for the refusal; null while `ok`
     */
    code: string | null;
    /**
     * When the state began; null for an account never refused
     */
    since: string | null;
    /**
     * From then on one task tries the account; null while `ok`
     */
    nextProbeAt: string | null;
    /**
     * When the account last accepted a task, up to a minute late; null where it is not known
     */
    lastSuccessAt: string | null;
    /**
     * Tasks that the account accepted in the last hour. Best effort: some may be missing
     */
    tasksLastHour: number;
  }[];
}
