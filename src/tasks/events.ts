// What can happen to a task: the facts that the lifecycle knows. Types only; whoever does I/O makes them, the lifecycle applies them.

import type { CreateOutcome, PollOutcome } from "../upstream/protocol.ts";
import type { DeliveryOutcome } from "../webhooks/outcome.ts";

/** What the tenant's object says to a task that asks for a slot. */
export type AdmissionOutcome =
  /**
   * `firstPollMs`: how long after createTask's answer the first poll had best come, by the tenant's own solve times.
   * `upstreamAccount`: the only account that the tenant's live tasks may use; missing where any may be used.
   */
  | { readonly tag: "admitted"; readonly firstPollMs?: number; readonly upstreamAccount?: string }
  /** Every slot is taken; the tenant wakes the task when one is free. */
  | { readonly tag: "waiting" }
  | { readonly tag: "rejected"; readonly code: "quota_exceeded" | "tenant_suspended" }
  /** The tenant was deleted: its tasks are canceled. */
  | { readonly tag: "gone" }
  | { readonly tag: "unavailable" };

/** Whatever can happen to a task. `sentAt`: when the exchange left; `now` is when its answer was there. */
export type TaskEvent =
  | { readonly tag: "clock" }
  | { readonly tag: "admission"; readonly outcome: AdmissionOutcome }
  | { readonly tag: "woken" }
  /** The alarm was lost or overdue, and is set anew. */
  | { readonly tag: "rearmed" }
  | { readonly tag: "submitting" }
  /** createTask was answered, or not; `account` is where it was sent, undefined for the sandbox. */
  | {
      readonly tag: "submitted";
      readonly sentAt: number;
      readonly outcome: CreateOutcome;
      readonly solver: Solver;
      readonly account?: string | undefined;
    }
  /** No upstream account takes the submission at the moment; `until` (ms) is when to ask again. */
  | { readonly tag: "held"; readonly reason: string; readonly until: number }
  /** The object that had sent createTask is gone, and its answer with it. */
  | { readonly tag: "interrupted" }
  | {
      readonly tag: "polled";
      readonly sentAt: number;
      readonly outcome: PollOutcome;
      readonly solver: Solver;
      readonly account?: string | undefined;
    }
  | { readonly tag: "cancel" }
  /** The task has another number in the compatibility API, or its first. */
  | { readonly tag: "numbered"; readonly number: number }
  | { readonly tag: "claim" }
  /** Where the tenant wants its webhooks, or null. The task is final, and the ledger does not have its outcome yet. */
  | { readonly tag: "endpoint_known"; readonly endpoint: string | null }
  /** The ledger has the outcome; `endpoint` is where the tenant wants its webhooks, null for nowhere. */
  | { readonly tag: "outcome_recorded"; readonly endpoint: string | null }
  | { readonly tag: "report_failed" }
  | {
      readonly tag: "delivered";
      readonly sentAt: number;
      readonly outcome: DeliveryOutcome;
      readonly responseBody?: string | null;
      readonly jitter: number;
    }
  /** Where the tenant's webhooks go now; null: nowhere. */
  | { readonly tag: "endpoint_changed"; readonly endpoint: string | null }
  /** The tenant's object did not say where a webhook goes and what signs it. */
  | { readonly tag: "webhook_settings_missing" }
  | { readonly tag: "redeliver"; readonly endpoint: string | null }
  /** An unexpected exception; after `limit` in a row the task fails. */
  | { readonly tag: "step_failed"; readonly limit: number }
  /** The work went on without one. */
  | { readonly tag: "step_succeeded" };

/** The browser identity that upstream solves with, handed out beside the token. */
export interface Solver {
  readonly userAgent: string;
  readonly secChUa: string;
}
