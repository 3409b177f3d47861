// Generated from the OpenAPI document by `npm run build:types`. Do not edit.

export type RotatedKey = CreatedKey & {
  /**
   * The rotated key, and when it stops working
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
   * Opaque and unique
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
   * Your own name for the task
   */
  reference: string | null;
  /**
   * Your own data
   */
  metadata: {
    [k: string]: string;
  };
  /**
   * The task's `taskId` in the compatibility API. Null for tasks created with v1
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
   * If the task is not finished by then, it fails with the code `timeout`
   */
  deadlineAt: string;
  /**
   * What a queued task waits for: a free slot of its tenant, or a working upstream account
   */
  waitingFor: "slot" | "upstream" | null;
  /**
   * When the next step of an unfinished task is due. While the task is `processing`, this is the next poll
   */
  nextStepAt: string | null;
  solution: Solution | null;
  /**
   * `claimed` and `expired` solutions are erased: `solution` is null
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
   * Why the task failed. `message` explains whether it may have been charged
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
   * Polls of the upstream so far. A lower bound after a crash
   */
  polls: number;
  /**
   * How many times the upstream accepted the task, or may have accepted it
   */
  submissions: number;
  /**
   * Null if the result is not sent to a webhook
   */
  webhook: {
    url: string;
    state: "pending" | "delivered" | "exhausted";
    attempts: number;
    /**
     * The HTTP status of the last attempt. Null if there was no response
     */
    lastStatus: number | null;
    /**
     * When the next attempt is due
     */
    nextAttemptAt: string | null;
  } | null;
}
/**
 * Single use, valid for 120 s, best used within 60 s. Other fields of the upstream's solution are passed through
 */
