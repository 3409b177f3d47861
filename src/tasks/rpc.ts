// The requests and results of a TaskObject's calls. Types only.

import type { KeyMode } from "../tenants/keys.ts";
import type { Task } from "./present.ts";
import type { NewTask, StoredSolution } from "./record.ts";

/** Whose task it must be. For everyone else it does not exist. */
export interface TaskOwner {
  readonly tenantId: string;
  /** `createdAt` of the tenant (ms): a deleted tenant of the same id had another. */
  readonly tenantSince: number;
  readonly mode: KeyMode;
}

/** A task as its owner names it. */
export interface TaskRef extends TaskOwner {
  /** The id without its prefix. Null for a caller that knows only the name of the object. */
  readonly taskId: string | null;
}

/** A task to accept; durations in ms. */
export interface AcceptRequest extends Omit<NewTask, "id"> {
  /** The object was found by a name, so it can hold another task later. */
  readonly named: boolean;
  /** The fingerprint that older versions stored for this request, or null without an idempotency key. */
  readonly legacyBodyHash: string | null;
  /** Accept nothing new: only find the task of this idempotency key. */
  readonly replayOnly: boolean;
}

export type AcceptResult =
  | { readonly tag: "accepted" | "replayed"; readonly task: Task }
  | { readonly tag: "mismatch" }
  | { readonly tag: "absent" };

export interface LongPollResult {
  readonly task: Task;
  /** The task holds no more long polls: look again later. */
  readonly full: boolean;
}

export type CancelResult =
  | { readonly tag: "canceled"; readonly task: Task }
  | { readonly tag: "finished" }
  | { readonly tag: "absent" };

export type ClaimResult =
  | { readonly tag: "claimed"; readonly solution: StoredSolution }
  | { readonly tag: "not_ready" | "already_claimed" | "expired" | "absent" };

export type RedeliverResult =
  | { readonly tag: "redelivering"; readonly task: Task }
  | { readonly tag: "not_redeliverable" | "absent" };
