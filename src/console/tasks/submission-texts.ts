// What a task page says about a task that waits or is canceled: the reason, and whether it may be charged. Pure.

import type { Task } from "../../client/index.ts";
import { isFinal } from "../../tasks/status.ts";

interface WaitingText {
  readonly title: string;
  readonly detail: string;
}

/** Why a task waits, and what happens next. Null if it does not wait. */
export function waitingText({ status, waitingFor, submissions }: Task): WaitingText | null {
  if (isFinal(status) || waitingFor == null) return null;
  if (submissions > 0) {
    return {
      title: "Sent once with an unknown outcome: the upstream's response was lost.",
      detail: "It may have been charged. It is sent once more when an account accepts it, or fails at its deadline.",
    };
  }
  return waitingFor === "slot"
    ? {
        title: "Waiting for a free slot: your tenant is at its limit of tasks in flight.",
        detail: "It is submitted when one of them ends, or fails at its deadline without a charge.",
      }
    : {
        title: "Held: no upstream account accepts tasks at the moment.",
        detail: "It is submitted as soon as an account works again, or fails at its deadline without a charge.",
      };
}

/** What canceling a task means for its cost. */
export function cancellationText({ submittedAt, submissions }: Task): string {
  if (submittedAt !== null) return "The upstream may still charge for it, and its result is not fetched.";
  // The counter does not include a submission that is under way.
  return submissions > 0
    ? "It was sent with an unknown outcome, so it may have been charged."
    : "No upstream has accepted it, so nothing is charged unless it is being submitted right now.";
}
