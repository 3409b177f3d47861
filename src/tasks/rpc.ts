// RPC types of the TaskObject.

import type { KeyMode } from "../tenants/keys.ts";
import type { Task } from "./present.ts";
import type { NewTask, StoredSolution } from "./record.ts";

/** The owner of a task. For other owners the task does not exist. */
export interface TaskOwner {
  readonly tenantId: string;
  /** `createdAt` of the tenant (ms). Distinguishes tenants that were created under the same id. */
  readonly tenantSince: number;
  readonly mode: KeyMode;
}

/** A reference to a task by its owner. */
export interface TaskRef extends TaskOwner {
  /** The id without its prefix. Null: whichever task the object contains. */
  readonly taskId: string | null;
}

/** A request to accept a task. Durations are in ms. */
export interface AcceptRequest extends Omit<NewTask, "id"> {
  /** Whether the object was found by name, so that it can contain another task later. */
  readonly named: boolean;
  /** The hash that older versions stored for this request. Null without an idempotency key. */
  readonly legacyBodyHash: string | null;
  /** Only find the existing task of the idempotency key. */
  readonly replayOnly: boolean;
}

/** `mismatch`: the idempotency key or number is used by another request. `absent`: nothing was accepted. */
export type AcceptResult =
  | { readonly tag: "accepted" | "replayed"; readonly task: Task }
  | { readonly tag: "mismatch" }
  | { readonly tag: "absent" };

/** The result of a long poll. */
export interface LongPollResult {
  readonly task: Task;
  /** Whether the task has too many long polls, so that this one did not wait. */
  readonly full: boolean;
}

/** `absent`: the task does not exist for the owner. */
export type CancelResult =
  | { readonly tag: "canceled"; readonly task: Task }
  | { readonly tag: "finished" }
  | { readonly tag: "absent" };

/** `absent`: the task does not exist for the owner. */
export type ClaimResult =
  | { readonly tag: "claimed"; readonly solution: StoredSolution }
  | { readonly tag: "not_ready" | "already_claimed" | "expired" | "absent" };

/** `absent`: the task does not exist for the owner. */
export type RedeliverResult =
  | { readonly tag: "redelivering"; readonly task: Task }
  | { readonly tag: "not_redeliverable" | "absent" };
