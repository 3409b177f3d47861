// The dialects of the protocol: whatever way a service writes an answer, it means what the documented form of it means.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createOutcomeOf, pollOutcomeOf, rawAnswer } from "../support/interpret.ts";

const create = (body: string, status = 200) => createOutcomeOf(rawAnswer(body, status));
const poll = (body: string, status = 200) => pollOutcomeOf(rawAnswer(body, status));

const UNSOLVABLE = { tag: "failed", kind: "unsolvable", code: "", description: "" } as const;
const TOKEN = "03AGdBq24-token";

/** The ways in which services write that there is no error, and that there is one. `undefined` leaves the field out. */
const noError = fc.constantFrom<unknown>(0, "0", " 0 ", false, "false", null, undefined, "");
const error = fc.constantFrom<unknown>(1, 12, -1, "1", " 12 ", true, "true", null, undefined, "yes");

/** A word in any mixture of cases, with or without blanks around it. */
const anyCase = (word: string) =>
  fc
    .tuple(fc.array(fc.boolean(), { minLength: word.length, maxLength: word.length }), fc.constantFrom("", " ", "\n"))
    .map(([upper, blank]) => blank + [...word].map((c, at) => (upper[at] ? c.toUpperCase() : c)).join("") + blank);

/** What may follow the JSON: nothing, or text that does not belong there. */
const trailing = fc.oneof(
  fc.constantFrom("", "\n", "<!-- cached -->", "}", '{"errorId":1}', "\u0000", "Warning: line 3"),
  fc.string(),
);

const httpStatus = fc.constantFrom(200, 201, 400, 402, 500, 503);
const bodyOf = (fields: object, rest: string) => JSON.stringify(fields) + rest;

describe("an answer in an undocumented form", () => {
  it("is a task to poll if createTask returned a task id", () => {
    fc.assert(
      fc.property(
        noError,
        fc.oneof(
          fc.uuid(),
          fc.nat().map((n) => n + 1),
        ),
        trailing,
        httpStatus,
        (errorId, taskId, rest, http) => {
          const outcome = create(bodyOf({ errorId, errorCode: null, taskId }, rest), http);
          expect(outcome).toEqual({ tag: "created", taskId: JSON.stringify(taskId) });
        },
      ),
    );
  });

  it("is in progress if getTaskResult returned that status in any case", () => {
    const status = fc.constantFrom("processing", "idle").chain(anyCase);
    fc.assert(
      fc.property(noError, status, trailing, httpStatus, (errorId, word, rest, http) => {
        expect(poll(bodyOf({ errorId, status: word }, rest), http)).toEqual({ tag: "processing" });
      }),
    );
  });

  it("has its solution at both calls, with or without the status ready", () => {
    const solution = { gRecaptchaResponse: TOKEN, cookies: { _GRECAPTCHA: "09ANM" }, expireTime: 120 };
    const status = fc.oneof(anyCase("ready"), fc.constantFrom(undefined, null, "", "success"));
    fc.assert(
      fc.property(noError, status, trailing, httpStatus, (errorId, word, rest, http) => {
        const body = bodyOf({ errorId, status: word, solution }, rest);
        expect(poll(body, http)).toEqual({ tag: "ready", solution });
        expect(create(body, http)).toEqual({ tag: "ready", taskId: null, solution });
      }),
    );
  });

  it("ends the task as unsolvable at both calls if its status is failed", () => {
    fc.assert(
      fc.property(
        fc.oneof(noError, error),
        anyCase("failed"),
        fc.boolean(),
        trailing,
        (errorId, status, withId, rest) => {
          const body = bodyOf({ errorId, status, ...(withId ? { taskId: 7 } : {}) }, rest);
          expect(poll(body)).toEqual(UNSOLVABLE);
          expect(create(body)).toEqual(UNSOLVABLE);
        },
      ),
    );
  });

  it("has the meaning of its error code at both calls", () => {
    const expected = { tag: "failed", kind: "rejected", code: "ERROR_TASK_ABSENT", description: "Why" };
    fc.assert(
      fc.property(error, trailing, httpStatus, (errorId, rest, http) => {
        const body = bodyOf({ errorId, errorCode: "ERROR_TASK_ABSENT", errorDescription: "Why" }, rest);
        expect(poll(body, http)).toEqual(expected);
        expect(create(body, http)).toEqual(expected);
      }),
    );
  });

  it("has its cookies as a map, whatever their form", () => {
    const name = fc.stringMatching(/^[A-Za-z_][\w-]{0,10}$/);
    const cookies = fc.dictionary(name, fc.stringMatching(/^[\w=+/.-]{0,20}$/), { minKeys: 1, noNullPrototype: true });
    fc.assert(
      fc.property(cookies, fc.constantFrom("; ", ";", " ;  "), (map, separator) => {
        const pairs = Object.entries(map);
        const forms = [
          map,
          pairs.map(([key, value]) => `${key}=${value}`).join(separator),
          pairs.map(([key, value]) => ({ name: key, value, path: "/" })),
        ];
        for (const form of forms) {
          const outcome = poll(
            bodyOf({ errorId: 0, status: "ready", solution: { gRecaptchaResponse: TOKEN, cookies: form } }, ""),
          );
          expect(outcome).toEqual({ tag: "ready", solution: { gRecaptchaResponse: TOKEN, cookies: map } });
        }
      }),
    );
  });
});

