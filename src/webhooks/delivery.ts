// The delivery of a task's webhook: its persisted state and its transitions. Pure. Times are in ms since the epoch.

import { z } from "zod";
import type { DeliveryOutcome } from "./outcome.ts";
import { nextAttemptAt } from "./schedule.ts";

/** The maximum number of attempts in the log. A delivery cycle has at most twelve. */
const MAX_ATTEMPTS_KEPT = 20;

const time = z.int().nonnegative();

const attemptSchema = z.object({
  at: time,
  status: z.int().nullable(),
  durationMs: z.int().nonnegative(),
  error: z.string().nullable(),
  /** The first 256 characters of the response body, or null. Missing in attempts of older versions. */
  responseBody: z.string().nullable().optional(),
});
/** An attempt in the log. */
export type DeliveryAttempt = z.output<typeof attemptSchema>;

/** `exhausted`: no further attempts are made. */
export const WEBHOOK_STATES = ["pending", "delivered", "exhausted"] as const;
export type WebhookState = (typeof WEBHOOK_STATES)[number];

/** The persisted shape, as a part of the task's record. New fields must be optional or have a default. */
export const deliverySchema = z.object({
  url: z.string(),
  /** Where the URL comes from: the task's own `webhookUrl`, or the tenant's endpoint. */
  source: z.enum(["task", "tenant"]),
  state: z.enum(WEBHOOK_STATES),
  /** Attempts in all delivery cycles. */
  attempts: z.int().nonnegative(),
  /** Attempts in this cycle, without skipped slots of the schedule. */
  roundAttempts: z.int().nonnegative(),
  /** When this cycle began, because the task became final or a redelivery was requested. Null while the task is not final. */
  roundAt: time.nullable(),
  lastStatus: z.int().nullable(),
  nextAttemptAt: time.nullable(),
  /** The next attempt is postponed until this time, for a reason inside the gateway. */
  postponedUntil: time.optional(),
  log: z.array(attemptSchema),
});
/** The delivery of a task's webhook. */
export type Delivery = z.output<typeof deliverySchema>;

/** A delivery without attempts. `startedAt` is null if the task is not final yet. */
export function newDelivery(url: string, source: Delivery["source"], startedAt: number | null): Delivery {
  return {
    url,
    source,
    state: "pending",
    attempts: 0,
    roundAttempts: 0,
    roundAt: startedAt,
    lastStatus: null,
    nextAttemptAt: startedAt,
    log: [],
  };
}

/** A finished attempt, and the jitter (-1 to 1) of the next one. */
export interface FinishedAttempt {
  readonly sentAt: number;
  readonly outcome: DeliveryOutcome;
  readonly responseBody?: string | null | undefined;
  readonly jitter: number;
}

/** Records an attempt and schedules the next. */
export function recordAttempt(
  delivery: Delivery,
  { outcome, responseBody, sentAt, jitter }: FinishedAttempt,
  solutionAvailable: boolean,
  now: number,
): Delivery {
  const attempt: DeliveryAttempt = {
    at: sentAt,
    status: outcome.status,
    durationMs: Math.max(now - sentAt, 0),
    error: outcome.error,
    ...(responseBody === undefined ? {} : { responseBody }),
  };
  const recorded: Delivery = {
    ...withoutPostponement(delivery),
    attempts: delivery.attempts + 1,
    lastStatus: outcome.status,
    log: [...delivery.log, attempt].slice(-MAX_ATTEMPTS_KEPT),
  };
  // An attempt that was sent before a redelivery was requested belongs to the previous cycle, and must not end the new one.
  const startedAt = delivery.roundAt ?? now;
  if (delivery.state !== "pending" || sentAt < startedAt) return recorded;

  const roundAttempts = delivery.roundAttempts + 1;
  if (outcome.tag === "delivered") return { ...recorded, roundAttempts, state: "delivered", nextAttemptAt: null };
  const next =
    outcome.tag === "gone"
      ? null
      : nextAttemptAt(
          { startedAt, count: roundAttempts, sentAt, retryAfterMs: outcome.retryAfterMs },
          jitter,
          solutionAvailable,
          now,
        );
  return { ...recorded, roundAttempts, state: next === null ? "exhausted" : "pending", nextAttemptAt: next };
}

/** Starts a new delivery cycle to `url`. The webhook id remains the same. */
export function newCycle(delivery: Delivery, url: string, now: number): Delivery {
  const current = withoutPostponement(delivery);
  return { ...current, url, state: "pending", roundAttempts: 0, roundAt: now, nextAttemptAt: now };
}

/** Applies a change of the tenant's endpoint: another URL, or null, which ends the attempts. A task's own URL does not change. */
export function followEndpoint(delivery: Delivery, endpoint: string | null): Delivery {
  if (delivery.source === "task" || delivery.state !== "pending" || delivery.url === endpoint) return delivery;
  if (endpoint !== null) return { ...delivery, url: endpoint };
  return { ...delivery, state: "exhausted", nextAttemptAt: null };
}

/** Postpones the next attempt for a reason inside the gateway. This does not count as an attempt. */
export function postponeAttempt(delivery: Delivery, until: number): Delivery {
  if (delivery.nextAttemptAt === null || until <= delivery.nextAttemptAt) return delivery;
  return { ...delivery, postponedUntil: until };
}

/** When the next attempt is due, including postponement. Null if no attempt follows. */
export function attemptAtOf({ nextAttemptAt, postponedUntil = 0 }: Delivery): number | null {
  return nextAttemptAt === null ? null : Math.max(nextAttemptAt, postponedUntil);
}

function withoutPostponement({ postponedUntil: _, ...delivery }: Delivery): Delivery {
  return delivery;
}
