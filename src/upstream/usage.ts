// How many tasks were sent to each upstream account in the last hour, and when one was last accepted. Best effort and nearly free:
// isolates count in memory and report at most once a minute, and the UpstreamObject adds up.

import { z } from "zod";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** An isolate reports what it has counted this often (ms) at the most. */
const REPORT_EVERY_MS = MINUTE_MS;

/** Accounts that are kept: more than an operator configures, so that renaming accounts leaves nothing behind for ever. */
const MAX_ACCOUNTS = 100;

/** What an isolate has sent to an account since its last report. */
export interface UsageReport {
  readonly account: string;
  readonly tasks: number;
  /** How long ago (ms) the last one was accepted. */
  readonly ageMs: number;
}

export interface AccountUsage {
  readonly account: string;
  readonly tasksLastHour: number;
  /** When the account last accepted a task (ms). */
  readonly lastSuccessAt: number;
}

/** Counts of this isolate that are not reported yet. */
export class UsageCounter {
  #counts = new Map<string, { tasks: number; lastAt: number }>();
  #reportedAt = Number.NEGATIVE_INFINITY;

  /** Counts a task that an account accepted. */
  count(account: string, now: number): void {
    const tasks = (this.#counts.get(account)?.tasks ?? 0) + 1;
    this.#counts.set(account, { tasks, lastAt: now });
  }

  /** Takes what has been counted, if a report is due; else nothing. The caller must report it. */
  takeDue(now: number): UsageReport[] {
    return Math.abs(now - this.#reportedAt) < REPORT_EVERY_MS ? [] : this.take(now);
  }

  /** Takes what has been counted. */
  take(now: number): UsageReport[] {
    const counts = [...this.#counts];
    this.#counts = new Map();
    if (counts.length > 0) this.#reportedAt = now;
    return counts.map(([account, { tasks, lastAt }]) => ({ account, tasks, ageMs: Math.max(now - lastAt, 0) }));
  }
}

const storedSchema = z.array(
  z.object({
    account: z.string(),
    lastSuccessAt: z.int().nonnegative(),
    /** Tasks by the minute (since the epoch) in which they were reported, oldest first. */
    minutes: z.array(z.tuple([z.int(), z.int().nonnegative()])),
  }),
);
type Stored = z.output<typeof storedSchema>;

/** Tasks of the last hour by account and minute. */
export class UsageByMinute {
  readonly #accounts = new Map<string, { lastSuccessAt: number; minutes: Map<number, number> }>();

  /** What storage holds; what cannot be read is dropped, for it is only a count. */
  static parse(stored: unknown): UsageByMinute {
    const usage = new UsageByMinute();
    for (const { account, lastSuccessAt, minutes } of storedSchema.safeParse(stored).data ?? []) {
      usage.#accounts.set(account, { lastSuccessAt, minutes: new Map(minutes) });
    }
    return usage;
  }

  add({ account, tasks, ageMs }: UsageReport, now: number): void {
    const known = this.#accounts.get(account) ?? { lastSuccessAt: 0, minutes: new Map<number, number>() };
    const minute = Math.floor(now / MINUTE_MS);
    known.minutes.set(minute, (known.minutes.get(minute) ?? 0) + tasks);
    known.lastSuccessAt = Math.max(known.lastSuccessAt, now - ageMs);
    this.#accounts.delete(account);
    this.#accounts.set(account, known);
    const [oldest] = this.#accounts.keys();
    if (this.#accounts.size > MAX_ACCOUNTS && oldest !== undefined) this.#accounts.delete(oldest);
  }

  read(now: number): AccountUsage[] {
    return this.toJSON(now).map(({ account, lastSuccessAt, minutes }) => ({
      account,
      lastSuccessAt,
      tasksLastHour: minutes.reduce((sum, [, tasks]) => sum + tasks, 0),
    }));
  }

  /** What storage holds of it, without minutes that are over an hour old. */
  toJSON(now: number): Stored {
    const first = Math.floor((now - HOUR_MS) / MINUTE_MS);
    return [...this.#accounts].map(([account, { lastSuccessAt, minutes }]) => {
      for (const minute of minutes.keys()) if (minute <= first) minutes.delete(minute);
      return { account, lastSuccessAt, minutes: [...minutes] };
    });
  }
}
