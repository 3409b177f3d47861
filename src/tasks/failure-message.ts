// What `error.message` says of a failed task: why it failed, and what happened to it at the upstream. Four cases are told apart, because
// they decide whether the task was charged. Pure.

import type { TaskRecord } from "./record.ts";

type Fate = "never_sent" | "not_accepted" | "unknown" | "accepted";

const FATES: Readonly<Record<Fate, string>> = {
  never_sent: "The task was never sent to the upstream, so it was not charged.",
  not_accepted: "The upstream did not accept the task, so it was not charged.",
  unknown: "The task was sent to the upstream with an unknown outcome, so it may have been charged.",
  accepted: "The upstream accepted the task and did not solve it.",
};

function fateOf({ submittedAt, hiddenSubmissions, sending, rejectedSends = 0 }: TaskRecord): Fate {
  if (submittedAt !== null) return "accepted";
  if (hiddenSubmissions > 0 || sending === true) return "unknown";
  return rejectedSends > 0 ? "not_accepted" : "never_sent";
}

/** The message of a failure whose reason is not an answer about this task. `reason` is a sentence. */
export function failureMessage(record: TaskRecord, reason: string): string {
  return `${reason} ${FATES[fateOf(record)]}`;
}

/** The message of a task that was not finished at its deadline. */
export function deadlineMessage(record: TaskRecord): string {
  return failureMessage(record, deadlineReason(record));
}

function deadlineReason({ status, stage, lastExchangeFailed }: TaskRecord): string {
  if (status === "processing") {
    return lastExchangeFailed
      ? "The upstream did not answer before the deadline."
      : "The task was not solved before its deadline.";
  }
  if (stage === "waiting") return "No slot of the tenant was free before the deadline.";
  return lastExchangeFailed
    ? "No upstream account took the task before the deadline."
    : "The task was not submitted before its deadline.";
}

/**
 * The message of a task that the upstream's answer ended.
 * @param attempted whether the upstream tried to solve it, whichever call it answered
 * @param description the upstream's own words, or empty
 */
export function answerMessage(record: TaskRecord, attempted: boolean, description: string): string {
  const details = description === "" ? "" : `: ${description}`;
  if (record.submittedAt !== null || attempted)
    return `The upstream accepted the task and could not solve it${details}`;
  if (record.hiddenSubmissions > 0) {
    return `The upstream rejected the task. An earlier send has an unknown outcome and may have been charged${details}`;
  }
  return `The upstream rejected the task, so it was not charged${details}`;
}
