// The required outcome of each planned task, after any crashes. Pure: takes a case, and returns a violation or null.

import type { Case, Outage } from "./crash-evidence.ts";
import { unknownSends } from "./crash-evidence.ts";

/** Sends of one task that upstream may see: the first, and one more if the outcome of the first is unknown. */
export const MAX_SENDS = 2;

/** A deadline may be noticed this late (ms) by a gateway that is up, or that has just come up. */
const DEADLINE_SLACK_MS = 3_000;

/** What a final state looks like in a complaint: `failed/timeout`. */
const endOf = ({ task: { status, error } }: Case) => (error === null ? status : `${status}/${error.code}`);

/** Says what is wrong with a task's end; null where it is as it must be. */
export function complaintAbout(one: Case, outages: readonly Outage[]): string | null {
  const { status } = one.task;
  if (status === "queued" || status === "processing") return `is not final but ${status}`;
  if (one.task.finishedAt === null) return "is final without a time";
  const wanted = endWanted(one);
  const hidden = unknownSends(one).length;
  // The one failure that crashes excuse: upstream accepted the task twice, and both answers were lost.
  const excused = wanted !== "canceled" && hidden >= MAX_SENDS && one.task.submissions === MAX_SENDS;
  const end = endOf(one);
  if (end !== wanted && !(excused && end === "failed/upstream_unavailable")) {
    return `is ${end} instead of ${wanted}, after ${hidden} unknown outcomes`;
  }
  if (one.task.submissions > MAX_SENDS) return `says that it was submitted ${one.task.submissions} times`;
  return complaintAboutCode(one) ?? complaintAboutDeadline(one, hidden, outages);
}

/** The required outcome of a task unless two submissions have an unknown outcome. */
function endWanted(one: Case): string {
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
      return lastExchangeFailed(one) ? "failed/upstream_unavailable" : "failed/timeout";
    case "canceled":
      return "canceled";
    case "raced":
      return one.cancelStatus === 200 ? "canceled" : "ready";
  }
}

/** Whether the last upstream request before the solution failed or was rejected, by the timeline. */
function lastExchangeFailed({ events }: Case): boolean {
  const exchanges = events.filter(({ type }) => /^(submitted|submission_\w+|poll)$/.test(type));
  return exchanges.at(-1)?.type.startsWith("submission_") === true;
}

function complaintAboutCode({ planned: { kind }, task: { error } }: Case): string | null {
  const wanted =
    error?.code === "unsolvable"
      ? "ERROR_CAPTCHA_UNSOLVABLE"
      : error?.code === "upstream_rejected"
        ? "ERROR_BAD_REQUEST"
        : undefined;
  return error?.upstreamCode === wanted ? null : `(${kind}) has the upstream code ${String(error?.upstreamCode)}`;
}

/** A deadline is the reason only once it has passed, and then soon. */
function complaintAboutDeadline(one: Case, hidden: number, outages: readonly Outage[]): string | null {
  const { kind } = one.planned;
  if ((kind !== "unavailable" && kind !== "endless") || hidden >= MAX_SENDS) return null;
  const deadlineAt = Date.parse(one.task.deadlineAt);
  const finishedAt = Date.parse(one.task.finishedAt ?? "");
  if (finishedAt < deadlineAt) return `failed ${deadlineAt - finishedAt} ms before its deadline`;
  // A deadline that passes while the gateway is down is noticed once it is up.
  const outage = outages.findLast(
    ({ killedAt, upAt }) => killedAt <= finishedAt && deadlineAt - DEADLINE_SLACK_MS <= upAt,
  );
  const due = Math.max(deadlineAt, outage?.upAt ?? 0) + DEADLINE_SLACK_MS;
  return finishedAt <= due ? null : `noticed its deadline ${finishedAt - deadlineAt} ms late`;
}
