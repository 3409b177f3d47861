// A sliding-window limit on attempts per subject, for this isolate. The Rate Limiting binding counts for a whole location but cannot
// be read without counting, so this limit decides before anything expensive happens.

import { BoundedMap } from "./bounded-map.ts";

/** The maximum number of subjects kept in memory. */
const MAX_SUBJECTS = 10_000;

/** An attempt that is still open after this time (ms) was canceled with its request, and counts as final. */
const ABANDONED_MS = 10_000;

/** A counted attempt. It can be refunded until it is final. */
export interface Attempt {
  readonly startedAt: number;
  final: boolean;
}

/** At most `limit` attempts per subject in any `periodMs`. */
export class AttemptLimit {
  readonly #limit: number;
  readonly #periodMs: number;
  readonly #attempts = new BoundedMap<Attempt[]>(MAX_SUBJECTS);
  /** Blocked subjects, each with the time (ms) at which its block ends. */
  readonly #blocked = new BoundedMap<number>(MAX_SUBJECTS);

  constructor(limit: number, periodMs: number) {
    this.#limit = limit;
    this.#periodMs = periodMs;
  }

  /** Counts an attempt that cannot be refunded. Returns false if the subject has none left. */
  take(subject: string, now: number): boolean {
    const attempt = this.begin(subject, now);
    if (attempt !== null) attempt.final = true;
    return attempt !== null;
  }

  /** Counts an attempt that can be refunded. Returns null if the subject has none left. */
  begin(subject: string, now: number): Attempt | null {
    const recent = this.#recent(subject, now);
    if (recent.length >= this.#limit || (this.#blocked.get(subject) ?? 0) > now) return null;
    const attempt = { startedAt: now, final: false };
    this.#attempts.set(subject, [...recent, attempt]);
    return attempt;
  }

  /** Uncounts an attempt. */
  refund(subject: string, attempt: Attempt): void {
    const left = (this.#attempts.get(subject) ?? []).filter((other) => other !== attempt);
    if (left.length === 0) this.#attempts.delete(subject);
    else this.#attempts.set(subject, left);
  }

  /** Whether any counted attempt may still be refunded. */
  mayRefund(subject: string, now: number): boolean {
    return this.#recent(subject, now).some(({ final, startedAt }) => !final && startedAt > now - ABANDONED_MS);
  }

  /** Blocks a subject until a time (ms), because the limit of its location was exceeded. */
  block(subject: string, until: number): void {
    this.#blocked.set(subject, until);
  }

  #recent(subject: string, now: number): Attempt[] {
    return (this.#attempts.get(subject) ?? []).filter(({ startedAt }) => startedAt > now - this.#periodMs);
  }
}
