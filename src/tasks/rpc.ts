// What a task's object is asked from outside, and what it answers. Types only.

import type { KeyMode } from "../tenants/keys.ts";
import type { NewTask, StoredSolution, TaskRecord } from "./record.ts";

/** Whose task it must be. Another tenant's, and another mode's, does not exist for the caller. */
export interface TaskOwner {
  readonly tenantId: string;
  readonly mode: KeyMode;
  /** When the tenant was made (ms). A task from before is that of another, deleted tenant of the same id. */
  readonly since: number;
}

/** A task to accept; durations in ms. */
export interface AcceptRequest extends Omit<NewTask, "id"> {
  /** As in `TaskOwner`. */
  readonly since: number;
  /** Accept nothing new: only find the task that the idempotency key names already. */
  readonly replayOnly: boolean;
}

export type AcceptResult =
  | { readonly tag: "accepted" | "replayed"; readonly record: TaskRecord }
  | { readonly tag: "mismatch" }
  | { readonly tag: "absent" };

export type CancelResult =
  | { readonly tag: "canceled"; readonly record: TaskRecord }
  | { readonly tag: "finished" }
  | { readonly tag: "absent" };

export type ClaimResult =
  | { readonly tag: "claimed"; readonly solution: StoredSolution }
  | { readonly tag: "not_ready" | "already_claimed" | "expired" | "absent" };

export type RedeliverResult =
  | { readonly tag: "redelivering"; readonly record: TaskRecord }
  | { readonly tag: "not_redeliverable" | "absent" };
