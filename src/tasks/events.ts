// The events that the lifecycle applies to a task. Types only.

import type { CreateOutcome, PollOutcome } from "../upstream/protocol.ts";
import type { DeliveryOutcome } from "../webhooks/outcome.ts";

/** The response of the tenant's object to a request for a slot. */
export type AdmissionOutcome =
  /**
   * `firstPollMs`: the delay of the first poll after the response to createTask, from the tenant's solve times.
   * `upstreamAccount`: the only account for the tenant's live tasks, if it has one.
   */
  | { readonly tag: "admitted"; readonly firstPollMs?: number; readonly upstreamAccount?: string }
  /** No slot is free. The tenant's object wakes the task when one is. */
  | { readonly tag: "waiting" }
  | { readonly tag: "rejected"; readonly code: "quota_exceeded" | "tenant_suspended" }
  /** The tenant was deleted. */
  | { readonly tag: "gone" }
  /** The call failed. */
  | { readonly tag: "unavailable" };

/** An event of a task. `sentAt` (ms): when the request was sent. Events are applied when its response was received. */
export type TaskEvent =
  /** Time has passed: a deadline or an expiry may be due. */
  | { readonly tag: "clock" }
  | { readonly tag: "admission"; readonly outcome: AdmissionOutcome }
  | { readonly tag: "woken" }
  /** The alarm is about to be set for another reason than the response to a poll. */
  | { readonly tag: "rearmed" }
  /** createTask is about to be sent. */
  | { readonly tag: "submitting" }
  /** createTask has an outcome. `account` is undefined for the sandbox. */
  | {
      readonly tag: "submitted";
      readonly sentAt: number;
      readonly outcome: CreateOutcome;
      readonly solver: Solver;
      readonly account?: string | undefined;
    }
  /** No upstream account is available. `until` (ms): when to try again. */
  | { readonly tag: "held"; readonly reason: string; readonly until: number }
  /** The object was evicted while createTask may have been in flight. */
  | { readonly tag: "interrupted" }
  | {
      readonly tag: "polled";
      readonly sentAt: number;
      readonly outcome: PollOutcome;
      readonly solver: Solver;
      readonly account?: string | undefined;
    }
  | { readonly tag: "cancel" }
  /** The task gets a number in the compatibility API. */
  | { readonly tag: "numbered"; readonly number: number }
  | { readonly tag: "claim" }
  /** The tenant's endpoint, or null, for a finished task whose outcome is not in the ledger yet. */
  | { readonly tag: "endpoint_known"; readonly endpoint: string | null }
  /** The ledger contains the outcome. `endpoint` is the tenant's endpoint, or null. */
  | { readonly tag: "outcome_recorded"; readonly endpoint: string | null }
  | { readonly tag: "report_failed" }
  | {
      readonly tag: "delivered";
      readonly sentAt: number;
      readonly outcome: DeliveryOutcome;
      readonly responseBody?: string | null;
      readonly jitter: number;
    }
  /** The tenant's current endpoint, or null. */
  | { readonly tag: "endpoint_changed"; readonly endpoint: string | null }
  /** The tenant's object did not return the webhook settings. */
  | { readonly tag: "webhook_settings_missing" }
  | { readonly tag: "redeliver"; readonly endpoint: string | null }
  /** An unexpected exception. The task fails after `limit` consecutive ones. */
  | { readonly tag: "step_failed"; readonly limit: number }
  /** The steps were completed without an exception. */
  | { readonly tag: "step_succeeded" };

/** The browser identity of the upstream, returned with the solution. */
export interface Solver {
  readonly userAgent: string;
  readonly secChUa: string;
}
