// How the states of a task and of its webhook are shown: a color and a word.

import type { Task, TaskStatus, WebhookState } from "../../client/index.ts";
import { isFinal } from "../../tasks/status.ts";
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

/** Why a task is not submitted yet, in a sentence; null where it does not wait. */
export function waitingSentence({ status, waitingFor }: Task): string | null {
  if (isFinal(status)) return null;
  switch (waitingFor) {
    case "slot":
      return "Waiting for a free slot: your tenant is at its limit of tasks in flight.";
    case "upstream":
      return "Held: no upstream account accepts tasks at the moment.";
    default:
      return null;
  }
}
