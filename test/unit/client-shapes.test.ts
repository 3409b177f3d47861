// The client's checks of response bodies, and the types that they narrow to.

import * as fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { SolvegateErrorCode, WebhookEvent } from "../../src/client/index.ts";
import * as shapes from "../../src/client/shapes.ts";
import type * as wire from "../../src/client/types.ts";
import type { ERROR_CODES } from "../../src/errors.ts";
import { presentTask, presentTimeline } from "../../src/tasks/present.ts";
import { newRecord } from "../../src/tasks/record.ts";
import type { TASK_ERROR_CODES, TaskStatus } from "../../src/tasks/status.ts";
import { TASK_STATUSES } from "../../src/tasks/status.ts";
import { AT, aNewTask, failedRecord, processing, readyRecord } from "../support/records.ts";

describe("the client's types", () => {
  it("narrow a finished task by its status and solution state", () => {
    expectTypeOf<Extract<wire.FinalTask, { status: "failed" }>["error"]>().toEqualTypeOf<wire.TaskError>();
    expectTypeOf<Extract<wire.FinalTask, { solutionState: "available" }>["solution"]>().toEqualTypeOf<wire.Solution>();
    expectTypeOf<wire.FinalTask["status"]>().toEqualTypeOf<Exclude<TaskStatus, "queued" | "processing">>();
  });

  it("narrow an event's data by its type", () => {
    type Data<Type> = Extract<WebhookEvent, { type: Type }>["data"];
    expectTypeOf<Data<"task.ready">>().toEqualTypeOf<wire.SolvedTask | wire.SpentTask>();
    expectTypeOf<Data<"task.failed">["error"]>().toEqualTypeOf<wire.TaskError>();
    expectTypeOf<Data<"webhook.test">>().toEqualTypeOf<{ tenantId: string }>();
  });

  it("include every error code of the gateway", () => {
    expectTypeOf<(typeof ERROR_CODES | typeof TASK_ERROR_CODES)[number]>().toExtend<SolvegateErrorCode>();
  });
});

describe("the client's checks", () => {
  const RECORDS = {
    queued: newRecord(aNewTask(), AT),
    processing: processing(),
    ready: readyRecord(),
    failed: failedRecord(),
    canceled: { ...processing(), status: "canceled" as const, finishedAt: AT },
  };

  it.each(TASK_STATUSES)("accept a %s task of the gateway", (status) => {
    const task = JSON.parse(JSON.stringify(presentTask(RECORDS[status])));
    expect(shapes.readTask(task, 200)).toBe(task);
    expect(task.status).toBe(status);
  });

  it.each([
    ["no id", { id: undefined }],
    ["an unknown status", { status: "solved" }],
    ["a failure without its error", { status: "failed", error: null }],
    ["a solution without its token", { solution: { userAgent: "Solver/1" } }],
  ])("reject a task with %s", (_what, change) => {
    expect(shapes.readTask({ ...presentTask(readyRecord()), ...change }, 200)).toBeUndefined();
  });

  it("accept a timeline of the gateway", () => {
    const events = presentTimeline(readyRecord());
    expect(shapes.readTimeline({ events }, 200)).toEqual({ events });
  });

  const checks = Object.entries(shapes).filter(([name]) => name.startsWith("read"));
  const read = (check: unknown, body: unknown) => (check as (body: unknown, status: number) => unknown)(body, 200);

  it.each(checks)("reject other values: %s", (_name, check) => {
    for (const body of [undefined, null, [], [{}], {}, "", "text", 0, true]) expect(read(check, body)).toBeUndefined();
  });

  it("never throw, whatever the JSON", () => {
    expect(checks.length).toBeGreaterThan(8);
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        for (const [, check] of checks) read(check, body);
      }),
      { numRuns: 500 },
    );
  });
});
