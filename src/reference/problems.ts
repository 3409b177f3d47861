// What each code means to whoever meets it, in plain sentences: what happened, and what to do next. One source for the page
// /docs/problems and for the console, which bundles it: types are imported, code is not. Refuses markup: both faces show it as text.

import type { ErrorCode } from "../errors.ts";
import type { TaskErrorCode } from "../tasks/status.ts";

/** A code explained. Both are whole sentences of plain text. */
export interface Explanation {
  /** What happened. */
  readonly what: string;
  /** What the caller does next. */
  readonly next: string;
}

/** Every code of a problem answer. */
export const PROBLEMS: Record<ErrorCode, Explanation> = {
  invalid_json: {
    what: "The body is not JSON, or not UTF-8. Nothing of it was looked at.",
    next: "Mend what builds the body. The same bytes will be refused again.",
  },
  invalid_request: {
    what: "The body, a parameter or a header breaks a rule. Where the errors member is there, it names each fault by its dotted path, such as task.websiteURL. Fields that this API does not know are faults too.",
    next: "Mend what errors and detail name, and send it again. A rejection uses up no idempotency key.",
  },
  unauthenticated: {
    what: "There is no valid key. A missing, a mistyped, an unknown, a revoked and an expired key all get this same answer.",
    next: "Send the header Authorization: Bearer with the whole key, with nothing around it. If it worked before, ask whoever manages your keys whether it was revoked or has expired.",
  },
  insufficient_scope: {
    what: "The key is valid but lacks the scope that this call needs; detail names it. Or a key was to give another key a scope or a mode that it does not have itself.",
    next: "Use a key with that scope. A new key has tasks:write and tasks:read; the account scopes are given only on request.",
  },
  website_not_allowed: {
    what: "The host of websiteURL is not on your tenant's list of websites. The list is empty until the operator fills it, holds for test keys too, and every rejection is recorded.",
    next: "Check the host in websiteURL. If you have leave to automate this site, ask the operator to put it on the list. A change reaches every location within 90 seconds.",
  },
  tenant_suspended: {
    what: "The operator has suspended your tenant. It reads what it has and creates nothing.",
    next: "Ask the operator. Sending again does not help until the suspension is lifted, and then for up to 90 seconds.",
  },
  webhook_url_not_allowed: {
    what: "The webhook address is a URL, but not one that the gateway calls: it must be https, on port 443 or from 1024 up, without credentials, and on a public host.",
    next: "Give a public https address. To receive on your own machine, put a public tunnel before it.",
  },
  not_found: {
    what: "There is nothing at this path and method, or no such thing for this key. Another tenant's tasks, and those of the other mode, are as absent as those that never were. A task is forgotten at the end of its retention.",
    next: "Check the path, the id and the key's mode: a test key does not see live tasks. Do not repeat the call as it is.",
  },
  method_not_allowed: {
    what: "The path exists, but not with this method. The Allow header lists the methods that it takes.",
    next: "Send the request again with one of the methods in Allow.",
  },
  task_finished: {
    what: "The task is ready or failed, so it can no longer be canceled.",
    next: "Read the task and take its result. There is nothing left to stop.",
  },
  task_not_ready: {
    what: "The task has no solution to claim: it is still running, or it ended without one.",
    next: "Read the task, with Prefer: wait to be told as it ends, and claim once its status is ready. If it failed or was canceled, submit a new one.",
  },
  not_redeliverable: {
    what: "There is no webhook to send again: the task is not final yet, or neither the task nor your tenant has an address for webhooks.",
    next: "Wait until the task is final, or set an endpoint first.",
  },
  tenant_exists: {
    what: "There is a tenant with this id already. Nothing was changed.",
    next: "Read that tenant, or choose another id.",
  },
  key_rotated: {
    what: "This key was rotated before, so it already has a replacement. Nothing was changed.",
    next: "Use the replacement key. If it is lost, revoke it and create a new key.",
  },
  solution_expired: {
    what: "The solution has outlived its 120 seconds and was erased.",
    next: "Submit a new task, and claim the solution as soon as the task is ready.",
  },
  already_claimed: {
    what: "The solution was claimed before. It is handed out exactly once and erased as it is handed out.",
    next: "Look for the caller that has it. If it is lost, submit a new task.",
  },
  payload_too_large: {
    what: "The body is over 64 KiB.",
    next: "Send less: a valid task seldom comes near that.",
  },
  unsupported_media_type: {
    what: "The call takes JSON, and the body does not say that it is.",
    next: "Send the header Content-Type: application/json.",
  },
  idempotency_mismatch: {
    what: "This Idempotency-Key already names a task that was submitted with another body. No task was made.",
    next: "Use a new key for a new task, and the same key only to repeat the same body.",
  },
  upgrade_required: {
    what: "The event stream is a WebSocket, and this request did not ask for an upgrade.",
    next: "Connect with a WebSocket client, or use solvegate.events() of the typed client.",
  },
  rate_limited: {
    what: "There were too many calls with this key, or too many failed authentications from this address. The header RateLimit-Policy says which limit it was.",
    next: "Wait for the seconds of Retry-After, then send it again. Hold requests with Prefer: wait, or take webhooks, instead of asking often.",
  },
  quota_exceeded: {
    what: "Your tenant's live tasks of this calendar month (UTC) are used up. Test tasks are not counted.",
    next: "Ask the operator for a higher quota, or wait for the next month: Retry-After says how long.",
  },
  internal: {
    what: "The gateway failed. The answer tells nothing of the cause; the log does.",
    next: "Send it again after a pause, with the same Idempotency-Key where a task is created: that can never make a second one. If it stays, give the request id to the operator.",
  },
  configuration: {
    what: "A variable of the gateway has a value out of its range, so it serves nobody. Its log names the variable.",
    next: "Tell the operator. It ends when the configuration is mended.",
  },
  upstream_not_configured: {
    what: "This gateway has no upstream account, so it takes no live tasks. Test keys work.",
    next: "Use a test key, or ask the operator to configure the upstream.",
  },
  overloaded: {
    what: "The gateway has too many requests for this tenant or task at the moment, and did not process this one.",
    next: "Wait for the number of seconds in Retry-After, then send the request again, with the same Idempotency-Key where it creates a task.",
  },
};

