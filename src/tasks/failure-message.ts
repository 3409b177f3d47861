// The `error.message` of a failed task: why it failed, and whether the upstream may have charged for it. Pure.

import type { TaskRecord } from "./record.ts";

type SendOutcome = "never_sent" | "not_accepted" | "unknown" | "accepted";

const SEND_OUTCOMES: Readonly<Record<SendOutcome, string>> = {
  never_sent: "The task was never sent to the upstream, so it was not charged.",
  not_accepted: "The upstream did not accept the task, so it was not charged.",
  unknown: "The task was sent to the upstream with an unknown outcome, so it may have been charged.",
  accepted: "The upstream accepted the task and did not solve it.",
};

function sendOutcomeOf({ submittedAt, hiddenSubmissions, sending, rejectedSends = 0 }: TaskRecord): SendOutcome {
  if (submittedAt !== null) return "accepted";
  if (hiddenSubmissions > 0 || sending === true) return "unknown";
  return rejectedSends > 0 ? "not_accepted" : "never_sent";
}

/** The message of a failure that the upstream did not report. `reason` is a sentence. */
export function failureMessage(record: TaskRecord, reason: string): string {
  return `${reason} ${SEND_OUTCOMES[sendOutcomeOf(record)]}`;
}

/** The message of a task that reached its deadline. */
export function deadlineMessage(record: TaskRecord): string {
  return failureMessage(record, deadlineReason(record));
}

function deadlineReason({ status, stage, lastExchangeFailed }: TaskRecord): string {
  if (status === "processing") {
    return lastExchangeFailed
      ? "The upstream did not respond before the deadline."
      : "The task was not solved before its deadline.";
  }
  if (stage === "waiting") return "No slot of the tenant was free before the deadline.";
  return lastExchangeFailed
    ? "No upstream account accepted the task before the deadline."
    : "The task was not submitted before its deadline.";
}

/**
 * The message of a failure that the upstream reported.
 * @param description the upstream's description, or empty
 */
export function answerMessage(record: TaskRecord, description: string): string {
  const details = description === "" ? "" : `: ${description}`;
  if (record.submittedAt !== null) return `The upstream accepted the task and could not solve it${details}`;
  if (record.hiddenSubmissions > 0) {
    return `The upstream rejected the task. An earlier send has an unknown outcome and may have been charged${details}`;
  }
  return `The upstream rejected the task, so it was not charged${details}`;
}
