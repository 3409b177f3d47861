// Submissions of a task whose object can be lost at any time. Only what is stored survives, and storage does not always know whether a
// createTask was sent. Two promises: the upstream gets the task at most twice, and `submissions` counts every send that it took.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isVolatile } from "../../src/tasks/durability.ts";
import type { AdmissionOutcome, TaskEvent } from "../../src/tasks/events.ts";
import { applyEvent } from "../../src/tasks/lifecycle.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import { newRecord, taskRecordSchema } from "../../src/tasks/record.ts";
import { isFinal } from "../../src/tasks/status.ts";
import { nextAction, nextWakeAt } from "../../src/tasks/timers.ts";
import type { CreateOutcome } from "../../src/upstream/protocol.ts";
import { AT, aNewTask, submitted } from "../support/records.ts";
import { admissionOutcome, createOutcome } from "../support/task-events.ts";

/** What one alarm meets, and when its object is lost, if at all. */
interface Turn {
  readonly lost: "never" | "before the alarm" | "after the admission" | "before the send" | "during the send";
  readonly admission: AdmissionOutcome;
  readonly held: boolean;
  readonly create: CreateOutcome;
}

const turns: fc.Arbitrary<Turn[]> = fc.array(
  fc.record({
    lost: fc.oneof(
      { arbitrary: fc.constant("never" as const), weight: 2 },
      fc.constantFrom(
        "before the alarm" as const,
        "after the admission" as const,
        "before the send" as const,
        "during the send" as const,
      ),
    ),
    admission: fc.oneof({ arbitrary: fc.constant({ tag: "admitted" as const }), weight: 4 }, admissionOutcome),
    held: fc.oneof({ arbitrary: fc.constant(false), weight: 4 }, fc.boolean()),
    create: createOutcome,
  }),
  { minLength: 1, maxLength: 12 },
);

/** A task's object: its memory, and its storage. */
class SimulatedTask {
  #memory: TaskRecord;
  #stored: TaskRecord;
  now = AT;
  /** Sends that the upstream took, and sends that it may have taken. */
  taken = 0;
  sent = 0;

  constructor() {
    this.#memory = newRecord(aNewTask({ timeoutMs: 300_000 }), AT);
    this.#stored = this.#memory;
  }

  get record(): TaskRecord {
    return this.#memory;
  }

  #apply(event: TaskEvent): void {
    const before = this.#memory;
    this.#memory = applyEvent(before, event, this.now);
    if (this.#memory !== before && !isVolatile(before, event)) this.#stored = this.#memory;
  }

  #lose(): void {
    this.#memory = taskRecordSchema.parse(JSON.parse(JSON.stringify(this.#stored)));
    this.#apply({ tag: "interrupted" });
  }

  /** One alarm, or what of it came before the object was lost. */
  wake(turn: Turn): void {
    const { lost } = turn;
    this.now = nextWakeAt(this.#memory, this.now);
    if (lost === "before the alarm") this.#lose();
    this.#admit(turn);
    if (lost === "after the admission") this.#lose();
    else if (nextAction(this.#memory, this.now).tag === "submit") this.#submit(turn);
  }

  #admit({ admission }: Turn): void {
    this.#apply({ tag: "clock" });
    if (nextAction(this.#memory, this.now).tag === "admit") this.#apply({ tag: "admission", outcome: admission });
  }

  #submit({ lost, held, create }: Turn): void {
    if (held) {
      this.#apply({ tag: "held", reason: "upstream_unavailable", until: this.now + 15_000 });
      return;
    }
    this.#apply({ tag: "submitting" });
    if (lost === "before the send") {
      this.#lose();
      return;
    }
    this.sent += 1;
    if (["created", "ready", "unknown"].includes(create.tag)) this.taken += 1;
    const sentAt = this.now;
    this.now += 10;
    if (lost === "during the send") this.#lose();
    else this.#apply(submitted(create, sentAt));
  }
}

describe("however often a task's object is lost", () => {
  it("the upstream takes the task at most twice, and every send that it took is counted", () => {
    fc.assert(
      fc.property(turns, (script) => {
        const task = new SimulatedTask();
        for (const turn of script) {
          if (isFinal(task.record.status) || task.record.status === "processing") break;
          task.wake(turn);
          expect(task.taken).toBeLessThanOrEqual(2);
          expect(task.record.submissions).toBeGreaterThanOrEqual(task.taken);
          expect(task.record.submissions).toBeLessThanOrEqual(2);
        }
      }),
      { numRuns: 3_000 },
    );
  });

  it("a task is sent only when its intent is stored", () => {
    fc.assert(
      fc.property(turns, (script) => {
        const task = new SimulatedTask();
        for (const turn of script) {
          if (isFinal(task.record.status) || task.record.status === "processing") break;
          const { sent } = task;
          task.wake({ ...turn, lost: "during the send" });
          // An object that finds a record of a task that was sent knows that its outcome is unknown.
          if (task.sent > sent) expect(task.record.hiddenSubmissions).toBeGreaterThan(0);
        }
      }),
    );
  });
});
