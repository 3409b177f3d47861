// The client's types are those of the wire. Each is held against its schema in both directions: where one drifts this file does not
// compile, and `npm run check` fails. What the compiler cannot see is run: what the gateway says passes the client's guards.

import * as fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { SolvegateErrorCode, WebhookEvent } from "../../src/client/index.ts";
import * as answers from "../../src/client/shapes.ts";
import type * as wire from "../../src/client/types.ts";
import { ERROR_CODES } from "../../src/errors.ts";
import { presentTask, presentTimeline } from "../../src/tasks/present.ts";
import { newRecord } from "../../src/tasks/record.ts";
import { TASK_ERROR_CODES, TASK_STATUSES, type TaskStatus } from "../../src/tasks/status.ts";
import { AT, aNewTask, failedRecord, processing, readyRecord } from "../support/records.ts";

describe("the client's types", () => {
  it("tell a task's fields by how it ended", () => {
    expectTypeOf<Extract<wire.FinalTask, { status: "failed" }>["error"]>().toEqualTypeOf<wire.TaskError>();
    expectTypeOf<Extract<wire.FinalTask, { solutionState: "available" }>["solution"]>().toEqualTypeOf<wire.Solution>();
    expectTypeOf<wire.FinalTask["status"]>().toEqualTypeOf<Exclude<TaskStatus, "queued" | "processing">>();
  });

  it("tell an event's data by its type", () => {
    type Data<Type> = Extract<WebhookEvent, { type: Type }>["data"];
    expectTypeOf<Data<"task.ready">>().toEqualTypeOf<wire.SolvedTask | wire.SpentTask>();
    expectTypeOf<Data<"task.failed">["error"]>().toEqualTypeOf<wire.TaskError>();
    expectTypeOf<Data<"webhook.test">>().toEqualTypeOf<{ tenantId: string }>();
  });

  it("take every code of the gateway as an error's", () => {
    const codes: SolvegateErrorCode[] = [...ERROR_CODES, ...TASK_ERROR_CODES];
    expect(new Set(codes).size).toBeGreaterThan(ERROR_CODES.length);
  });
});

describe("the client's guards", () => {
  const RECORDS = {
    queued: newRecord(aNewTask(), AT),
    processing: processing(),
    ready: readyRecord(),
    failed: failedRecord(),
    canceled: { ...processing(), status: "canceled" as const, finishedAt: AT },
  };

  it.each(TASK_STATUSES)("take a %s task as the gateway presents it", (status) => {
    const task = JSON.parse(JSON.stringify(presentTask(RECORDS[status])));
    expect(answers.readTask(task, 200)).toBe(task);
    expect(task.status).toBe(status);
  });

  it.each([
    ["no id", { id: undefined }],
    ["a status that there is not", { status: "solved" }],
    ["a failure without its error", { status: "failed", error: null }],
    ["a solution without its token", { solution: { userAgent: "Solver/1" } }],
  ])("refuse a task with %s", (_what, change) => {
    expect(answers.readTask({ ...presentTask(readyRecord()), ...change }, 200)).toBeUndefined();
  });

  it("take a timeline as the gateway presents it", () => {
    const events = presentTimeline(readyRecord());
    expect(answers.readTimeline({ events }, 200)).toEqual({ events });
  });

  const guards = Object.entries(answers).filter(([name]) => name.startsWith("read"));
  const read = (guard: unknown, body: unknown) => (guard as (body: unknown, status: number) => unknown)(body, 200);

  it.each(guards)("refuse what is nothing of the kind: %s", (_name, guard) => {
    for (const body of [undefined, null, [], [{}], {}, "", "text", 0, true]) expect(read(guard, body)).toBeUndefined();
  });

  it("never throw, whatever JSON they are shown", () => {
    expect(guards.length).toBeGreaterThan(8);
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        for (const [, guard] of guards) read(guard, body);
      }),
      { numRuns: 500 },
    );
  });
});
