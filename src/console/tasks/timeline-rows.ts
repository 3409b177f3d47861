// A task's timeline as a drawing: panels, each with one scale from edge to edge, because six seconds of solving, two minutes of a
// solution's life and half a day of webhook attempts fit on no common one. PURE: `now` and the width are parameters. Refuses to bend
// a scale: what does not fit gets a panel of its own.

import type { Task, TimelineEvent } from "../api/answers.ts";
import type { Axis } from "../ui/axis.ts";
import { axisOf, xOf } from "../ui/axis.ts";

/** How a mark or a span is meant; the style sheet gives it a colour, the row and the tooltip a word. */
export type Tone = "quiet" | "busy" | "good" | "aging" | "bad" | "next";

interface Span {
  readonly x: number;
  readonly width: number;
  readonly tone: Tone;
  readonly label: string;
}

/** Something that happened at a moment, or an exchange, which took a while however short. */
export interface Mark {
  readonly shape: "moment" | "exchange";
  readonly x: number;
  readonly width: number;
  readonly tone: Tone;
  readonly label: string;
  /** The event that it draws, or null for what lies ahead. */
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
  /** Where the present stands, or null where it lies outside. */
  readonly nowX: number | null;
}

/** A running task's panel shows at least this much (ms): an axis that begins at nothing would jump at each look. */
const LEAST_RUNNING_MS = 5_000;

/** A finished task's panels show at least this much (ms). */
const LEAST_MS = 20;

/** Webhook attempts up to this long (ms) after the end stand beside the solution's life; its seventh comes at 70 s ± 10 %. */
const EARLY_ATTEMPTS_MS = 125_000;

const at = (time: string): number => Date.parse(time);

/** Events whose time is that of an answer, so that they began `durationMs` earlier. */
const EXCHANGES = new Set(["submitted", "poll", "submission_refused", "submission_hidden"]);

/** When an event began (ms): an exchange's time is its answer's; a webhook attempt's is its own beginning. */
export function beginningOf(event: TimelineEvent): number {
  return EXCHANGES.has(event.type) ? at(event.at) - (event.durationMs ?? 0) : at(event.at);
}

/** The panels of a task, the first always there. `width`: of the drawing without the rows' names (px). */
export function panelsOf(task: Task, events: readonly TimelineEvent[], now: number, width: number): Panel[] {
  const panels = [solving(task, events, now, width)];
  const after = afterwards(task, events, now, width);
  if (after !== null) panels.push(after);
  const late = laterAttempts(task, events, now, width);
  if (late !== null) panels.push(late);
  return panels;
}

function solving(task: Task, events: readonly TimelineEvent[], now: number, width: number): Panel {
  const from = at(task.createdAt);
  const finished = task.finishedAt === null ? null : at(task.finishedAt);
  const to = finished ?? Math.max(now, from + LEAST_RUNNING_MS);
  const axis = axisOf(from, Math.max(to, from + LEAST_MS), width);
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
        marks: marksOf(axis, events, ({ type }) => EXCHANGES.has(type) || FINAL.has(type)),
      },
    ],
    nowX: finished === null ? xOf(axis, now) : null,
  };
}

const GATEWAY_EVENTS = new Set(["accepted", "waiting", "admitted", "held"]);
const FINAL = new Set(["ready", "failed", "canceled"]);

function afterwards(task: Task, events: readonly TimelineEvent[], now: number, width: number): Panel | null {
  if (task.finishedAt === null) return null;
  const from = at(task.finishedAt);
  const early = events.filter((event) => isAttempt(event) && at(event.at) - from <= EARLY_ATTEMPTS_MS);
  const next = nextAttempt(task);
  const expires = task.solutionExpiresAt === null ? null : at(task.solutionExpiresAt);
  const ends = early.map((event) => at(event.at) + (event.durationMs ?? 0));
  if (next !== null && next - from <= EARLY_ATTEMPTS_MS) ends.push(next);
  if (expires !== null) ends.push(expires);
  if (ends.length === 0) return null;
  const axis = axisOf(from, Math.max(...ends, from + LEAST_MS), width);
  const rows: TimelineRow[] = [];
  if (expires !== null) rows.push({ name: "Solution", spans: lifeOf(axis, task, events, expires), marks: [] });
  const attempts = attemptsRow(axis, events, next, (event) => early.includes(event));
  if (attempts.marks.length > 0) rows.push(attempts);
  return { name: expires === null ? "After the end" : "The solution's life", axis, rows, nowX: inside(axis, now) };
}

