// The gateway's answers as the console reads them: what the gateway writes is read, and what nobody wrote is refused.

import { describe, expect, it } from "vitest";
import {
  MalformedAnswer,
  readCreatedKey,
  readCurrentKey,
  readEndpoint,
  readEvents,
  readKeys,
  readProbe,
  readProblem,
  readSecret,
  readTask,
  readTaskPage,
  readUsage,
} from "../../src/console/api/answers.ts";
import { STATUSES } from "../../src/console/route.ts";
import { presentTask, presentTimeline } from "../../src/tasks/present.ts";
import { TASK_STATUSES } from "../../src/tasks/status.ts";
import { call } from "../support/gateway.ts";
import { aDelivery, aRecord, canceledRecord, failedRecord, processing, readyRecord } from "../support/records.ts";

interface Description {
  readonly components: { readonly schemas: Readonly<Record<string, { readonly example?: Record<string, unknown> }>> };
}
const { components } = await (await call("GET", "/openapi.json")).json<Description>();

/** What the gateway's own description shows as an answer of that name. */
function exampleOf(name: string): Record<string, unknown> {
  const example = components.schemas[name]?.example;
  if (example === undefined) throw new Error(`${name} has no example`);
  return example;
}

describe.each([
  ["Task", readTask],
  ["TaskList", readTaskPage],
  ["Usage", readUsage],
  ["Endpoint", readEndpoint],
  ["EndpointTest", readProbe],
  ["RotatedSecret", readSecret],
  ["CurrentKey", readCurrentKey],
  ["KeyList", readKeys],
  ["CreatedKey", readCreatedKey],
] as const)("the answer %s", (name, read) => {
  it("is read as the description shows it", () => {
    expect(read(exampleOf(name))).toEqual(exampleOf(name));
  });

  it("may have fields that this console does not know of", () => {
    expect(read({ ...exampleOf(name), added: { later: true } })).toEqual(exampleOf(name));
  });

  it.each([null, "text", 5, [[]], {}])("is not %j", (value) => {
    expect(() => read(value)).toThrow(MalformedAnswer);
  });
});

describe("a task", () => {
  it.each([
    ["queued", aRecord()],
    ["processing", processing()],
    ["failed", failedRecord()],
    ["canceled", canceledRecord()],
    ["with a webhook", failedRecord({ delivery: aDelivery() })],
  ])("that is %s is read whole, its timeline too", (_what, record) => {
    const answer: unknown = JSON.parse(JSON.stringify(presentTask(record)));
    expect(readTask(answer)).toEqual(answer);
    const events: unknown = JSON.parse(JSON.stringify(presentTimeline(record)));
    expect(readEvents({ events }).events).toHaveLength(record.events.length + (record.delivery?.log.length ?? 0));
  });

  it("that is ready has its token, and what it must be sent with", () => {
    const { solution } = presentTask(readyRecord());
    expect(readTask(JSON.parse(JSON.stringify(presentTask(readyRecord())))).solution).toEqual({
      gRecaptchaResponse: solution?.gRecaptchaResponse,
      userAgent: solution?.userAgent,
      secChUa: solution?.secChUa,
    });
  });

  it.each([
    ["a status that there is not", { status: "lost" }, "status"],
    ["a time that is none", { createdAt: "yesterday" }, "createdAt"],
    ["text for a number", { polls: "3" }, "polls"],
    ["a request without its site", { task: {} }, "task.type"],
    ["metadata that is no text", { metadata: { order: 5 } }, "metadata.order"],
  ])("with %s is refused by the field's name, and none of its content", (_what, change, path) => {
    const read = () => readTask({ ...exampleOf("Task"), ...change });
    expect(read).toThrow(new MalformedAnswer(`${path} is not what it should be`));
  });

  it("may have failed for a reason that this console does not know", () => {
    const error = { code: "something_new", message: "It was so." };
    expect(readTask({ ...exampleOf("Task"), error }).error).toEqual(error);
  });
});

it("the statuses are the gateway's", () => {
  expect(STATUSES).toEqual(TASK_STATUSES);
});

it("a scope that this console does not know of opens nothing", () => {
  const scopes = ["tasks:read", "moon:walk"];
  expect(readCurrentKey({ ...exampleOf("CurrentKey"), scopes }).scopes).toEqual(["tasks:read"]);
});

describe("a refusal", () => {
  it("says its code, its words and its faults", () => {
    const problem = {
      code: "invalid_request",
      detail: "The request is not valid.",
      requestId: "r-1",
      errors: [{ path: "task.websiteURL", message: "must be an http or https URL" }],
    };
    expect(readProblem({ type: "/docs/problems#invalid_request", status: 400, ...problem })).toEqual(problem);
  });

  it.each([null, "<html>502</html>", 5, [[]], { code: 5, errors: "none" }, { errors: [null, { path: 1 }] }])(
    "that is %j says nothing, and breaks nothing",
    (value) => {
      expect(readProblem(value)).toEqual({ code: null, detail: null, requestId: null, errors: [] });
    },
  );
});
