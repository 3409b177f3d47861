// How a task's states are written: a colour and a word, never a colour alone. Used by the list, the task and the trial.

import type { TaskStatus } from "../../tasks/status.ts";
import type { Task, TaskRow } from "../api/answers.ts";

const STATUS_WORDS: Readonly<Record<TaskStatus, string>> = {
  queued: "Queued",
  processing: "Processing",
  ready: "Ready",
  failed: "Failed",
  canceled: "Canceled",
};

export function StatusBadge({ status }: { readonly status: TaskStatus }) {
  return (
    <span class={`badge ${status}`}>
      <span class="dot" aria-hidden="true" />
      {STATUS_WORDS[status]}
    </span>
  );
}

export const statusWord = (status: TaskStatus): string => STATUS_WORDS[status];

type WebhookState = NonNullable<TaskRow["webhookState"]>;

const WEBHOOK_WORDS: Readonly<Record<WebhookState, string>> = {
  pending: "Pending",
  delivered: "Delivered",
  exhausted: "Gave up",
};

/** Where the webhook of a task stands; a dash where it has none. */
export function WebhookBadge({ state }: { readonly state: WebhookState | null }) {
  if (state === null) {
    return (
      <span class="quiet">
        <span aria-hidden="true">–</span>
        <span class="visually-hidden">None</span>
      </span>
    );
  }
  return <span class={`word ${state}`}>{WEBHOOK_WORDS[state]}</span>;
}

export const webhookStateOf = (task: Task): WebhookState | null => task.webhook?.state ?? null;