/** Every code that a failed task can bear. */
export const TASK_ERRORS: Record<TaskErrorCode, Explanation> = {
  upstream_rejected: {
    what: "The upstream refused this task, or lost it. upstreamCode, where it is there, is its own word for the reason.",
    next: "Check websiteURL, websiteKey and pageAction against the page itself. The same task will most likely be refused again.",
  },
  unsolvable: {
    what: "The upstream took the task and could not solve it.",
    next: "Submit it once more: some fail now and then. If most fail, check websiteKey and pageAction.",
  },
  upstream_unavailable: {
    what: "The upstream could not be reached, did not answer, or refused the gateway's account until the deadline; or the task was sent twice and no readable answer came back. That last case may have been charged for.",
    next: "Submit it again later, with a new Idempotency-Key: the old one names this failed task. A longer timeoutSeconds lives through short faults.",
  },
  timeout: {
    what: "The task was not solved before its deadline. It may have waited for a free slot of your tenant for a part of that time; the timeline shows it.",
    next: "Submit it again, with a longer timeoutSeconds (up to 300) if the timeline shows that it was under way. If it waited for a slot, run fewer tasks at once or ask the operator for more.",
  },
  quota_exceeded: {
    what: "Your tenant's live tasks of this calendar month (UTC) were used up when the task's turn came. It was not sent to the upstream.",
    next: "Ask the operator for a higher quota, or wait for the next month.",
  },
  tenant_suspended: {
    what: "Your tenant was suspended before the task was sent to the upstream.",
    next: "Ask the operator. Submit it again when the suspension is lifted.",
  },
  internal: {
    what: "The gateway failed on this task ten times in a row and gave it up.",
    next: "Submit it again with a new Idempotency-Key, and give the task's id to the operator: the log says why.",
  },
};
