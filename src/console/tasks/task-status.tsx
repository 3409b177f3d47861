// How the states of a task and of its webhook are shown: a color and a word.

import type { Task, TaskStatus, TaskSummary, WebhookState } from "../api/wire.ts";
import { Badge, None } from "../ui/surfaces.tsx";

const STATUS_WORDS: Readonly<Record<TaskStatus, string>> = {
  queued: "Queued",
  processing: "Processing",
  ready: "Ready",
  failed: "Failed",
  canceled: "Canceled",
};

export const statusWord = (status: TaskStatus): string => STATUS_WORDS[status];

export function StatusBadge({ status }: { readonly status: TaskStatus }) {
  return <Badge tone={status}>{STATUS_WORDS[status]}</Badge>;
}

const WEBHOOK_WORDS: Readonly<Record<WebhookState, string>> = {
  pending: "Pending",
  delivered: "Delivered",
  exhausted: "Given up",
};

export const webhookWord = (state: WebhookState): string => WEBHOOK_WORDS[state];

/** The state of a task's webhook; a dash where the task has none. */
export function WebhookBadge({ state }: { readonly state: WebhookState | null }) {
  return state === null ? <None /> : <span class={`word ${state}`}>{WEBHOOK_WORDS[state]}</span>;
}

/** Whether a task with this status can no longer change. */
export const isFinal = (status: TaskStatus): boolean => status !== "queued" && status !== "processing";

/** How long (ms) after a task's end its webhook is attempted at short intervals. */
const EARLY_ATTEMPTS_MS = 90_000;

/** Whether a row of the list is about to change: its task runs, or its webhook is being attempted at short intervals. */
export function isMoving(row: Pick<TaskSummary, "status" | "finishedAt" | "webhookState">, now: number): boolean {
  if (!isFinal(row.status)) return true;
  return (
    row.webhookState === "pending" && row.finishedAt !== null && now - Date.parse(row.finishedAt) < EARLY_ATTEMPTS_MS
  );
}

/** What a task that is not with the upstream waits for, in a sentence; null where it does not wait. */
export function waitingSentence({ status, waitingFor }: Task): string | null {
  if (isFinal(status)) return null;
  switch (waitingFor) {
    case "slot":
      return "Waiting for a free slot: your tenant has as many tasks in flight as it may.";
    case "upstream":
      return "Held: no upstream account accepts tasks at the moment.";
    default:
      return null;
  }
}
