// Arbitrary events and outcomes for properties, limited to what requests can produce: whole milliseconds, known tags. A
// generated event has no time; `stamp` adds one, so that a counterexample stays readable.

import * as fc from "fast-check";
import type { AdmissionOutcome, TaskEvent } from "../../src/tasks/events.ts";
import type { CreateOutcome, PollOutcome, Solution, UpstreamError } from "../../src/upstream/protocol.ts";
import type { DeliveryOutcome } from "../../src/webhooks/outcome.ts";
import { SOLVER } from "./records.ts";

/** The longest request (ms): the upstream's timeout. */
export const REQUEST_MS = 10_000;

const retryAfterMs = fc.option(fc.integer({ min: 0, max: 90_000 }));
const words = fc.string({ maxLength: 20 });

const solution: fc.Arbitrary<Solution> = fc.record(
  {
    gRecaptchaResponse: fc.string({ minLength: 1 }),
    cookies: fc.dictionary(words, words),
    userAgent: fc.string({ minLength: 1 }),
    expireTime: fc.integer(),
  },
  { requiredKeys: ["gRecaptchaResponse"] },
);

const upstreamError: fc.Arbitrary<UpstreamError> = fc.oneof(
  fc.record({
    tag: fc.constant("failed" as const),
    kind: fc.constantFrom("rejected" as const, "unsolvable" as const),
    code: words,
    description: words,
  }),
  fc.record({ tag: fc.constant("account" as const), code: fc.constant("ERROR_ZERO_BALANCE") }),
  fc.record({ tag: fc.constant("transient" as const), reason: words, retryAfterMs }),
);

export const createOutcome: fc.Arbitrary<CreateOutcome> = fc.oneof(
  fc.record({ tag: fc.constant("created" as const), taskId: fc.constantFrom("7", '"upstream-1"') }),
  fc.record({ tag: fc.constant("ready" as const), taskId: fc.constantFrom(null, "7"), solution }),
  fc.record({ tag: fc.constant("unknown" as const), reason: fc.constantFrom("timeout", "network", "http_504") }),
  upstreamError,
);

/** An outcome of a poll that leaves the task where it is. */
export const pollWithoutEnd: fc.Arbitrary<PollOutcome> = fc.oneof(
  { arbitrary: fc.record({ tag: fc.constant("processing" as const) }), weight: 4 },
  fc.record({
    tag: fc.constant("request_failed" as const),
    reason: fc.constantFrom("malformed", "http_500"),
    retryAfterMs,
  }),
  fc.record({ tag: fc.constant("transient" as const), reason: fc.constant("ERROR_RATE_LIMIT"), retryAfterMs }),
  fc.record({ tag: fc.constant("account" as const), code: fc.constant("ERROR_ZERO_BALANCE") }),
);

export const pollOutcome: fc.Arbitrary<PollOutcome> = fc.oneof(
  { arbitrary: pollWithoutEnd, weight: 4 },
  fc.record({ tag: fc.constant("ready" as const), solution }),
  upstreamError,
);

export const admissionOutcome: fc.Arbitrary<AdmissionOutcome> = fc.oneof(
  fc.record({ tag: fc.constantFrom("admitted" as const, "waiting" as const, "gone" as const) }),
  fc.record({ tag: fc.constant("unavailable" as const) }),
  fc.record({
    tag: fc.constant("rejected" as const),
    code: fc.constantFrom("quota_exceeded" as const, "tenant_suspended" as const),
  }),
);

export const deliveryOutcome: fc.Arbitrary<DeliveryOutcome> = fc.oneof(
  fc.record({
    tag: fc.constant("delivered" as const),
    status: fc.integer({ min: 200, max: 299 }),
    error: fc.constant(null),
  }),
  fc.record({
    tag: fc.constant("failed" as const),
    status: fc.option(fc.integer({ min: 300, max: 599 })),
    error: fc.constantFrom(null, "timeout", "network", "redirect"),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: 86_400_000 })),
  }),
  fc.record({ tag: fc.constant("gone" as const), status: fc.constantFrom(410, null), error: fc.constant(null) }),
);

export const jitter = fc.integer({ min: -100, max: 100 }).map((hundredths) => hundredths / 100);
const endpoint = fc.constantFrom(null, "https://tenant.example/endpoint", "https://tenant.example/moved");
const solver = fc.constant(SOLVER);
const unstamped = fc.constant(0);
const bare = <Tag extends string>(...tags: Tag[]) => fc.record({ tag: fc.constantFrom(...tags) });

/** Any event. `stamp` sets `sentAt` and `until`. */
const anyEvent: fc.Arbitrary<TaskEvent> = fc.oneof(
  bare(
    "clock",
    "woken",
    "submitting",
    "interrupted",
    "cancel",
    "claim",
    "report_failed",
    "webhook_settings_missing",
    "step_succeeded",
  ),
  fc.record({ tag: fc.constant("admission" as const), outcome: admissionOutcome }),
  fc.record({ tag: fc.constant("submitted" as const), sentAt: unstamped, outcome: createOutcome, solver }),
  fc.record({ tag: fc.constant("held" as const), reason: fc.constant("upstream_unavailable"), until: unstamped }),
  fc.record({ tag: fc.constant("polled" as const), sentAt: unstamped, outcome: pollOutcome, solver }),
  fc.record({
    tag: fc.constantFrom("outcome_recorded" as const, "endpoint_changed" as const, "redeliver" as const),
    endpoint,
  }),
  fc.record({ tag: fc.constant("delivered" as const), sentAt: unstamped, outcome: deliveryOutcome, jitter }),
  fc.record({ tag: fc.constant("step_failed" as const), limit: fc.integer({ min: 1, max: 10 }) }),
);

/** An event, how long it comes after the one before, and how long its request took (or its hold lasts). */
export interface Move {
  readonly afterMs: number;
  readonly tookMs: number;
  readonly event: TaskEvent;
}

export const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.constantFrom(0, 1, 120_000, 90_000_000)),
    tookMs: fc.integer({ min: 0, max: REQUEST_MS }),
    event: anyEvent,
  }),
  { maxLength: 40 },
);

/** The event with its times, if it comes at `now`. */
export function stamp({ event, tookMs }: Move, now: number): TaskEvent {
  if (event.tag === "held") return { ...event, until: now + tookMs };
  return "sentAt" in event ? { ...event, sentAt: now - tookMs } : event;
}
