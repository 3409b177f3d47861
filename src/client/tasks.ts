// The calls of /v1/tasks, one method each. Whoever wants a solution and nothing else wants `Solvegate.solve`.

import { readPage, readSolution, readTask, readTimeline } from "./answers.ts";
import { creationOf, sendCreation } from "./creation.ts";
import { SolvegateError } from "./error.ts";
import { followTask, taskPath } from "./follow.ts";
import { finiteSecondsOf } from "./given.ts";
import { type Transport, withQuery } from "./transport.ts";
import type { CreateInput, FinalTask, Solution, Task, TaskStatus, TaskSummary, TimelineEvent } from "./types.ts";

/** What every call takes. */
export interface CallOptions {
  /** Ends the call, which then throws the signal's reason. What the gateway has begun to do, it does. */
  readonly signal?: AbortSignal | undefined;
}

export interface CreateOptions extends CallOptions {
  /** By default a new one for each call. With one of your own, the same creation gives the same task for as long as that lives. */
  readonly idempotencyKey?: string | undefined;
}

export interface WaitOptions extends CallOptions {
  /** How long (s) to wait; by default until the task is final, which takes no task more than 300 s. */
  readonly timeoutSeconds?: number | undefined;
  /** Gets the task as first seen, and at each change. What it throws ends the wait; a promise of it is awaited. */
  readonly onProgress?: ((task: Task) => unknown) | undefined;
}

export interface ListOptions extends CallOptions {
  /** Only tasks that stand there. */
  readonly status?: TaskStatus | undefined;
  /** Tasks asked for at once, 1 to 100, by default 50: the list goes on behind them. */
  readonly limit?: number | undefined;
}

/** The longest deadline of a task (300 s) and a little, in ms: by then every task is final. */
const LONGEST_LIFE_MS = 305_000;

/** Cursors that the list remembers, so that none leads back: as many pages as hold 100,000 tasks. */
const MOST_CURSORS = 1_000;

/** Pages without a task, one after another, that the list goes through. A gateway sends no such page but the last. */
const MOST_EMPTY_PAGES = 20;

const endlessList = () =>
  new SolvegateError("unexpected_answer", "The list's pages lead in a circle, or on and on without a task");

/** The tasks of a tenant, of the key's mode. */
export class Tasks {
  readonly #transport: Transport;
  readonly #waitSeconds: number;

  /** @param waitSeconds how long one read is held at the most */
  constructor(transport: Transport, waitSeconds: number) {
    this.#transport = transport;
    this.#waitSeconds = waitSeconds;
  }

  /** Submits a task, and does not wait for it. Its idempotency key makes it safe to repeat, and it is repeated. */
  async create(input: CreateInput, options: CreateOptions = {}): Promise<Task> {
    const { idempotencyKey, signal } = options;
    return (await sendCreation(this.#transport, creationOf(input, idempotencyKey), { signal })).value;
  }

  /** The task as it stands. */
  async get(id: string, { signal }: CallOptions = {}): Promise<Task> {
    const call = { method: "GET", path: taskPath(id), repeatable: "any", read: readTask, signal } as const;
    return (await this.#transport.call(call)).value;
  }

  /**
   * The task at its end, whichever that is. Giving up, by time or by signal, leaves the task alone.
   * @throws RangeError for a `timeoutSeconds` that is no finite number
   * @throws SolvegateError `deadline_exceeded`, with the task as last seen, when it is not final in time
   */
  async wait(id: string, options: WaitOptions = {}): Promise<FinalTask> {
    const { timeoutSeconds, signal, onProgress } = options;
    const deadline =
      Date.now() +
      (timeoutSeconds === undefined ? LONGEST_LIFE_MS : finiteSecondsOf("timeoutSeconds", timeoutSeconds) * 1_000);
    const follow = { deadline, waitSeconds: this.#waitSeconds, signal, onProgress };
    return (await followTask(this.#transport, id, follow)).value;
  }

  /** Cancels a task; again, the same. 409 `task_finished` where it is ready or failed. */
  async cancel(id: string, { signal }: CallOptions = {}): Promise<Task> {
    const path = `${taskPath(id)}/cancel`;
    return (await this.#transport.call({ method: "POST", path, repeatable: "any", read: readTask, signal })).value;
  }

  /**
   * Takes the solution, which is handed out exactly once ever. So a claim whose answer is lost is not repeated: it would be refused
   * with `already_claimed`, and nobody could tell by whom. It throws `network_error`, and the solution may be gone.
   */
  async claim(id: string, { signal }: CallOptions = {}): Promise<Solution> {
    const path = `${taskPath(id)}/claim`;
    return (await this.#transport.call({ method: "POST", path, repeatable: "refused", read: readSolution, signal }))
      .value;
  }

  /** The task's timeline, in the order of time. */
  async events(id: string, { signal }: CallOptions = {}): Promise<readonly TimelineEvent[]> {
    const path = `${taskPath(id)}/events`;
    return (await this.#transport.call({ method: "GET", path, repeatable: "any", read: readTimeline, signal })).value;
  }

  /** Sends the webhook again, in a fresh round of attempts. Repeated where its answer is lost: receivers know a webhook by its id. */
  async redeliver(id: string, { signal }: CallOptions = {}): Promise<Task> {
    const path = `${taskPath(id)}/redeliver`;
    return (await this.#transport.call({ method: "POST", path, repeatable: "any", read: readTask, signal })).value;
  }

  /**
   * The tasks of the last 30 days, newest first. A page is asked for when the one before it is used up.
   * @throws SolvegateError `unexpected_answer`, too, where the pages lead in a circle: the list would have no end
   */
  async *list(options: ListOptions = {}): AsyncGenerator<TaskSummary, void, undefined> {
    const { status, limit, signal } = options;
    const cursors = new Set<string>();
    let emptyPages = 0;
    for (let cursor: string | null = null; ; ) {
      const path = withQuery("/v1/tasks", { status, limit, cursor });
      const { value: page } = await this.#transport.call({
        method: "GET",
        path,
        repeatable: "any",
        read: readPage,
        signal,
      });
      yield* page.tasks;
      cursor = page.nextCursor;
      if (cursor === null) return;
      emptyPages = page.tasks.length === 0 ? emptyPages + 1 : 0;
      if (cursors.has(cursor) || emptyPages >= MOST_EMPTY_PAGES) throw endlessList();
      cursors.add(cursor);
      const [oldest] = cursors;
      if (cursors.size > MOST_CURSORS && oldest !== undefined) cursors.delete(oldest);
    }
  }
}
