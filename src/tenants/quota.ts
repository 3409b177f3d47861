// The monthly quota of live tasks: counting, and rejection before acceptance and at admission. Pure. A task counts in the calendar month
// (UTC) in which it is admitted.

import { ApiError } from "../errors.ts";
import type { KeyMode } from "./keys.ts";
import type { TenantProfile } from "./settings.ts";

/** The calendar month of a time (ms), in UTC: `2026-11`. */
export const monthOf = (now: number): string => new Date(now).toISOString().slice(0, 7);

/** The start of the month (UTC) of a time; ms since the epoch. */
export function monthStartAt(now: number): number {
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

/** The start of the month (UTC) after that of a time; ms since the epoch. */
export function nextMonthAt(now: number): number {
  const date = new Date(now);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}

/** Larger than the maximum quota, and small enough for marks to be safe integers. */
const MARKS_PER_MONTH = 2 ** 32;

/** Counts the live tasks that were admitted in the current month. */
export class MonthlyCount {
  /** Months since the year 0. */
  #month = 0;
  #tasks = 0;

  /** Restores a count from its `mark`. */
  static restore(mark: number): MonthlyCount {
    const count = new MonthlyCount();
    count.#month = Math.floor(mark / MARKS_PER_MONTH);
    count.#tasks = mark % MARKS_PER_MONTH;
    return count;
  }

  /** A count of `tasks` in the month of `now` (ms). */
  static of(tasks: number, now: number): MonthlyCount {
    const count = new MonthlyCount();
    count.#month = monthIndex(now);
    count.#tasks = tasks;
    return count;
  }

  /** The month and the count as one integer. It only increases, so the largest mark is the latest. */
  get mark(): number {
    return this.#month * MARKS_PER_MONTH + this.#tasks;
  }

  /** The tasks counted in the month of `now` (ms). */
  at(now: number): number {
    return monthIndex(now) > this.#month ? 0 : this.#tasks;
  }

  /** Counts a task that is admitted at `now` (ms). If the clock went backwards, it counts in the later month. */
  add(now: number): void {
    this.#tasks = this.at(now) + 1;
    this.#month = Math.max(this.#month, monthIndex(now));
  }
}

function monthIndex(now: number): number {
  const date = new Date(now);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** The number of live tasks that can still be admitted this month. Infinity without a quota. Admission rejects tasks at 0. */
export function tasksLeft({ monthlyTasks }: TenantProfile["limits"], liveTasksOfMonth: number): number {
  return monthlyTasks === null ? Number.POSITIVE_INFINITY : Math.max(monthlyTasks - liveTasksOfMonth, 0);
}

/** The part of a caller that its quota depends on. */
export interface QuotaCaller {
  readonly mode: KeyMode;
  /** The month (`2026-11`) whose quota is used up, or null. */
  readonly exhaustedMonth: string | null;
  readonly profile: Pick<TenantProfile, "limits">;
}

/** The error if the caller's tenant has used up its monthly quota, or null. */
export function quotaError(caller: QuotaCaller, now: number): ApiError | null {
  if (caller.mode !== "live" || caller.exhaustedMonth !== monthOf(now)) return null;
  const endsAt = nextMonthAt(now);
  const windowS = (endsAt - monthStartAt(now)) / 1_000;
  const quota = caller.profile.limits.monthlyTasks ?? 0;
  return new ApiError("quota_exceeded", "The tenant's monthly quota of live tasks is used up.", {
    headers: {
      "Retry-After": String(Math.ceil((endsAt - now) / 1_000)),
      "RateLimit-Policy": `"monthly";q=${quota};w=${windowS}`,
    },
  });
}
