// The wire of tasks as the client's users see it: plain types with a word on each field, so that the published declarations need no
// zod. They hold no logic. `test/unit/client-types.test.ts` binds each of them to its schema in both directions: a field that
// drifts does not compile.

/** Where a task stands. `queued` and `processing` pass; the other three are final, and nothing leaves them. */
export type TaskStatus = "queued" | "processing" | "ready" | "failed" | "canceled";

/** `live` tasks spend the operator's upstream account; `test` tasks go to the sandbox inside the gateway and cost nothing. */
export type TaskMode = "live" | "test";

/** Whether a solution is there: `claimed` was handed out by a claim, `expired` died of age. Both are erased. */
export type SolutionState = "none" | "available" | "claimed" | "expired";

/** Why a task failed. */
export type TaskErrorCode =
  | "upstream_rejected"
  | "unsolvable"
  | "upstream_unavailable"
  | "timeout"
  | "quota_exceeded"
  | "tenant_suspended"
  | "internal";

/** The one kind of task that there is. */
export interface SolveTask {
  readonly type: "RecaptchaV3TaskProxyless";
  /** The page's address (http or https); its host must be on the tenant's allow-list. */
  readonly websiteURL: string;
  /** The page's site key. */
  readonly websiteKey: string;
  /** The page's action; a wrong one makes the result void. */
  readonly pageAction: string;
  /** The new value of protobuf field 9 of the reload packet, for a second verification. */
  readonly checkField?: string | undefined;
  /** The page's `document.title`. */
  readonly websiteTitle?: string | undefined;
  /** Always true for this type, and may be left out. */
  readonly isInvisible?: true | undefined;
}

/** A task to solve; its type may be left out. */
export interface SolveInput extends Omit<SolveTask, "type"> {
  readonly type?: SolveTask["type"] | undefined;
}

/** The task as accepted, defaults filled in. */
export interface AcceptedTask extends Omit<SolveTask, "isInvisible"> {
  readonly isInvisible: true;
}

/** The body of a creation, as it stands on the wire. */
export interface CreateTask {
  readonly task: SolveTask;
  /** Where the result is sent; the tenant's endpoint where it is left out. */
  readonly webhookUrl?: string | undefined;
  /** Yours, handed back as it is: at most 16 entries, keys of 64 and values of 512 characters. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** The task's deadline in seconds, 10 to 300; by default the gateway's, 120 unless its operator chose another. */
  readonly timeoutSeconds?: number | undefined;
}

/** What `tasks.create` takes: the wire's body, in which the task's type may be left out. */
export interface CreateInput extends Omit<CreateTask, "task"> {
  readonly task: SolveInput;
}

/** A solution. Single use, dead after 120 s, best used within 60 s. Fields that upstream adds ride along, unnamed here. */
export interface Solution {
  readonly gRecaptchaResponse: string;
  readonly cookies?: Readonly<Record<string, string>> | undefined;
  /** Send this `user-agent` with the token: some sites match it. */
  readonly userAgent: string;
  /** Send this `sec-ch-ua` with the token. */
  readonly secChUa: string;
}

/** Why a task failed, in words. */
export interface TaskError {
  readonly code: TaskErrorCode;
  readonly message: string;
  /** Upstream's own code, where it gave one. */
  readonly upstreamCode?: string | undefined;
}

/** How the webhook of a task fares. */
export interface Delivery {
  readonly url: string;
  readonly state: "pending" | "delivered" | "exhausted";
  readonly attempts: number;
  /** The HTTP status of the last attempt; null where none was made or no answer came. */
  readonly lastStatus: number | null;
  readonly nextAttemptAt: string | null;
}

/** A task. Times are RFC 3339 in UTC with milliseconds. */
export interface Task {
  /** `tsk_` and 64 hex digits. */
  readonly id: string;
  readonly status: TaskStatus;
  readonly mode: TaskMode;
  readonly task: AcceptedTask;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: string;
  /** When upstream took it. */
  readonly submittedAt: string | null;
  readonly finishedAt: string | null;
  readonly deadlineAt: string;
  /** Null until the task is ready, and again once the solution is claimed or expired. */
  readonly solution: Solution | null;
  readonly solutionState: SolutionState;
  /** When the solution dies; never too late. */
  readonly solutionExpiresAt: string | null;
  /** Until when the solution is best used. */
  readonly solutionBestBefore: string | null;
  /** Of a failed task; else null. */
  readonly error: TaskError | null;
  /** Questions to upstream so far; after an eviction a lower bound. */
  readonly polls: number;
  /** Sends that upstream took or may have taken. */
  readonly submissions: number;
  /** Null where there is nowhere to send the result. */
  readonly webhook: Delivery | null;
}

/** A task that is ready, with its solution at hand. */
export interface SolvedTask extends Task {
  readonly status: "ready";
  readonly solution: Solution;
  readonly solutionState: "available";
  readonly error: null;
}

/** A task that was ready, whose solution has been claimed or has expired. */
export interface SpentTask extends Task {
  readonly status: "ready";
  readonly solution: null;
  readonly solutionState: "claimed" | "expired";
  readonly error: null;
}

/** A task that failed. */
export interface FailedTask extends Task {
  readonly status: "failed";
  readonly solution: null;
  readonly solutionState: "none";
  readonly error: TaskError;
}

/** A task that was canceled. */
export interface CanceledTask extends Task {
  readonly status: "canceled";
  readonly solution: null;
  readonly solutionState: "none";
  readonly error: null;
}

/** A task at its end: `status` tells which, and `solutionState` whether a ready one still has its solution. */
export type FinalTask = SolvedTask | SpentTask | FailedTask | CanceledTask;

/** One entry of a task's timeline. */
export interface TimelineEvent {
  readonly at: string;
  /**
   * accepted, waiting, admitted, held, submitted, submission_refused, submission_hidden, poll, ready, failed, canceled, claimed,
   * expired, webhook.
   */
  readonly type: string;
  /** Milliseconds. */
  readonly durationMs?: number | undefined;
  /** A short tag, such as `http_503`. */
  readonly detail?: string | undefined;
  /** Of a webhook attempt: the HTTP status, null where no answer came. */
  readonly status?: number | null | undefined;
  /** Of a webhook attempt: why it failed, null where the status says it all. */
  readonly error?: string | null | undefined;
}

/** A task as the list shows it. */
export interface TaskSummary {
  readonly id: string;
  readonly status: TaskStatus;
  /** The host of the task's `websiteURL`. */
  readonly website: string;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  /** Milliseconds from upstream's acceptance to the solution. */
  readonly solveMs: number | null;
  readonly errorCode: TaskErrorCode | null;
  readonly webhookState: Delivery["state"] | null;
}

/** One page of the list. */
export interface TaskPage {
  readonly tasks: readonly TaskSummary[];
  /** The place where the next page begins; null on the last one. */
  readonly nextCursor: string | null;
}
