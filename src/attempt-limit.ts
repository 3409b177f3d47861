// Limits attempts per subject in this isolate: at most so many in any period. The Rate Limiting binding counts for a whole location
// but cannot be asked without counting, so this limit is the one that is checked before a cost is paid.

/** Subjects that are remembered. The one whose last attempt is the oldest makes room. */
const MAX_SUBJECTS = 10_000;

/** An attempt that has not ended after this time (ms) was canceled with its request, and counts. */
const ABANDONED_MS = 10_000;

/** An attempt. One that is not settled may still be refunded. */
export interface Attempt {
  readonly startedAt: number;
  settled: boolean;
}

export class AttemptLimit {
  readonly #limit: number;
  readonly #periodMs: number;
  readonly #attempts = new Map<string, Attempt[]>();
  /** Until when (ms) a subject is blocked, because its location has counted too many attempts. */
  readonly #blocked = new Map<string, number>();

  constructor(limit: number, periodMs: number) {
    this.#limit = limit;
    this.#periodMs = periodMs;
  }

  /** Counts an attempt that cannot be refunded. Returns false when the subject has used up its attempts. */
  take(subject: string, now: number): boolean {
    const attempt = this.begin(subject, now);
    if (attempt !== null) attempt.settled = true;
    return attempt !== null;
  }

  /** Counts an attempt that may be refunded. Null when the subject has used up its attempts. */
  begin(subject: string, now: number): Attempt | null {
    const recent = this.#recent(subject, now);
    if (recent.length >= this.#limit || (this.#blocked.get(subject) ?? 0) > now) return null;
    const attempt = { startedAt: now, settled: false };
    remember(this.#attempts, subject, [...recent, attempt]);
    return attempt;
  }

  refund(subject: string, attempt: Attempt): void {
    const left = (this.#attempts.get(subject) ?? []).filter((other) => other !== attempt);
    if (left.length === 0) this.#attempts.delete(subject);
    else this.#attempts.set(subject, left);
  }

  /** Whether one of the counted attempts may still be refunded. */
  mayRefund(subject: string, now: number): boolean {
    return this.#recent(subject, now).some(({ settled, startedAt }) => !settled && startedAt > now - ABANDONED_MS);
  }

  /** Blocks the subject until a time (ms): its location has counted too many attempts. */
  block(subject: string, until: number): void {
    remember(this.#blocked, subject, until);
  }

  #recent(subject: string, now: number): Attempt[] {
    return (this.#attempts.get(subject) ?? []).filter(({ startedAt }) => startedAt > now - this.#periodMs);
  }
}

function remember<T>(map: Map<string, T>, subject: string, value: T): void {
  map.delete(subject);
  map.set(subject, value);
  const oldest = map.keys().next();
  if (map.size > MAX_SUBJECTS && !oldest.done) map.delete(oldest.value);
}
