// The required outcome of each planned task after crashes. Pure: takes a case, and returns a violation or null.

import type { Case, Outage } from "./crash-evidence.ts";
import { unknownSends } from "./crash-evidence.ts";

/** Submissions of one task that the upstream may receive: the first, and one more if its outcome is unknown. */
export const MAX_SENDS = 2;

/** The delay (ms) with which a running or restarted gateway may end a task after its deadline. */
const DEADLINE_SLACK_MS = 3_000;

/** The outcome of a task as text, such as `failed/timeout`. */
const outcomeOf = ({ task: { status, error } }: Case) => (error === null ? status : `${status}/${error.code}`);

/** Describes what is wrong with the outcome of a task, or returns null. */
export function outcomeViolation(one: Case, outages: readonly Outage[]): string | null {
  const { status } = one.task;
  if (status === "queued" || status === "processing") return `is not final but ${status}`;
  if (one.task.finishedAt === null) return "is final without a time";
  const required = requiredOutcome(one);
  const unknown = unknownSends(one).length;
  // Crashes may cause one failure: the upstream accepted the task twice, and both responses were lost.
  const allowed = required !== "canceled" && unknown >= MAX_SENDS && one.task.submissions === MAX_SENDS;
  const outcome = outcomeOf(one);
  if (outcome !== required && !(allowed && outcome === "failed/upstream_unavailable")) {
    return `is ${outcome} instead of ${required}, after ${unknown} unknown outcomes`;
  }
  if (one.task.submissions > MAX_SENDS) return `has ${one.task.submissions} submissions`;
  return codeViolation(one) ?? deadlineViolation(one, unknown, outages);
}

/** The required outcome of a task unless two submissions have an unknown outcome. */
function requiredOutcome(one: Case): string {
  switch (one.planned.kind) {
    case "instant":
    case "delayed":
    case "slow":
    case "flaky":
      return "ready";
    case "unsolvable":
      return "failed/unsolvable";
    case "rejected":
      return "failed/upstream_rejected";
    case "malformed":
      return "failed/upstream_unavailable";
    case "unavailable":
    case "endless":
      return lastRequestFailed(one) ? "failed/upstream_unavailable" : "failed/timeout";
    case "canceled":
      return "canceled";
    case "raced":
      return one.cancelStatus === 200 ? "canceled" : "ready";
  }
}

/** Whether the last request to the upstream in the timeline was a submission that failed. */
function lastRequestFailed({ events }: Case): boolean {
  const requests = events.filter(({ type }) => /^(submitted|submission_\w+|poll)$/.test(type));
  return requests.at(-1)?.type.startsWith("submission_") === true;
}

function codeViolation({ planned: { kind }, task: { error } }: Case): string | null {
  const required =
    error?.code === "unsolvable"
      ? "ERROR_CAPTCHA_UNSOLVABLE"
      : error?.code === "upstream_rejected"
        ? "ERROR_BAD_REQUEST"
        : undefined;
  return error?.upstreamCode === required ? null : `(${kind}) has the upstream code ${String(error?.upstreamCode)}`;
}

/** A task may fail by its deadline only after it has passed, and soon after. */
function deadlineViolation(one: Case, unknown: number, outages: readonly Outage[]): string | null {
  const { kind } = one.planned;
  if ((kind !== "unavailable" && kind !== "endless") || unknown >= MAX_SENDS) return null;
  const deadlineAt = Date.parse(one.task.deadlineAt);
  const finishedAt = Date.parse(one.task.finishedAt ?? "");
  if (finishedAt < deadlineAt) return `failed ${deadlineAt - finishedAt} ms before its deadline`;
  // A deadline that passes while the gateway is down takes effect after the restart.
  const outage = outages.findLast(
    ({ killedAt, upAt }) => killedAt <= finishedAt && deadlineAt - DEADLINE_SLACK_MS <= upAt,
  );
  const due = Math.max(deadlineAt, outage?.upAt ?? 0) + DEADLINE_SLACK_MS;
  return finishedAt <= due ? null : `failed ${finishedAt - deadlineAt} ms after its deadline`;
}
