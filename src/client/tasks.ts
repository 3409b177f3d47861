// The calls of /v1/tasks. To get a solution and nothing else, use `Solvegate.solve`.

import { eachPage } from "./pages.ts";
import type { Answer } from "./response.ts";
import { readSolution, readTask, readTaskList, readTimeline } from "./shapes.ts";
import type { Call, CallOptions, Transport } from "./transport.ts";
import type {
  FinalTask,
  NewTask,
  PageOptions,
  Solution,
  Task,
  TaskFilter,
  TaskList,
  TaskSummary,
  TimelineEntry,
} from "./types.ts";
import { finiteSeconds, positiveSeconds, secondsFromZero, validIdempotencyKey } from "./validate-options.ts";
import { taskPath, waitForCompletion } from "./wait-for-completion.ts";

export interface LongPollOptions extends CallOptions {
  /** The gateway responds when the task is finished, or after this time (s); 60 at most, and at once by default. */
  readonly waitSeconds?: number | undefined;
}

export interface CreateOptions extends LongPollOptions {
  /**
   * By default a new one per call. With one of your own, the same creation returns the same task for as long as that task can be
   * read.
   */
  readonly idempotencyKey?: string | undefined;
}

export interface WaitOptions extends CallOptions {
  /** How long (s) to wait. By default until the task is finished, which takes at most 300 s. */
  readonly timeoutSeconds?: number | undefined;
  /** Called with the task as first seen and after each change. What it throws ends the wait; a promise is awaited. */
  readonly onProgress?: ((task: Task) => unknown) | undefined;
}

/** Filters, and `limit`: how many tasks are requested at a time. The list continues behind them. */
export interface ListTasksOptions extends TaskFilter, Pick<PageOptions, "limit">, CallOptions {}

export interface TaskPageOptions extends TaskFilter, PageOptions, CallOptions {}

/** The longest deadline of a task (300 s) and a little, in ms: by then every task is finished. */
const MAX_TASK_MS = 305_000;

/** A creation as it is sent, any number of times: one body and one idempotency key, so that there is one task. */
export interface Creation {
  readonly body: string;
  readonly idempotencyKey: string;
}

/**
 * @throws TypeError for an invalid idempotency key
 * @throws RangeError for a time that is not a finite number: JSON has none, and would send null
 */
export function creationOf(input: NewTask, idempotencyKey: string = crypto.randomUUID()): Creation {
  if (input.timeoutSeconds !== undefined) positiveSeconds("timeoutSeconds", input.timeoutSeconds);
  const { type = "RecaptchaV3TaskProxyless", ...task } = input.task;
  return {
    body: JSON.stringify({ ...input, task: { type, ...task } }),
    idempotencyKey: validIdempotencyKey(idempotencyKey),
  };
}

/** Sends a creation until it gets a task. */
export function sendCreation(
  transport: Transport,
  creation: Creation,
  options: Pick<Call<Task>, "deadline" | "signal" | "attempts" | "holdSeconds">,
): Promise<Answer<Task>> {
  const call = { method: "POST", path: "/v1/tasks", idempotent: true, read: readTask } as const;
  return transport.call<Task>({ ...call, ...creation, ...options });
}

/** The tasks of the key's tenant and mode. */
export class Tasks {
  readonly #transport: Transport;
  readonly #waitSeconds: number;

  /** @param waitSeconds the longest long poll of `wait` */
  constructor(transport: Transport, waitSeconds: number) {
    this.#transport = transport;
    this.#waitSeconds = waitSeconds;
  }

  /** Creates a task without waiting for its solution. It is retried safely: its idempotency key makes repeats one task. */
  async create(input: NewTask, options: CreateOptions = {}): Promise<Task> {
    const { idempotencyKey, signal, waitSeconds } = options;
    const holdSeconds = holdOf(waitSeconds);
    return (await sendCreation(this.#transport, creationOf(input, idempotencyKey), { signal, holdSeconds })).value;
  }

  /** The task in its current state. */
  get(id: string, { signal, waitSeconds }: LongPollOptions = {}): Promise<Task> {
    const holdSeconds = holdOf(waitSeconds);
    const call = { method: "GET", path: taskPath(id), idempotent: true, read: readTask } as const;
    return this.#transport.value({ ...call, holdSeconds, signal });
  }

  /**
   * The finished task, with or without a solution. The end of the wait, by time or signal, does not cancel the task.
   * @throws RangeError for a `timeoutSeconds` that is not a finite number
   * @throws SolvegateError `deadline_exceeded`, with the task as last seen, if it does not finish in time
   */
  async wait(id: string, options: WaitOptions = {}): Promise<FinalTask> {
    const { timeoutSeconds, signal, onProgress } = options;
    const waitMs = timeoutSeconds === undefined ? MAX_TASK_MS : finiteSeconds("timeoutSeconds", timeoutSeconds) * 1_000;
    const wait = { deadline: Date.now() + waitMs, waitSeconds: this.#waitSeconds, signal, onProgress };
    return (await waitForCompletion(this.#transport, id, wait)).value;
  }

  /** Cancels a task, once or repeatedly. A ready or failed one is 409 `task_finished`. */
  cancel(id: string, { signal }: CallOptions = {}): Promise<Task> {
    return this.#transport.send("POST", `${taskPath(id)}/cancel`, readTask, { idempotent: true, signal });
  }

  /**
   * Takes the solution, which is handed out exactly once. A claim whose response is lost is not retried, because the answer would be
   * `already_claimed` without saying by whom: it throws `network_error`, and the solution may be gone.
   */
  claim(id: string, { signal }: CallOptions = {}): Promise<Solution> {
    return this.#transport.send("POST", `${taskPath(id)}/claim`, readSolution, { signal });
  }

  /** The task's timeline, oldest entry first. */
  async events(id: string, { signal }: CallOptions = {}): Promise<TimelineEntry[]> {
    return (await this.#transport.get(`${taskPath(id)}/events`, readTimeline, { signal })).events;
  }

  /** Sends the webhook again, in a new delivery cycle. It is retried: receivers remove duplicates by `webhook-id`. */
  redeliver(id: string, { signal }: CallOptions = {}): Promise<Task> {
    return this.#transport.send("POST", `${taskPath(id)}/redeliver`, readTask, { idempotent: true, signal });
  }

  /** One page of the list, newest task first. It may be short or empty: the list ends where `nextCursor` is null. */
  page(options: TaskPageOptions = {}): Promise<TaskList> {
    return this.#transport.get("/v1/tasks", readTaskList, options);
  }

  /**
   * The tasks of the last 30 days, newest first. Pages are requested as they are needed.
   * @throws SolvegateError `unexpected_answer` when the pages form a loop
   */
  async *list(options: ListTasksOptions = {}): AsyncGenerator<TaskSummary, void, undefined> {
    for await (const { tasks } of eachPage((cursor) => this.page({ ...options, cursor }))) yield* tasks;
  }
}

/** The longest `Prefer: wait` (s) of the gateway. */
export const MAX_WAIT_S = 60;

function holdOf(waitSeconds: number | undefined): (() => number) | undefined {
  if (waitSeconds === undefined) return undefined;
  const seconds = Math.min(Math.floor(secondsFromZero("waitSeconds", waitSeconds)), MAX_WAIT_S);
  return () => seconds;
}
