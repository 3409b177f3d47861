// Answers that are odd but readable: none of them may cost a tenant its paid result, or the operator the meaning of a code.

import { describe, expect, it } from "vitest";
import { parseJson } from "../../src/json.ts";
import { createOutcomeOf, pollOutcomeOf, rawAnswer } from "../support/interpret.ts";

const raw = (body: string, status = 200) => rawAnswer(body, status);
const solved = (solution: string) => pollOutcomeOf(raw(`{"errorId":0,"status":"ready","solution":${solution}}`));

describe("an error answer", () => {
  it.each(['""', "0", "false", "{}", "null"])("has the meaning of its code whatever taskId is: %s", (taskId) => {
    const body = `{"errorId":1,"errorCode":"ERROR_ZERO_BALANCE","errorDescription":"","taskId":${taskId},"status":""}`;
    expect(createOutcomeOf(raw(body))).toEqual({ tag: "account", code: "ERROR_ZERO_BALANCE" });
  });

  it.each([504, 520, 524])("leaves the outcome of createTask unknown under HTTP %i of a proxy", (status) => {
    const body = '{"errorId":1,"errorCode":"GATEWAY_TIMEOUT","errorDescription":"upstream timed out"}';
    expect(createOutcomeOf(raw(body, status))).toEqual({ tag: "unknown", reason: `http_${status}` });
  });

  it("is an error even under errorId 0 if it has only a code", () => {
    expect(pollOutcomeOf(raw('{"errorId":0,"errorCode":"CAPTCHA_NOT_READY"}'))).toEqual({ tag: "processing" });
    expect(createOutcomeOf(raw('{"errorId":0,"errorCode":"ERROR_ZERO_BALANCE"}'))).toMatchObject({ tag: "account" });
  });

  it("is a task to poll if its code is CAPTCHA_NOT_READY beside a task id", () => {
    const body = '{"errorId":1,"errorCode":"CAPTCHA_NOT_READY","errorDescription":"","taskId":7}';
    expect(createOutcomeOf(raw(body))).toEqual({ tag: "created", taskId: "7" });
  });

  it("has a long code cut between characters", () => {
    const code = `${"a".repeat(255)}😀`;
    const outcome = pollOutcomeOf(raw(JSON.stringify({ errorId: 1, errorCode: code, errorDescription: code })));
    expect(outcome).toMatchObject({ tag: "failed" });
    expect(JSON.stringify(outcome)).not.toContain("\\ud83d");
  });
});

describe("an error code", () => {
  const rejected = { tag: "failed", kind: "rejected", code: "ERROR_TASK_ABSENT" };

  it.each([
    '{"errorId":1,"errorCode":"ERROR_TASK_ABSENT","errorDescription":7}',
    '{"errorId":1,"errorCode":"ERROR_TASK_ABSENT","status":1}',
  ])("decides whatever the other fields are: %s", (body) => {
    expect(createOutcomeOf(raw(body))).toMatchObject(rejected);
    expect(pollOutcomeOf(raw(body))).toMatchObject(rejected);
  });

  it("means that createTask was rejected if there is a status and no task id", () => {
    const body = '{"errorId":0,"errorCode":"ERROR_TASK_ABSENT","status":"processing"}';
    expect(createOutcomeOf(raw(body))).toMatchObject(rejected);
  });

  it.each(['{"errorId":0,"errorCode":5,"taskId":7}', '{"errorId":0,"errorDescription":[],"taskId":7,"status":1}'])(
    "is ignored if it is not a string: %s",
    (body) => {
      expect(createOutcomeOf(raw(body))).toEqual({ tag: "created", taskId: "7" });
    },
  );

  it.each(['{"errorCode":7}', '{"errorId":0}', '{"message":"Something went wrong"}'])(
    "leaves an answer without other content unreadable if it is missing: %s",
    (body) => {
      expect(createOutcomeOf(raw(body))).toMatchObject({ tag: "unknown" });
      expect(pollOutcomeOf(raw(body))).toMatchObject({ tag: "request_failed" });
    },
  );

  it.each(["OK", "SUCCESS", "0"])("is ignored beside a task if it reports success: %s", (code) => {
    expect(createOutcomeOf(raw(`{"errorCode":"${code}","taskId":7}`))).toEqual({ tag: "created", taskId: "7" });
    expect(pollOutcomeOf(raw(`{"errorCode":"${code}","status":"processing"}`))).toEqual({ tag: "processing" });
  });
});

describe("a solution", () => {
  it("is malformed if it is nested too deeply to be stored", () => {
    const nested = (levels: number) => `{"gRecaptchaResponse":"t","x":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    expect(solved(nested(30))).toMatchObject({ tag: "ready" });
    for (const levels of [32, 5_000]) expect(solved(nested(levels))).toMatchObject({ tag: "request_failed" });
    const create = `{"errorId":0,"status":"ready","solution":${nested(5_000)}}`;
    expect(createOutcomeOf(raw(create))).toMatchObject({ tag: "unknown" });
  });

  it("is kept in the answer to createTask whatever taskId is", () => {
    const body = '{"errorId":0,"taskId":"","status":"ready","solution":{"gRecaptchaResponse":"t"}}';
    expect(createOutcomeOf(raw(body))).toEqual({ tag: "ready", taskId: null, solution: { gRecaptchaResponse: "t" } });
  });

  it("can be serialized as JSON if it contains a long number", () => {
    const outcome = solved(
      '{"gRecaptchaResponse":"t","taskId":12345678901234567890,"deep":{"taskId":12345678901234567890}}',
    );
    expect(outcome.tag).toBe("ready");
    expect(() => JSON.stringify(outcome)).not.toThrow();
  });

  it.each(["null", "5", '{"a":1}', '""'])("is kept without a user agent that is not text: %s", (value) => {
    const outcome = solved(`{"gRecaptchaResponse":"t","userAgent":${value},"secChUa":${value}}`);
    expect(outcome).toEqual({ tag: "ready", solution: { gRecaptchaResponse: "t" } });
  });

  it.each([
    ['"no cookie"', undefined],
    ['""', undefined],
    ["7", undefined],
    ["[]", undefined],
    ['[7,null,{"name":"a"},{"name":"","value":"b"}]', undefined],
    ["null", undefined],
    ['{"good":"1","bad":null}', { good: "1" }],
    ['"a=b; c=d"', { a: "b", c: "d" }],
    ['"a=b=;c = d ; Secure"', { a: "b=", c: "d" }],
    ['[{"name":"a","value":"b","domain":".example"},{"name":"c","value":""}]', { a: "b", c: "" }],
    ['["a=b","c=d"]', { a: "b", c: "d" }],
  ])("is kept with the cookies that can be read: %s", (cookies, kept) => {
    const outcome = solved(`{"gRecaptchaResponse":"t","cookies":${cookies}}`);
    const expected = kept === undefined ? { gRecaptchaResponse: "t" } : { gRecaptchaResponse: "t", cookies: kept };
    expect(outcome).toEqual({ tag: "ready", solution: expected });
  });
});

describe("a task id", () => {
  it("keeps every digit of a long number, up to 256", () => {
    const digits = "9".repeat(256);
    expect(createOutcomeOf(raw(`{"errorId":0,"taskId":${digits}}`))).toEqual({ tag: "created", taskId: digits });
    expect(createOutcomeOf(raw(`{"errorId":0,"taskId":${digits}9}`))).toMatchObject({ tag: "unknown" });
  });

  it("is parsed as by JSON.parse below the top level", () => {
    const text = '{"a":{"taskId":12345678901234567890}}';
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });
});
