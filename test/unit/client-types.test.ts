// The client's types are those of the wire. Each is held against its schema in both directions: where one drifts this file does not
// compile, and `npm run check` fails. What the compiler cannot see is run: what the gateway says passes the client's guards.

import * as fc from "fast-check";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import type * as account from "../../src/client/account-types.ts";
import * as answers from "../../src/client/answers.ts";
import type { SolvegateErrorCode, WebhookEvent } from "../../src/client/index.ts";
import type * as wire from "../../src/client/types.ts";
import { ERROR_CODES, type ErrorCode, type FieldError, type Problem } from "../../src/errors.ts";
import type * as tasks from "../../src/schemas/tasks.ts";
import type * as tenants from "../../src/schemas/tenants.ts";
import type * as accounts from "../../src/schemas/webhook-endpoints.ts";
import { presentTask, presentTimeline } from "../../src/tasks/present.ts";
import type * as record from "../../src/tasks/record.ts";
import { newRecord } from "../../src/tasks/record.ts";
import type * as status from "../../src/tasks/status.ts";
import { TASK_ERROR_CODES, TASK_STATUSES } from "../../src/tasks/status.ts";
import type { KeyMode, Scope } from "../../src/tenants/keys.ts";
import { AT, aNewTask, failedRecord, processing, readyRecord } from "../support/records.ts";

/** A type without its `readonly`, all the way down: the schemas' types have none. */
type Plain<T> = T extends readonly (infer Entry)[]
  ? Plain<Entry>[]
  : T extends object
    ? { -readonly [Name in keyof T]: Plain<T[Name]> }
    : T;

/** `true` for two types that are one and the same: every field, whether it may be missing, every member of a union. */
type Same<A, B> = (<T>() => T extends Plain<A> ? 1 : 2) extends <T>() => T extends Plain<B> ? 1 : 2 ? true : false;

interface TaskBindings {
  readonly status: Same<wire.TaskStatus, status.TaskStatus>;
  readonly mode: Same<wire.TaskMode, KeyMode>;
  readonly solutionState: Same<wire.SolutionState, (typeof status.SOLUTION_STATES)[number]>;
  readonly errorCode: Same<wire.TaskErrorCode, status.TaskErrorCode>;
  readonly error: Same<wire.TaskError, record.TaskError>;
  readonly accepted: Same<wire.AcceptedTask, record.AcceptedTask>;
  readonly create: Same<wire.CreateTask, z.input<typeof tasks.createTaskSchema>>;
  readonly solution: Same<wire.Solution, z.output<typeof tasks.solutionSchema>>;
  readonly task: Same<wire.Task, z.output<typeof tasks.taskViewSchema>>;
  readonly timeline: Same<{ events: wire.TimelineEvent[] }, z.output<typeof tasks.timelineSchema>>;
  readonly page: Same<wire.TaskPage, z.output<typeof accounts.taskListSchema>>;
}

interface AccountBindings {
  readonly code: Same<account.ProblemCode, ErrorCode>;
  readonly fieldError: Same<account.FieldError, FieldError>;
  readonly problem: Same<account.Problem, Problem>;
  readonly usage: Same<{ days: account.UsageDay[] }, z.output<typeof accounts.usageSchema>>;
  readonly usageRange: Same<account.UsageRange, z.input<typeof accounts.usageQuerySchema>>;
  readonly endpoint: Same<account.Endpoint, z.output<typeof accounts.endpointSchema>>;
  readonly endpointTest: Same<account.EndpointTest, z.output<typeof accounts.probeSchema>>;
  readonly secret: Same<account.RotatedSecret, z.output<typeof accounts.rotatedSecretSchema>>;
  readonly scope: Same<account.Scope, Scope>;
  readonly keys: Same<{ keys: account.Key[] }, z.output<typeof tenants.keyListSchema>>;
  readonly createdKey: Same<account.CreatedKey, z.output<typeof tenants.createdKeySchema>>;
  readonly createKey: Same<account.CreateKey, z.input<typeof tenants.createKeySchema>>;
  readonly rotation: Same<account.Rotation, z.input<ReturnType<typeof tenants.overlapSchema>>>;
}

describe("the client's types", () => {
  it("are those of the schemas", () => {
    expectTypeOf<TaskBindings>().toExtend<Record<keyof TaskBindings, true>>();
    expectTypeOf<AccountBindings>().toExtend<Record<keyof AccountBindings, true>>();
  });

  it("tell a task's fields by how it ended", () => {
    expectTypeOf<Extract<wire.FinalTask, { status: "failed" }>["error"]>().toEqualTypeOf<wire.TaskError>();
    expectTypeOf<Extract<wire.FinalTask, { solutionState: "available" }>["solution"]>().toEqualTypeOf<wire.Solution>();
    expectTypeOf<wire.FinalTask["status"]>().toEqualTypeOf<Exclude<status.TaskStatus, "queued" | "processing">>();
  });

  it("tell an event's data by its type", () => {
    type Data<Type> = Extract<WebhookEvent, { type: Type }>["data"];
    expectTypeOf<Data<"task.ready">>().toEqualTypeOf<wire.SolvedTask | wire.SpentTask>();
    expectTypeOf<Data<"task.failed">["error"]>().toEqualTypeOf<wire.TaskError>();
    expectTypeOf<Data<"webhook.test">>().toEqualTypeOf<{ readonly tenantId: string }>();
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
    expect(answers.readTask(task)).toBe(task);
    expect(task.status).toBe(status);
  });

  it.each([
    ["no id", { id: undefined }],
    ["a status that there is not", { status: "solved" }],
    ["a failure without its error", { status: "failed", error: null }],
    ["a solution without its token", { solution: { userAgent: "Solver/1" } }],
  ])("refuse a task with %s", (_what, change) => {
    expect(answers.readTask({ ...presentTask(readyRecord()), ...change })).toBeUndefined();
  });

  it("take a timeline as the gateway presents it", () => {
    const events = presentTimeline(readyRecord());
    expect(answers.readTimeline({ events })).toBe(events);
  });

  const guards = Object.entries(answers).filter(([name]) => name.startsWith("read"));
  const read = (guard: unknown, body: unknown) => (guard as (body: unknown) => unknown)(body);

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
