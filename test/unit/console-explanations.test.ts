// Explanations of failures: what happened, and what to do.

import { describe, expect, it } from "vitest";
import { explain, explainTask } from "../../src/console/api/explanations.ts";
import type { Failure } from "../../src/console/api/failure.ts";
import { ERROR_CODES } from "../../src/errors.ts";
import { TASK_ERROR_CODES } from "../../src/tasks/status.ts";

const failure = (changes: Partial<Failure> = {}): Failure => ({
  tag: "rejected",
  status: 403,
  code: null,
  detail: null,
  errors: [],
  requestId: null,
  retryAfterMs: null,
  ...changes,
});

it.each(ERROR_CODES)("the error code %s says what happened and what to do", (code) => {
  const { what, next } = explain(failure({ code }));
  expect(what).toMatch(/\.$/);
  expect(next).toMatch(/\.$/);
});

it.each(TASK_ERROR_CODES)("the task error %s says what happened and what to do", (code) => {
  expect(explainTask(code)).toEqual({ what: expect.stringMatching(/\.$/), next: expect.stringMatching(/\.$/) });
});

it.each(["something_new", "toString", "constructor", ""])("the unknown task error %j has no explanation", (code) => {
  expect(explainTask(code)).toBeNull();
});

describe("the explanation of a response with a detail", () => {
  it("is that detail", () => {
    const detail = "The host other.example is not on the tenant's allow-list.";
    expect(explain(failure({ code: "website_not_allowed", detail })).what).toBe(detail);
  });

  it("names the invalid fields first if the request is invalid", () => {
    const errors = [{ path: "task.websiteURL", message: "must be an http or https URL" }];
    const { what } = explain(failure({ code: "invalid_request", detail: "The request is not valid.", errors }));
    expect(what).toBe("task.websiteURL must be an http or https URL.");
  });

  it("is a sentence", () => {
    const detail = "the webhook URL must use https";
    expect(explain(failure({ code: "webhook_url_not_allowed", detail })).what).toBe("The webhook URL must use https.");
  });
});

it("no response and an unreadable one have different explanations, and both say that the console tries again", () => {
  const unreachable = explain(failure({ tag: "unreachable", status: null }));
  const broken = explain(failure({ tag: "broken", status: 502 }));
  expect(unreachable.what).toMatch(/does not respond/);
  expect(broken.what).not.toBe(unreachable.what);
  for (const { next } of [unreachable, broken]) expect(next).toMatch(/tries again automatically/);
});

it("a gateway with a bad configuration names the operator", () => {
  expect(explain(failure({ tag: "broken", status: 500, code: "configuration" })).next).toMatch(/operator/);
});

it("an unknown error code is explained by the response's detail or status", () => {
  expect(explain(failure({ code: "new_rule", detail: "Not on Sundays." })).what).toBe("Not on Sundays.");
  expect(explain(failure({ status: 418 })).what).toMatch(/418/);
});
