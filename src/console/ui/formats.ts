// The console's formats of numbers, times and ids. Pure: `now` and the time zone are parameters.

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** An age below this (ms) is "now": clocks differ by as much. */
const NOW_MS = 2_000;

/** How long ago a time was, in one unit: `12 s`, `3 min`, `2 h`, `5 d`. A time in the future is `now`, because clocks differ. */
export function age(at: number, now: number): string {
  const ms = now - at;
  if (ms < NOW_MS) return "now";
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  return `${Math.floor(ms / DAY_MS)} d`;
}

/** The age in words: `just now`, `3 min ago`. */
export function ago(at: number, now: number): string {
  const words = age(at, now);
  return words === "now" ? "just now" : `${words} ago`;
}

/** A duration (ms) with a precision that fits its length: `84 ms`, `6.14 s`, `42.1 s`, `2 min 5 s`, `3 h 12 min`. */
export function duration(ms: number): string {
  const whole = Math.max(Math.round(ms), 0);
  if (whole < SECOND_MS) return `${whole} ms`;
  if (whole < 10 * SECOND_MS) return `${(Math.floor(whole / 10) / 100).toFixed(2)} s`;
  if (whole < MINUTE_MS) return `${(Math.floor(whole / 100) / 10).toFixed(1)} s`;
  if (whole < HOUR_MS) return twoUnits(whole, MINUTE_MS, "min", SECOND_MS, "s");
  if (whole < DAY_MS) return twoUnits(whole, HOUR_MS, "h", MINUTE_MS, "min");
  return twoUnits(whole, DAY_MS, "d", HOUR_MS, "h");
}

/** The time left (ms) in whole units, rounded up: `1 min 59 s`. */
export function countdown(ms: number): string {
  const seconds = Math.max(Math.ceil(ms / SECOND_MS), 0);
  return seconds < 60 ? `${seconds} s` : duration(seconds * SECOND_MS);
}

function twoUnits(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  const head = `${Math.floor(ms / large)} ${largeName}`;
  return rest === 0 ? head : `${head} ${rest} ${smallName}`;
}

/** A time (ms) since a task was created: `+0.12 s`. */
export function offset(ms: number): string {
  return `+${ms < SECOND_MS ? `${(Math.max(ms, 0) / SECOND_MS).toFixed(2)} s` : duration(ms)}`;
}

function format(at: number, options: Intl.DateTimeFormatOptions, timeZone: string | undefined): string {
  return new Intl.DateTimeFormat("en-GB", { ...options, ...(timeZone === undefined ? {} : { timeZone }) }).format(at);
}

/** A time of day with milliseconds, `09:30:06.140`; by default in the reader's time zone. */
export function clock(at: number, timeZone?: string): string {
  const options = { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 } as const;
  return format(at, options, timeZone);
}

/** A day and a time, `23 Nov 2026, 09:30:06`; by default in the reader's time zone. */
export const moment = (at: number, timeZone?: string): string =>
  format(at, { dateStyle: "medium", timeStyle: "medium" }, timeZone);

/** A day, `23 Nov 2026`; by default in the reader's time zone. */
export const day = (at: number, timeZone?: string): string => format(at, { dateStyle: "medium" }, timeZone);

/** A day of usage (UTC, `2026-11-23`): `23 Nov`. */
export const shortDay = (utcDay: string): string =>
  format(Date.parse(utcDay), { day: "numeric", month: "short" }, "UTC");

/** A whole number with thousands separators: `12,345`. */
export function count(n: number): string {
  return new Intl.NumberFormat("en-GB").format(n);
}

/** A share from 0 to 1 as a percentage with one decimal, rounded down, so that less than all is never `100 %`. */
export function percent(share: number): string {
  const tenths = Math.floor(share * 1_000 + 1e-9);
  return tenths % 10 === 0 ? `${tenths / 10} %` : `${(tenths / 10).toFixed(1)} %`;
}

/** `1 task`, `2 tasks`. */
export function plural(n: number, one: string, many: string): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** A long text shortened in its middle, so that both ends can be compared: `tsk_5f0a9c…51e2`. */
export function middle(text: string, head: number, tail: number): string {
  return text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`;
}
