// The observations of the crash test for each task: the caller's responses, the upstream's requests and the receiver's webhooks.

import { z } from "zod";
import type { timelineSchema } from "../../src/schemas/tasks.ts";
import type { Task } from "./crash-client.ts";
import type { PlannedTask } from "./crash-plan.ts";
import type { SandboxRequest } from "./sandbox-server.ts";
import type { ReceivedWebhook } from "./webhook-receiver.ts";

export type TimelineEntry = z.output<typeof timelineSchema>["events"][number];

/** A time without a gateway, in ms since the epoch: the signal was sent, the last process had ended, the next gateway responded. */
export interface Outage {
  readonly killedAt: number;
  readonly goneAt: number;
  readonly upAt: number;
}

/** A claim and its response. */
export interface Claim {
  readonly status: number;
  readonly code: string | null;
  readonly token: string | null;
  /** When the response arrived (ms since the epoch). */
  readonly at: number;
  /** Claims before it without a response. */
  readonly unanswered: number;
}

/** The caller's requests and responses while the gateway was killed and restarted. */
export interface TaskHistory {
  readonly planned: PlannedTask;
  /** Every task id that was returned for the task's Idempotency-Key. */
  readonly ids: Set<string>;
  /** Submissions without a response. */
  unanswered: number;
  /** The status of the response to the cancel, or null if the task was not canceled. */
  cancelStatus: number | null;
  readonly claims: Claim[];
}

/** All observations of one task. */
export interface Case extends TaskHistory {
  readonly id: string;
  readonly task: Task;
  readonly events: readonly TimelineEntry[];
  /** createTask and getTaskResult at the upstream, in the order of arrival. */
  readonly creations: readonly SandboxRequest[];
  readonly polls: readonly SandboxRequest[];
  /** Webhook attempts in the order of arrival. */
  readonly webhooks: readonly ReceivedWebhook[];
}

const namedSchema = z.object({ data: z.object({ task: z.object({ pageAction: z.string() }) }) });

/** The name of the task in a webhook, or null if the body has no task. */
export function nameIn(body: string): string | null {
  try {
    return namedSchema.safeParse(JSON.parse(body)).data?.data.task.pageAction ?? null;
  } catch {
    return null;
  }
}

/** The first id that was returned. @throws Error if the task was never accepted */
export function idOf({ ids, planned }: TaskHistory): string {
  const [id] = ids;
  if (id === undefined) throw new Error(`${planned.name} was never accepted`);
  return id;
}

/** Collects the observations of one task. */
export function caseOf(
  history: TaskHistory,
  task: Task,
  events: readonly TimelineEntry[],
  seen: { readonly requests: readonly SandboxRequest[]; readonly received: readonly ReceivedWebhook[] },
): Case {
  const { name } = history.planned;
  const inOrder = seen.requests.toSorted((a, b) => a.at - b.at);
  const creations = inOrder.filter(({ pageAction }) => pageAction === name);
  const created = new Set(creations.map(({ taskId }) => taskId).filter((id) => id !== null));
  const polls = inOrder.filter(
    ({ path, taskId }) => path === "/getTaskResult" && taskId !== null && created.has(taskId),
  );
  const webhooks = seen.received.filter(({ body }) => nameIn(body) === name);
  return { ...history, id: idOf(history), task, events, creations, polls, webhooks };
}

/** The submissions with an unknown outcome in the timeline: when they were sent, when they were given up (ms since the epoch), and why. */
export function unknownSends({ events }: Pick<Case, "events">) {
  return events
    .filter(({ type }) => type === "submission_hidden")
    .map(({ at, durationMs = 0, detail = "" }) => ({
      sentAt: Date.parse(at) - durationMs,
      noticedAt: Date.parse(at),
      detail,
    }));
}

/** An outage between two times (ms since the epoch), if there was one. */
export function outageBetween(outages: readonly Outage[], from: number, to: number): Outage | undefined {
  return outages.find(({ killedAt, goneAt }) => from <= goneAt && to >= killedAt);
}

/** The history of a task in one line: its timeline, the upstream's requests and the kills, in seconds since its creation. */
export function timelineText({ task, events, creations }: Case, outages: readonly Outage[]): string {
  const createdAt = Date.parse(task.createdAt);
  const lines = [
    ...events.map(({ at, type, detail }) => ({ at: Date.parse(at), what: detail ? `${type} (${detail})` : type })),
    ...creations.map(({ at, endedAt, status }) => ({ at, what: `[createTask ${status} in ${endedAt - at} ms]` })),
    ...outages.flatMap(({ killedAt, upAt }) => [
      { at: killedAt, what: "[kill]" },
      { at: upAt, what: "[up]" },
    ]),
  ];
  return lines
    .sort((a, b) => a.at - b.at)
    .map(({ at, what }) => `${((at - createdAt) / 1_000).toFixed(2)} ${what}`)
    .join(", ");
}

/** The number of tasks in each phase at a time (ms since the epoch). */
export function phasesAt(cases: readonly Case[], at: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const one of cases) {
    const phase = phaseAt(one, at);
    if (phase !== null) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  }
  return counts;
}

function phaseAt({ task, creations, polls, webhooks, claims }: Case, at: number): string | null {
  const { createdAt, submittedAt, finishedAt } = task;
  const since = (time: string | null) => time !== null && Date.parse(time) <= at;
  const open = (requests: readonly SandboxRequest[]) =>
    requests.some((request) => request.at <= at && request.endedAt >= at);
  if (!since(createdAt)) return null;
  if (!since(finishedAt)) {
    if (open(creations)) return "in createTask";
    if (open(polls)) return "in a poll";
    return since(submittedAt) ? "processing" : "queued";
  }
  if (!webhooks.some((webhook) => webhook.at <= at && webhook.status < 300)) return "webhook due";
  if (claims.some((claim) => claim.at <= at && claim.status === 200)) return "claimed";
  return task.status === "ready" ? "delivered, unclaimed" : `${task.status}, delivered`;
}