export interface Solution {
  gRecaptchaResponse: string;
  cookies?:
    | {
        [k: string]: string;
      }
    | undefined;
  /**
   * Send this `user-agent` with the token: some sites check that it matches
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
   * For `invalid_request`: the invalid fields, by dotted path
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
   * The URL that receives the result. By default, the default endpoint of the key's mode
   */
  webhookUrl?: string | undefined;
  /**
   * Your own name for the task. It does not have to be unique. Tasks can be listed by it
   */
  reference?: string | undefined;
  /**
   * Your own data, returned with the task. At most 16 entries
   */
  metadata?:
    | {
        [k: string]: string;
      }
    | undefined;
  /**
   * The task's deadline in seconds from its creation. The operator can change the default of 120
   */
  timeoutSeconds?: number | undefined;
}
export interface SolveTask {
  type: "RecaptchaV3TaskProxyless";
  /**
   * The page's URL. Its host must be on the tenant's allow-list
   */
  websiteURL: string;
  /**
   * The page's site key
   */
  websiteKey: string;
  /**
   * The page's action. A solution for the wrong action is not valid
   */
  pageAction: string;
  /**
   * The new value of protobuf field 9 of the reload packet, for a second verification
   */
  checkField?: string | undefined;
  /**
   * The page's `document.title`
   */
  websiteTitle?: string | undefined;
  /**
   * Sent to the upstream unchanged
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
     * One of accepted, waiting, admitted, held, submitted, submission_refused, submission_hidden, poll, ready, failed, canceled, claimed, expired, webhook
     */
    type: string;
    durationMs?: number | undefined;
    detail?: string | undefined;
    /**
     * For a webhook attempt: the HTTP status of the response
     */
    status?: (number | null) | undefined;
    /**
     * For a webhook attempt: why it failed
     */
    error?: (string | null) | undefined;
    /**
     * For a webhook attempt: the first 256 characters of the response body
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
     * The host of the task's websiteURL, in lower case and punycode, without port and trailing dot
     */
    website: string;
    /**
     * The API key that created the task. Null if the task was created before keys were recorded
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
     * Milliseconds from the upstream's acceptance to the solution
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
   * The `cursor` of the next page. Null on the last page. Other pages may be short or empty
   */
  nextCursor: string | null;
}
export interface Usage {
  days: {
    day: string;
    /**
     * Tasks created on this day
     */
    submitted: number;
    ready: number;
    /**
     * Failed tasks by error code
     */
    failed: {
      [k: string]: number;
    };
    canceled: number;
    solveMs: {
      /**
       * In ms, by nearest rank. Null if no task was solved
       */
      p50: number | null;
      /**
       * In ms, by nearest rank. Null if no task was solved
       */
      p95: number | null;
    };
    /**
     * With `groupBy=key`: counts by key id
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
   * The key itself. It cannot be read again
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
   * When the key stops working. By default, never
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
   * The secret before the last rotation, as long as webhooks are signed with it too
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
   * The new signing secret
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
   * Live tasks of the current month (UTC), and the tenant's monthly quota. `quota` is null if there is none
   */
  month: {
    liveTasks: number;
    quota: number | null;
  };
  /**
   * Tasks of this mode that hold a slot
   */
  inFlight: number;
  /**
   * Tasks of this mode that wait for a slot
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
   * The id of the changed key or tenant, or `webhook`
   */
  target: string;
  /**
   * Null for changes that affect both modes
   */
  mode: "live" | "test" | null;
  /**
   * The changed values. Never contains a key or a secret
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
   * Tasks that hold a slot
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
   * Live tasks of the current month (UTC), and the tenant's monthly quota. `quota` is null if there is none
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
   * Exact hosts (`shop.example`), all subdomains of a host (`*.shop.example`), or all hosts (`*`). An empty list allows no host
   */
  allowedHosts?: string[] | undefined;
  limits?:
    | {
        maxInFlight?: number | undefined;
        monthlyTasks?: (number | null) | undefined;
      }
    | undefined;
  /**
   * The name of the only upstream account for the tenant's live tasks. Null allows all accounts
   */
  upstreamAccount?: (string | null) | undefined;
  /**
   * The location hint for the tenant's Durable Object. By default, the object is placed near the client that creates the tenant
   */
  location?: ("wnam" | "enam" | "sam" | "weur" | "eeur" | "apac" | "oc" | "afr" | "me" | null) | undefined;
}
export interface TenantList {
  tenants: Tenant[];
  /**
   * Tenants missing from this page because their data was not available. Send the request again to include them
   */
  unavailable?: string[] | undefined;
  nextCursor: string | null;
}
export interface PatchTenant {
  name?: string | undefined;
  /**
   * Exact hosts (`shop.example`), all subdomains of a host (`*.shop.example`), or all hosts (`*`). An empty list allows no host
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
   * The name of the only upstream account for the tenant's live tasks. Null allows all accounts
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
   * When the key stops working. By default, never
   */
  expiresAt?: (string | null) | undefined;
}
export interface TenantUsageList {
  usage: {
    tenantId: string;
    mode: "live" | "test";
    day: string;
    /**
     * Tasks created on this day
     */
    submitted: number;
    ready: number;
    failed: number;
    canceled: number;
  }[];
  /**
   * Tenants missing from this page because their data was not available. Send the request again to include them
   */
  unavailable?: string[] | undefined;
  nextCursor: string | null;
}
export interface UpstreamAccounts {
  accounts: {
    name: string;
    /**
     * The base URL of the account's upstream
     */
    url: string;
    /**
     * `refused`: the upstream rejected the account. New tasks use another account or wait
     */
    state: "ok" | "refused";
    /**
     * The upstream's error code. Null while `ok`
     */
    code: string | null;
    /**
     * When the state began. Null if the account was never refused
     */
    since: string | null;
    /**
     * When one task will probe the account. Null while `ok`
     */
    nextProbeAt: string | null;
    /**
     * When the account last accepted a task. Updated about once a minute. Null if unknown
     */
    lastSuccessAt: string | null;
    /**
     * Tasks that the account accepted in the last hour. Best effort: some may be missing
     */
    tasksLastHour: number;
  }[];
  /**
   * The last 20 changes of state over all accounts, newest first
   */
  history: {
    /**
     * An account's name. It may no longer be configured
     */
    account: string;
    state: "ok" | "refused";
    /**
     * The upstream's error code. Null while `ok`
     */
    code: string | null;
    /**
     * RFC 3339 in UTC, with milliseconds
     */
    at: string;
  }[];
}