describe("a status of failed", () => {
  it.each([
    ["ERROR_CAPTCHA_UNSOLVABLE", { kind: "unsolvable", code: "ERROR_CAPTCHA_UNSOLVABLE" }],
    ["ERROR_NO_SUCH_CAPCHA_ID", { kind: "rejected", code: "ERROR_NO_SUCH_CAPCHA_ID" }],
    ["ERROR_NO_SLOT_AVAILABLE", { kind: "unsolvable", code: "ERROR_NO_SLOT_AVAILABLE" }],
    ["SOMETHING_NEW", { kind: "unsolvable", code: "SOMETHING_NEW" }],
    ["ERROR_ZERO_BALANCE", { kind: "unsolvable", code: "" }],
  ])("ends a polled task under errorId 0 whatever the code, and hides account codes: %s", (errorCode, expected) => {
    const body = JSON.stringify({ errorId: 0, errorCode, status: "failed" });
    expect(poll(body)).toMatchObject({ tag: "failed", ...expected });
  });

  it("means an account error beside an account code under errorId 1", () => {
    const body = '{"errorId":1,"errorCode":"ERROR_ZERO_BALANCE","status":"failed"}';
    expect(poll(body)).toEqual({ tag: "account", code: "ERROR_ZERO_BALANCE" });
    expect(create(body)).toEqual({ tag: "account", code: "ERROR_ZERO_BALANCE" });
  });

  it("means a transient error of createTask beside a transient code", () => {
    const body = '{"errorId":1,"errorCode":"ERROR_NO_SLOT_AVAILABLE","status":"failed"}';
    expect(create(body)).toEqual({ tag: "transient", reason: "ERROR_NO_SLOT_AVAILABLE", retryAfterMs: null });
  });

  it.each([429, 503])("fails the request and not the task under HTTP %i of a proxy", (status) => {
    expect(poll('{"status":"failed","message":"busy"}', status)).toMatchObject({ tag: "request_failed" });
    expect(create('{"status":"failed","message":"busy"}', status)).toMatchObject({ tag: "transient" });
  });

  it("leaves the outcome of createTask unknown under HTTP 504 of a proxy", () => {
    expect(create('{"status":"failed","message":"timed out"}', 504)).toEqual({ tag: "unknown", reason: "http_504" });
  });
});

describe("a truncated body", () => {
  it("is unreadable wherever it ends", () => {
    const body = JSON.stringify({ errorId: 0, errorCode: "", taskId: 'a}b\\"{c', solution: { x: ["}"] } });
    for (let length = 0; length < body.length; length += 1) {
      expect(create(body.slice(0, length)), body.slice(0, length)).toMatchObject({ tag: "unknown" });
      expect(poll(body.slice(0, length)), body.slice(0, length)).toMatchObject({ tag: "request_failed" });
    }
  });

  it.each(["junk ", "<br>", "[", "null"])("is unreadable after leading text: %s", (lead) => {
    expect(create(`${lead}{"errorId":0,"taskId":7}`)).toMatchObject({ tag: "unknown" });
  });
});

describe("an undocumented account code", () => {
  it.each([
    "ERROR_KEY_DENIED_ACCESS",
    "ERROR_KEY_TEMP_BLOCKED",
    "ERROR_KEY_NOT_ENOUGH_RIGHTS",
    "ERROR_IP_TEMPORARILY_BANNED",
    "IP_BANNED",
    "ERROR_INSUFFICIENT_BALANCE",
    "ERROR_BALANCE_TOO_LOW",
    "ERROR_ACCOUNT_BLOCKED",
    "ERROR_USER_ACCOUNT_DISABLED",
    "ERROR_SUSPENDED",
    "ERROR_SUSPENSION_PENDING",
    "ERROR_WRONG_USER_KEY",
    "error_key_denied_access",
  ])("is about the account and not about the task: %s", (errorCode) => {
    const body = JSON.stringify({ errorId: 1, errorCode, errorDescription: "No" });
    for (const status of [200, 403, 429, 504]) {
      expect(create(body, status)).toEqual({ tag: "account", code: errorCode });
      expect(poll(body, status)).toEqual({ tag: "account", code: errorCode });
    }
  });

  it.each(["ERROR_RECAPTCHA_INVALID_SITEKEY", "ERROR_WRONG_GOOGLEKEY", "ERROR_MONKEY_BUSINESS", "ERROR_SHIP_LOST"])(
    "is not confused with a code about the task: %s",
    (errorCode) => {
      expect(create(JSON.stringify({ errorId: 1, errorCode }))).toMatchObject({ tag: "failed", code: errorCode });
    },
  );
});
