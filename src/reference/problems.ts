// What each error code means and what to do next, in plain sentences. The page /docs/problems and the console show them as text.

import type { ErrorCode } from "../errors.ts";
import type { TaskErrorCode } from "../tasks/status.ts";

/** A code explained, in whole sentences of plain text. */
export interface Explanation {
  /** What happened. */
  readonly what: string;
  /** What the caller can do. */
  readonly next: string;
}

/** Every code of an error response. */
export const PROBLEMS: Record<ErrorCode, Explanation> = {
  invalid_json: {
    what: "The body is not valid JSON in UTF-8.",
    next: "Fix the code that builds the body. The same bytes will be rejected again.",
  },
  invalid_request: {
    what: "The body, a parameter or a header is not valid. The errors member lists the fields by their dotted paths, such as task.websiteURL. Fields that the API does not know are not valid either.",
    next: "Fix the fields listed in errors and send the request again. A rejected request does not use up its idempotency key.",
  },
  unauthenticated: {
    what: "The request has no valid API key. Missing, mistyped, unknown, revoked and expired keys all get this response.",
    next: "Send the header Authorization: Bearer with the whole key. If the key worked before, it was revoked or has expired.",
  },
  insufficient_scope: {
    what: "The key is valid but lacks the scope that this call needs, which detail names. A key also cannot create a key with a scope or a mode that it does not have itself.",
    next: "Use a key with that scope. New keys have tasks:write and tasks:read unless other scopes are requested.",
  },
  website_not_allowed: {
    what: "The host of websiteURL is not on your tenant's allow-list. The list is empty until the operator fills it, it applies to test keys too, and rejections are logged.",
    next: "Check the host in websiteURL. If you are authorized to automate this site, ask the operator to add it. A change takes effect everywhere within 90 seconds.",
  },
  tenant_suspended: {
    what: "The operator has suspended your tenant. It can read its tasks and create nothing.",
    next: "Contact the operator. Requests work again within 90 seconds after the suspension is lifted.",
  },
  webhook_url_not_allowed: {
    what: "Webhooks are sent to https URLs with a public host, on port 443 or 1024 and above, without credentials.",
    next: "Use a public https URL. To receive events on your own machine, use solvegate listen.",
  },
  not_found: {
    what: "The path does not exist, or this key has no such object. Objects of other tenants and of the other mode are not found either. Tasks are deleted at the end of their retention.",
    next: "Check the path, the id and the mode of the key: a test key does not see live tasks.",
  },
  method_not_allowed: {
    what: "The path exists, but not with this method. The Allow header lists the methods that it takes.",
    next: "Send the request again with one of the methods in Allow.",
  },
  task_finished: {
    what: "The task is ready or failed, so it can no longer be canceled.",
    next: "Read the task and use its result.",
  },
  task_not_ready: {
    what: "The task has no solution to claim: it is unfinished, failed or canceled.",
    next: "Read the task with Prefer: wait and claim the solution once its status is ready. If it failed or was canceled, submit a new task.",
  },
  not_redeliverable: {
    what: "There is no webhook to send again: the task is unfinished, or neither the task nor this mode has a webhook URL.",
    next: "Wait until the task is final, or set an endpoint.",
  },
  tenant_exists: {
    what: "A tenant with this id exists. Nothing was changed.",
    next: "Choose another id, or change the existing tenant.",
  },
  key_rotated: {
    what: "This key was rotated before, so it already has a replacement. Nothing was changed.",
    next: "Use the replacement key. If it is lost, revoke it and create a new key.",
  },
  solution_expired: {
    what: "The solution expired after 120 seconds and was deleted.",
    next: "Submit a new task, and claim its solution as soon as it is ready.",
  },
  already_claimed: {
    what: "The solution was claimed before. A solution can be claimed exactly once and is deleted at that moment.",
    next: "Use the response of the first claim. If it is lost, submit a new task.",
  },
  payload_too_large: {
    what: "The body is larger than 64 KiB.",
    next: "Send a smaller body. Valid tasks are far below this limit.",
  },
  unsupported_media_type: {
    what: "The call takes JSON, and the request's Content-Type is something else.",
    next: "Send the header Content-Type: application/json.",
  },
  idempotency_mismatch: {
    what: "This Idempotency-Key was used for another request. No task was created.",
    next: "Use a new key for a new task, and the same key only to repeat the same request.",
  },
  upgrade_required: {
    what: "The event stream is a WebSocket, and this request did not ask for an upgrade.",
    next: "Connect with a WebSocket client, or use solvegate.events() of the typed client.",
  },
  rate_limited: {
    what: "Too many requests were made with this key, or authentication failed too often from this IP address. The RateLimit-Policy header names the limit.",
    next: "Wait for the seconds in Retry-After and send the request again. Use long polls, webhooks or the event stream instead of frequent reads.",
  },
  quota_exceeded: {
    what: "Your tenant's quota of live tasks for this calendar month (UTC) is used up. Test tasks do not count.",
    next: "Ask the operator for a higher quota, or wait for the next month. Retry-After has the time left.",
  },
  internal: {
    what: "The gateway failed. The operator's log has the cause.",
    next: "Send the request again after a pause, with the same Idempotency-Key when it creates a task. If the error persists, give the request id to the operator.",
  },
  configuration: {
    what: "The gateway's configuration is not valid, so it rejects every request. The operator's log names the variable.",
    next: "Contact the operator.",
  },
  upstream_not_configured: {
    what: "The gateway has no upstream account for your tenant, so it accepts no live tasks. Test keys work.",
    next: "Use a test key, or contact the operator.",
  },
  overloaded: {
    what: "The gateway has more work than it can do at the moment. Nothing was changed.",
    next: "Wait for the seconds in Retry-After and send the request again.",
  },
};

/** Every error code of a failed task. */
export const TASK_ERRORS: Record<TaskErrorCode, Explanation> = {
  upstream_rejected: {
    what: "The upstream rejected this task or lost it. upstreamCode, if present, is the upstream's own code.",
    next: "Check websiteURL, websiteKey and pageAction against the page. The same task will most likely be rejected again.",
  },
  unsolvable: {
    what: "The upstream accepted the task and could not solve it.",
    next: "Submit a new task: single failures are normal. If most tasks fail, check websiteKey and pageAction.",
  },
  upstream_unavailable: {
    what: "No upstream account accepted or answered the task before its deadline, or the task was sent twice and the outcome stayed unknown. The message says whether it was sent and may have been charged.",
    next: "Submit a new task later, with a new Idempotency-Key. A longer timeoutSeconds outlasts short outages.",
  },
  timeout: {
    what: "The task was not solved before its deadline. The timeline shows how much of the time it waited for a free slot.",
    next: "Submit a new task with a longer timeoutSeconds, up to 300. If it waited for a slot, run fewer tasks at once or ask the operator for a higher limit.",
  },
  quota_exceeded: {
    what: "Your tenant's quota of live tasks was used up when it was this task's turn. The task was not sent to the upstream.",
    next: "Ask the operator for a higher quota, or wait for the next month.",
  },
  tenant_suspended: {
    what: "Your tenant was suspended before the task was sent to the upstream.",
    next: "Contact the operator, and submit a new task when the suspension is lifted.",
  },
  internal: {
    what: "The gateway failed on this task ten times in a row and gave up.",
    next: "Submit a new task with a new Idempotency-Key, and give the task's id to the operator.",
  },
};
