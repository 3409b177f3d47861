// Counts the tasks that each upstream account accepted in the last hour. Best effort, to keep it cheap: isolates count in memory and
// report at most once a minute to the UpstreamObject.

import { z } from "zod";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** An isolate reports its counts at most this often (ms). */
const REPORT_EVERY_MS = MINUTE_MS;

/** The maximum number of accounts that are kept. Names of removed accounts are evicted eventually. */
const MAX_ACCOUNTS = 100;

/** The tasks that an account accepted from an isolate since its last report. */
export interface UsageReport {
  readonly account: string;
  readonly tasks: number;
  /** How long ago (ms) the last one was accepted. */
  readonly ageMs: number;
}

/** The recent usage of an account. */
export interface AccountUsage {
  readonly account: string;
  readonly tasksLastHour: number;
  /** When the account last accepted a task (ms). */
  readonly lastSuccessAt: number;
}

/** The counts of this isolate that were not reported yet. */
export class UsageCounter {
  #counts = new Map<string, { tasks: number; lastAt: number }>();
  #reportedAt = Number.NEGATIVE_INFINITY;

  /** Counts a task that an account accepted. */
  count(account: string, now: number): void {
    const tasks = (this.#counts.get(account)?.tasks ?? 0) + 1;
    this.#counts.set(account, { tasks, lastAt: now });
  }

  /** Removes and returns the counts if a report is due, else nothing. The caller must report them. */
  takeDue(now: number): UsageReport[] {
    return Math.abs(now - this.#reportedAt) < REPORT_EVERY_MS ? [] : this.take(now);
  }

  /** Removes and returns the counts. */
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

/** The tasks of the last hour by account and minute. */
export class UsageByMinute {
  readonly #accounts = new Map<string, { lastSuccessAt: number; minutes: Map<number, number> }>();

  /** Parses stored usage. Unreadable usage is dropped. */
  static parse(stored: unknown): UsageByMinute {
    const usage = new UsageByMinute();
    for (const { account, lastSuccessAt, minutes } of storedSchema.safeParse(stored).data ?? []) {
      usage.#accounts.set(account, { lastSuccessAt, minutes: new Map(minutes) });
    }
    return usage;
  }

  /** Adds the report of an isolate. */
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

  /** The usage of all accounts. */
  read(now: number): AccountUsage[] {
    return this.toJSON(now).map(({ account, lastSuccessAt, minutes }) => ({
      account,
      lastSuccessAt,
      tasksLastHour: minutes.reduce((sum, [, tasks]) => sum + tasks, 0),
    }));
  }

  /** The usage to store, without minutes that are more than an hour ago. */
  toJSON(now: number): Stored {
    const first = Math.floor((now - HOUR_MS) / MINUTE_MS);
    return [...this.#accounts].map(([account, { lastSuccessAt, minutes }]) => {
      for (const minute of minutes.keys()) if (minute <= first) minutes.delete(minute);
      return { account, lastSuccessAt, minutes: [...minutes] };
    });
  }
}
