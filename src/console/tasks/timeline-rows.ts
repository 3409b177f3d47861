// The drawing of a task's timeline: panels with rows of spans and marks. Pure: `now` and the width are parameters. Each panel has one
// linear scale. Seconds of solving, two minutes of a solution's validity and hours of webhook attempts do not fit on one scale, so each
// has its own panel; every event is drawn in one of them.

import type { Task, TimelineEntry } from "../../client/index.ts";
import type { Axis } from "../ui/axis.ts";
import { axisOf, xOf } from "../ui/axis.ts";

/** The meaning of a mark or a span. The style sheet gives it a color, and the legend its name. */
export type Tone = "quiet" | "busy" | "good" | "aging" | "bad" | "next";

interface Span {
  readonly x: number;
  readonly width: number;
  readonly tone: Tone;
  readonly label: string;
}

/** A point in time, or a request, which took a while. */
interface Mark {
  readonly shape: "point" | "request";
  readonly x: number;
  readonly width: number;
  readonly tone: Tone;
  readonly label: string;
  /** The index of the event, or null for what is still to come. */
  readonly event: number | null;
}

export interface TimelineRow {
  readonly name: string;
  readonly spans: readonly Span[];
  readonly marks: readonly Mark[];
}

export interface Panel {
  readonly name: string;
  readonly axis: Axis;
  readonly rows: readonly TimelineRow[];
  /** The position of the present, or null where it is outside. */
  readonly nowX: number | null;
}

/** A running task's panel spans at least this long (ms), so that its axis does not change at each load. */
const MIN_RUNNING_MS = 5_000;

/** A finished task's panels span at least this long (ms). */
const MIN_SPAN_MS = 20;

/** Webhook attempts until this long (ms) after the end share the solution's panel: the seventh comes at 70 s ± 10 %. */
const EARLY_ATTEMPTS_MS = 125_000;

const at = (time: string): number => Date.parse(time);

/** Events whose time is that of a response, so that their request began `durationMs` earlier. */
const REQUESTS = new Set(["submitted", "poll", "submission_refused", "submission_hidden"]);

const GATEWAY_EVENTS = new Set(["accepted", "waiting", "admitted", "held"]);
const FINAL_EVENTS = new Set(["ready", "failed", "canceled"]);

/** When an event began (ms since the epoch). The time of a webhook attempt is its beginning; that of a request is its end. */
export function beginningOf(event: TimelineEntry): number {
  return REQUESTS.has(event.type) ? at(event.at) - (event.durationMs ?? 0) : at(event.at);
}

export const isWebhookAttempt = ({ type }: TimelineEntry): boolean => type === "webhook";

/** The panels of a task; there is always a first one. `width`: of the drawing without the names of the rows (px). */
export function panelsOf(task: Task, events: readonly TimelineEntry[], now: number, width: number): Panel[] {
  const panels = [solvingPanel(task, events, now, width)];
  const after = afterEndPanel(task, events, now, width);
  if (after !== null) panels.push(after);
  const late = lateAttemptsPanel(task, events, now, width);
  if (late !== null) panels.push(late);
  return panels;
}

function solvingPanel(task: Task, events: readonly TimelineEntry[], now: number, width: number): Panel {
  const from = at(task.createdAt);
  const finished = task.finishedAt === null ? null : at(task.finishedAt);
  const to = finished ?? Math.max(now, from + MIN_RUNNING_MS);
  const axis = axisOf(from, Math.max(to, from + MIN_SPAN_MS), width);
  const submitted = task.submittedAt === null ? null : at(task.submittedAt);
  const present = finished ?? Math.max(now, from);
  const upstream = submitted === null ? [] : [spanOf(axis, submitted, present, "busy", "With the upstream")];
  return {
    name: finished === null ? "Running" : "From acceptance to the end",
    axis,
    rows: [
      {
        name: "Gateway",
        spans: [spanOf(axis, from, submitted ?? present, "quiet", "In the gateway")],
        marks: marksOf(axis, events, ({ type }) => GATEWAY_EVENTS.has(type)),
      },
      {
        name: "Upstream",
        spans: upstream,
        marks: marksOf(axis, events, ({ type }) => REQUESTS.has(type) || FINAL_EVENTS.has(type)),
      },
    ],
    nowX: finished === null ? xOf(axis, now) : null,
  };
}

function afterEndPanel(task: Task, events: readonly TimelineEntry[], now: number, width: number): Panel | null {
  if (task.finishedAt === null) return null;
  const from = at(task.finishedAt);
  const { row, ends } = attemptsOf(task, events, (time) => time - from <= EARLY_ATTEMPTS_MS);
  const expires = task.solutionExpiresAt === null ? null : at(task.solutionExpiresAt);
  if (expires !== null) ends.push(expires);
  if (ends.length === 0) return null;
  const axis = axisOf(from, Math.max(...ends, from + MIN_SPAN_MS), width);
  const rows: TimelineRow[] = [];
  if (expires !== null) rows.push({ name: "Solution", spans: validityOf(axis, task, events, expires), marks: [] });
  const attempts = row(axis);
  if (attempts.marks.length > 0) rows.push(attempts);
  return { name: expires === null ? "After the end" : "Validity of the solution", axis, rows, nowX: inside(axis, now) };
}

