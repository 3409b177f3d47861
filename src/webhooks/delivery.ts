// The delivery of one task's webhook: its persisted state and its pure transitions. Times are ms since the epoch.

import { z } from "zod";
import type { DeliveryOutcome } from "./outcome.ts";
import { nextAttemptAt } from "./schedule.ts";

/** Attempts kept in the log. One delivery cycle has twelve. */
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
export type DeliveryAttempt = z.output<typeof attemptSchema>;

export const WEBHOOK_STATES = ["pending", "delivered", "exhausted"] as const;
export type WebhookState = (typeof WEBHOOK_STATES)[number];

/** The persisted shape, as part of the task's record: a new field is optional or has a default. */
export const deliverySchema = z.object({
  url: z.string(),
  /** Whose URL it is: the task's own `webhookUrl`, or the tenant's endpoint. */
  source: z.enum(["task", "tenant"]),
  state: z.enum(WEBHOOK_STATES),
  /** Attempts in all delivery cycles. */
  attempts: z.int().nonnegative(),
  /** Attempts in this cycle. Slots of the schedule that were skipped do not count. */
  roundAttempts: z.int().nonnegative(),
  /** When this cycle began: the task became final, or a redelivery was requested. Null while the task is not final. */
  roundAt: time.nullable(),
  lastStatus: z.int().nullable(),
  nextAttemptAt: time.nullable(),
  /** The attempt that is due cannot be made before this time, for a reason inside the gateway. */
  postponedUntil: time.optional(),
  log: z.array(attemptSchema),
});
export type Delivery = z.output<typeof deliverySchema>;

/** A delivery without an attempt; `startedAt` null means that the task is not final yet. */
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

/** One webhook attempt: when it was sent (ms), its outcome, and the jitter (-1 to 1) of the next. */
export interface AttemptMade {
  readonly sentAt: number;
  readonly outcome: DeliveryOutcome;
  readonly responseBody?: string | null | undefined;
  readonly jitter: number;
}

/** Records an attempt and schedules the next. */
export function recordAttempt(
  delivery: Delivery,
  { outcome, responseBody, sentAt, jitter }: AttemptMade,
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
  // An attempt that was sent before a redelivery was requested belongs to the previous cycle and cannot end the new one.
  const startedAt = delivery.roundAt ?? now;
  if (delivery.state !== "pending" || sentAt < startedAt) return recorded;

  const roundAttempts = delivery.roundAttempts + 1;
  if (outcome.tag === "delivered") return { ...recorded, roundAttempts, state: "delivered", nextAttemptAt: null };
  const next =
    outcome.tag === "gone"
      ? null
      : nextAttemptAt(
          { startedAt, made: roundAttempts, sentAt, retryAfterMs: outcome.retryAfterMs },
          jitter,
          solutionAvailable,
          now,
        );
  return { ...recorded, roundAttempts, state: next === null ? "exhausted" : "pending", nextAttemptAt: next };
}

/** A new delivery cycle to `url`, under the same webhook id. */
export function newCycle(delivery: Delivery, url: string, now: number): Delivery {
  const current = withoutPostponement(delivery);
  return { ...current, url, state: "pending", roundAttempts: 0, roundAt: now, nextAttemptAt: now };
}

/** Follows the tenant's endpoint to another URL, or to null, which ends the attempts. Does not apply to a task's own URL. */
export function followEndpoint(delivery: Delivery, endpoint: string | null): Delivery {
  if (delivery.source === "task" || delivery.state !== "pending" || delivery.url === endpoint) return delivery;
  if (endpoint !== null) return { ...delivery, url: endpoint };
  return { ...delivery, state: "exhausted", nextAttemptAt: null };
}

/** Puts off an attempt that cannot be made now, for a reason inside the gateway. It does not count as an attempt. */
export function postponeAttempt(delivery: Delivery, until: number): Delivery {
  if (delivery.nextAttemptAt === null || until <= delivery.nextAttemptAt) return delivery;
  return { ...delivery, postponedUntil: until };
}

/** When the next attempt can be made (ms since the epoch), or null when there is none to come. */
export function attemptAtOf({ nextAttemptAt, postponedUntil = 0 }: Delivery): number | null {
  return nextAttemptAt === null ? null : Math.max(nextAttemptAt, postponedUntil);
}

function withoutPostponement({ postponedUntil: _, ...delivery }: Delivery): Delivery {
  return delivery;
}
