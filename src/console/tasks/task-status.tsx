// How the states of a task and of its webhook are shown: a color and a word.

import type { TaskStatus, WebhookState } from "../../client/index.ts";
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
