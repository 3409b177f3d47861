import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import type { TaskObject } from "../tasks/object.ts";
import { objectIdOf, TASK_ID_PREFIX } from "../tasks/task-id.ts";

/** Calls from a tenant's object to its task objects. */
export class TaskCalls {
  readonly #env: () => Pick<Env, "TASKS">;
  readonly #host: Pick<DurableObjectState, "waitUntil">;

  constructor(env: () => Pick<Env, "TASKS">, host: Pick<DurableObjectState, "waitUntil">) {
    this.#env = env;
    this.#host = host;
  }

  /** Wakes tasks in the background. If a call fails, the task wakes by its own alarm. */
  wake(taskIds: readonly string[]): void {
    for (const taskId of taskIds) {
      this.#host.waitUntil(
        this.stub(taskId)
          .wake(taskId)
          .catch((error: unknown) => {
            log("warn", "task_unreached", { taskId: TASK_ID_PREFIX + taskId, ...describeError(error) });
          }),
      );
    }
  }

  /** A stub of a task's object. `taskId` is without its prefix. */
  stub(taskId: string): DurableObjectStub<TaskObject> {
    const { TASKS } = this.#env();
    return TASKS.get(TASKS.idFromString(objectIdOf(taskId)));
  }
}