function laterAttempts(task: Task, events: readonly TimelineEvent[], now: number, width: number): Panel | null {
  if (task.finishedAt === null) return null;
  const from = at(task.finishedAt);
  const next = nextAttempt(task);
  const ends = events.filter(isAttempt).map((event) => at(event.at) + (event.durationMs ?? 0));
  if (next !== null) ends.push(next);
  const to = Math.max(...ends, from);
  if (to - from <= EARLY_ATTEMPTS_MS) return null;
  const axis = axisOf(from, to, width);
  const row = attemptsRow(axis, events, next, () => true);
  return { name: "All webhook attempts", axis, rows: [row], nowX: inside(axis, now) };
}

/** The solution's life: good for its best time, then good, and cut where it was claimed. */
function lifeOf(axis: Axis, task: Task, events: readonly TimelineEvent[], expires: number): Span[] {
  const claimedEvent = events.find(({ type }) => type === "claimed");
  const end = claimedEvent === undefined ? expires : Math.min(at(claimedEvent.at), expires);
  const best = task.solutionBestBefore === null ? end : Math.min(at(task.solutionBestBefore), end);
  const spans = [spanOf(axis, axis.from, best, "good", "Best used")];
  if (end > best) spans.push(spanOf(axis, best, end, "aging", "Still valid"));
  if (expires > end) spans.push(spanOf(axis, end, expires, "quiet", "Claimed, and erased"));
  return spans;
}

const isAttempt = ({ type }: TimelineEvent): boolean => type === "webhook";

function nextAttempt({ webhook }: Task): number | null {
  return webhook === null || webhook.nextAttemptAt === null ? null : at(webhook.nextAttemptAt);
}

function attemptsRow(
  axis: Axis,
  events: readonly TimelineEvent[],
  next: number | null,
  shown: (event: TimelineEvent) => boolean,
): TimelineRow {
  const marks = marksOf(axis, events, (event) => isAttempt(event) && shown(event));
  if (next !== null && next <= axis.to) {
    marks.push({ shape: "moment", x: xOf(axis, next), width: 0, tone: "next", label: "Next attempt", event: null });
  }
  return { name: "Webhook", spans: [], marks };
}

function marksOf(axis: Axis, events: readonly TimelineEvent[], shown: (event: TimelineEvent) => boolean): Mark[] {
  return events.flatMap((event, index): Mark[] => {
    if (!shown(event)) return [];
    const began = beginningOf(event);
    const x = xOf(axis, began);
    const shape = EXCHANGES.has(event.type) || isAttempt(event) ? "exchange" : "moment";
    const ended = shape === "exchange" ? began + (event.durationMs ?? 0) : began;
    return [{ shape, x, width: xOf(axis, ended) - x, tone: toneOf(event), label: labelOf(event), event: index }];
  });
}

function spanOf(axis: Axis, from: number, to: number, tone: Tone, label: string): Span {
  const x = xOf(axis, from);
  return { x, width: Math.max(xOf(axis, to) - x, 0), tone, label };
}

const inside = (axis: Axis, now: number): number | null => (now >= axis.from && now <= axis.to ? xOf(axis, now) : null);

/** How an event is meant. A poll's detail is `processing` or `ready` where it went well. */
export function toneOf({ type, detail, status }: TimelineEvent): Tone {
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
  held: "Held back",
  submitted: "Submitted",
  submission_refused: "Submission refused",
  submission_hidden: "Submission without an answer",
  poll: "Poll",
  ready: "Ready",
  failed: "Failed",
  canceled: "Canceled",
  claimed: "Solution claimed",
  expired: "Solution expired",
  webhook: "Webhook attempt",
};

/** An event's name. One that this console does not know of keeps its own. */
export function wordsOf({ type }: TimelineEvent): string {
  return Object.hasOwn(WORDS, type) ? (WORDS[type] ?? type) : type;
}

/** What there is to say of an event beside its name: an answer, a fault's tag, a status. */
export function resultOf({ type, detail, status, error }: TimelineEvent): string {
  if (type !== "webhook") return detail ?? "";
  const answered = status === undefined || status === null ? "No answer" : `HTTP ${status}`;
  return error === undefined || error === null ? answered : `${answered}, ${error}`;
}

function labelOf(event: TimelineEvent): string {
  const result = resultOf(event);
  return result === "" ? wordsOf(event) : `${wordsOf(event)}: ${result}`;
}

/** Whether something of a finished task is still to come that this drawing shows, and when (ms); null for nothing. */
export function nextChangeOf(task: Task, now: number): number | null {
  const due = [nextAttempt(task)];
  if (task.solutionState === "available" && task.solutionExpiresAt !== null) due.push(at(task.solutionExpiresAt));
  const ahead = due.filter((moment) => moment !== null);
  return ahead.length === 0 ? null : Math.max(Math.min(...ahead), now);
}
