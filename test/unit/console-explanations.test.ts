// What a failure is to somebody who reads it: always what happened, and what to do.

import { describe, expect, it } from "vitest";
import { explain, explainTask } from "../../src/console/api/explanations.ts";
import type { Failure } from "../../src/console/api/failure.ts";
import { ERROR_CODES } from "../../src/errors.ts";
import { TASK_ERROR_CODES } from "../../src/tasks/status.ts";

const failure = (changes: Partial<Failure> = {}): Failure => ({
  tag: "refused",
  status: 403,
  code: null,
  detail: null,
  errors: [],
  requestId: null,
  retryAfterMs: null,
  ...changes,
});

it.each(ERROR_CODES)("the refusal %s has both its sentences", (code) => {
  const { what, next } = explain(failure({ code }));
  expect(what).toMatch(/\.$/);
  expect(next).toMatch(/\.$/);
});

it.each(TASK_ERROR_CODES)("a task's %s has both its sentences", (code) => {
  expect(explainTask(code)).toEqual({ what: expect.stringMatching(/\.$/), next: expect.stringMatching(/\.$/) });
});

it.each(["something_new", "toString", "constructor", ""])("a task's code %j that nobody knows has none", (code) => {
  expect(explainTask(code)).toBeNull();
});

describe("a refusal's own words go first", () => {
  it("where they name the host", () => {
    const detail = "The host other.example is not on the tenant's allow-list.";
    expect(explain(failure({ code: "website_not_allowed", detail })).what).toBe(detail);
  });

  it("and an invalid request's faults, which say more than they", () => {
    const errors = [{ path: "task.websiteURL", message: "must be an http or https URL" }];
    const { what } = explain(failure({ code: "invalid_request", detail: "The request is not valid.", errors }));
    expect(what).toBe("task.websiteURL must be an http or https URL.");
  });

  it("as a sentence, where they are none", () => {
    const detail = "the webhook URL must use https";
    expect(explain(failure({ code: "webhook_url_not_allowed", detail })).what).toBe("The webhook URL must use https.");
  });
});

it("no answer and a broken one are told apart, and neither blames the reader", () => {
  const unreachable = explain(failure({ tag: "unreachable", status: null }));
  const broken = explain(failure({ tag: "broken", status: 502 }));
  expect(unreachable.what).toMatch(/does not answer/);
  expect(broken.what).not.toBe(unreachable.what);
  for (const { next } of [unreachable, broken]) expect(next).toMatch(/tries again by itself/);
});

it("a gateway with a bad configuration says that it is that", () => {
  expect(explain(failure({ tag: "broken", status: 500, code: "configuration" })).next).toMatch(/operator/);
});

it("a refusal with a code that nobody knows says what the gateway said", () => {
  expect(explain(failure({ code: "new_rule", detail: "Not on Sundays." })).what).toBe("Not on Sundays.");
  expect(explain(failure({ status: 418 })).what).toMatch(/418/);
});