function lateAttemptsPanel(task: Task, events: readonly TimelineEntry[], now: number, width: number): Panel | null {
  if (task.finishedAt === null) return null;
  const from = at(task.finishedAt);
  const { row, ends } = attemptsOf(task, events, (time) => time - from > EARLY_ATTEMPTS_MS);
  if (ends.length === 0) return null;
  const axis = axisOf(from, Math.max(...ends), width);
  return { name: "Later webhook attempts", axis, rows: [row(axis)], nowX: inside(axis, now) };
}

/** Webhook attempts of a time, past and planned: when they end, and their row on an axis. */
function attemptsOf(task: Task, events: readonly TimelineEntry[], isShown: (time: number) => boolean) {
  const shown = (event: TimelineEntry) => isWebhookAttempt(event) && isShown(at(event.at));
  const ends = events.filter(shown).map((event) => at(event.at) + (event.durationMs ?? 0));
  const next = nextAttempt(task);
  const planned = next !== null && isShown(next) ? next : null;
  if (planned !== null) ends.push(planned);
  const row = (axis: Axis): TimelineRow => {
    const marks = marksOf(axis, events, shown);
    if (planned !== null) {
      marks.push({ shape: "point", x: xOf(axis, planned), width: 0, tone: "next", label: "Next attempt", event: null });
    }
    return { name: "Webhook", spans: [], marks };
  };
  return { ends, row };
}

/** The validity of the solution: best used at first, still valid after that, and ended where it was claimed. */
function validityOf(axis: Axis, task: Task, events: readonly TimelineEntry[], expires: number): Span[] {
  const claimedEvent = events.find(({ type }) => type === "claimed");
  const end = claimedEvent === undefined ? expires : Math.min(at(claimedEvent.at), expires);
  const best = task.solutionBestBefore === null ? end : Math.min(at(task.solutionBestBefore), end);
  const spans = [spanOf(axis, axis.from, best, "good", "Best used")];
  if (end > best) spans.push(spanOf(axis, best, end, "aging", "Still valid"));
  if (expires > end) spans.push(spanOf(axis, end, expires, "quiet", "Claimed and deleted"));
  return spans;
}

function nextAttempt({ webhook }: Task): number | null {
  return webhook === null || webhook.nextAttemptAt === null ? null : at(webhook.nextAttemptAt);
}

function marksOf(axis: Axis, events: readonly TimelineEntry[], shown: (event: TimelineEntry) => boolean): Mark[] {
  return events.flatMap((event, index): Mark[] => {
    if (!shown(event)) return [];
    const began = beginningOf(event);
    const x = xOf(axis, began);
    const shape = REQUESTS.has(event.type) || isWebhookAttempt(event) ? "request" : "point";
    const ended = shape === "request" ? began + (event.durationMs ?? 0) : began;
    return [{ shape, x, width: xOf(axis, ended) - x, tone: toneOf(event), label: labelOf(event), event: index }];
  });
}

function spanOf(axis: Axis, from: number, to: number, tone: Tone, label: string): Span {
  const x = xOf(axis, from);
  return { x, width: Math.max(xOf(axis, to) - x, 0), tone, label };
}

const inside = (axis: Axis, now: number): number | null => (now >= axis.from && now <= axis.to ? xOf(axis, now) : null);

/** The tone of an event. A poll that succeeded has the detail `processing` or `ready`. */
export function toneOf({ type, detail, status }: TimelineEntry): Tone {
  switch (type) {
    case "ready":
    case "claimed":
      return "good";
    case "failed":
    case "submission_refused":
    case "submission_hidden":
      return "bad";
    case "poll":
      if (detail === "ready") return "good";
      return detail === undefined || detail === "processing" ? "busy" : "bad";
    case "submitted":
      return "busy";
    case "webhook":
      return status !== undefined && status !== null && status >= 200 && status < 300 ? "good" : "bad";
    case "held":
      return "aging";
    default:
      return "quiet";
  }
}

const WORDS: Readonly<Record<string, string>> = {
  accepted: "Accepted",
  waiting: "Waiting for a slot",
  admitted: "Admitted",
  held: "Held",
  submitted: "Submitted",
  submission_refused: "Submission rejected",
  submission_hidden: "Submission without a readable answer",
  poll: "Poll",
  ready: "Ready",
  failed: "Failed",
  canceled: "Canceled",
  claimed: "Solution claimed",
  expired: "Solution expired",
  webhook: "Webhook attempt",
};

/** An event's name, or its type where that is unknown. */
export function wordsOf({ type }: TimelineEntry): string {
  return Object.hasOwn(WORDS, type) ? (WORDS[type] ?? type) : type;
}

/** The result of an event: its detail, or the status and error of a webhook attempt. */
export function resultOf({ type, detail, status, error }: TimelineEntry): string {
  if (type !== "webhook") return detail ?? "";
  const answered = status === undefined || status === null ? "No response" : `HTTP ${status}`;
  return error === undefined || error === null ? answered : `${answered}, ${error}`;
}

function labelOf(event: TimelineEntry): string {
  const result = resultOf(event);
  return result === "" ? wordsOf(event) : `${wordsOf(event)}: ${result}`;
}

/** When a finished task changes next (ms since the epoch): its webhook attempt or its solution's expiry; null for never. */
export function nextChangeOf(task: Task, now: number): number | null {
  const due = [nextAttempt(task)];
  if (task.solutionState === "available" && task.solutionExpiresAt !== null) due.push(at(task.solutionExpiresAt));
  const ahead = due.filter((time) => time !== null);
  return ahead.length === 0 ? null : Math.max(Math.min(...ahead), now);
}
