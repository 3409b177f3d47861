// Answers that are odd but plain enough: what must not cost a tenant its paid result, or the operator the meaning of a code.

import { describe, expect, it } from "vitest";
import { parseJson } from "../../src/json.ts";
import { interpretCreate, interpretPoll } from "../../src/upstream/protocol.ts";

const raw = (body: string, status = 200) => ({ status, body, retryAfterMs: null });
const solved = (solution: string) => interpretPoll(raw(`{"errorId":0,"status":"ready","solution":${solution}}`));

describe("an error", () => {
  it.each(['""', "0", "false", "{}", "null"])(
    "is known by its code, whatever stands as taskId beside it: %s",
    (taskId) => {
      const body = `{"errorId":1,"errorCode":"ERROR_ZERO_BALANCE","errorDescription":"","taskId":${taskId},"status":""}`;
      expect(interpretCreate(raw(body))).toEqual({ tag: "account", code: "ERROR_ZERO_BALANCE" });
    },
  );

  it.each([504, 520, 524])("of a proxy's own under HTTP %i hides what became of createTask", (status) => {
    const body = '{"errorId":1,"errorCode":"GATEWAY_TIMEOUT","errorDescription":"upstream timed out"}';
    expect(interpretCreate(raw(body, status))).toEqual({ tag: "unknown", reason: `http_${status}` });
  });

  it("code alone, under errorId 0, is still an error", () => {
    expect(interpretPoll(raw('{"errorId":0,"errorCode":"CAPTCHA_NOT_READY"}'))).toEqual({ tag: "processing" });
    expect(interpretCreate(raw('{"errorId":0,"errorCode":"ERROR_ZERO_BALANCE"}'))).toMatchObject({ tag: "account" });
  });

  it("that says 'not ready' beside a task id is a task under way", () => {
    const body = '{"errorId":1,"errorCode":"CAPTCHA_NOT_READY","errorDescription":"","taskId":7}';
    expect(interpretCreate(raw(body))).toEqual({ tag: "created", taskId: "7" });
  });

  it("with words too long is cut between characters", () => {
    const code = `${"a".repeat(255)}😀`;
    const outcome = interpretPoll(raw(JSON.stringify({ errorId: 1, errorCode: code, errorDescription: code })));
    expect(outcome).toMatchObject({ tag: "failed" });
    expect(JSON.stringify(outcome)).not.toContain("\\ud83d");
  });
});

describe("an error's code", () => {
  const rejected = { tag: "failed", kind: "rejected", code: "ERROR_TASK_ABSENT" };

  it.each([
    '{"errorCode":"ERROR_TASK_ABSENT"}',
    '{"errorId":"1","errorCode":"ERROR_TASK_ABSENT"}',
    '{"errorId":true,"errorCode":"ERROR_TASK_ABSENT"}',
    '{"errorId":null,"errorCode":"ERROR_TASK_ABSENT"}',
    '{"errorId":1.5,"errorCode":"ERROR_TASK_ABSENT"}',
    '{"errorId":1,"errorCode":"ERROR_TASK_ABSENT","errorDescription":7}',
    '{"errorId":1,"errorCode":"ERROR_TASK_ABSENT","status":1}',
  ])("speaks, whatever stands for the fields beside it: %s", (body) => {
    expect(interpretCreate(raw(body))).toMatchObject(rejected);
    expect(interpretPoll(raw(body))).toMatchObject(rejected);
  });

  it("beside a status but no task id refuses the creation", () => {
    const body = '{"errorId":0,"errorCode":"ERROR_TASK_ABSENT","status":"processing"}';
    expect(interpretCreate(raw(body))).toMatchObject(rejected);
  });

  it.each(['{"errorId":0,"errorCode":5,"taskId":7}', '{"errorId":0,"errorDescription":[],"taskId":7,"status":1}'])(
    "that is none leaves a good answer good: %s",
    (body) => {
      expect(interpretCreate(raw(body))).toEqual({ tag: "created", taskId: "7" });
    },
  );

  it.each(['{"errorId":"0","taskId":7}', '{"taskId":7}', '{"errorCode":7}'])(
    "is needed where errorId is none: %s",
    (body) => {
      expect(interpretCreate(raw(body))).toMatchObject({ tag: "unknown" });
      expect(interpretPoll(raw(body))).toMatchObject({ tag: "request_failed" });
    },
  );
});

describe("a solution", () => {
  it("that nests deeper than can be stored is malformed", () => {
    const nested = (levels: number) => `{"gRecaptchaResponse":"t","x":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    expect(solved(nested(30))).toMatchObject({ tag: "ready" });
    for (const levels of [32, 5_000]) expect(solved(nested(levels))).toMatchObject({ tag: "request_failed" });
    const create = `{"errorId":0,"status":"ready","solution":${nested(5_000)}}`;
    expect(interpretCreate(raw(create))).toMatchObject({ tag: "unknown" });
  });

  it("at once is taken, whatever stands as taskId beside it", () => {
    const body = '{"errorId":0,"taskId":"","status":"ready","solution":{"gRecaptchaResponse":"t"}}';
    expect(interpretCreate(raw(body))).toEqual({ tag: "ready", taskId: null, solution: { gRecaptchaResponse: "t" } });
  });

  it("with a long number in it can be written as JSON again", () => {
    const outcome = solved(
      '{"gRecaptchaResponse":"t","taskId":12345678901234567890,"deep":{"taskId":12345678901234567890}}',
    );
    expect(outcome.tag).toBe("ready");
    expect(() => JSON.stringify(outcome)).not.toThrow();
  });

  it.each(["null", "5", '{"a":1}', '""'])("is not spoilt by a user agent that is none: %s", (value) => {
    const outcome = solved(`{"gRecaptchaResponse":"t","userAgent":${value},"secChUa":${value}}`);
    expect(outcome).toEqual({ tag: "ready", solution: { gRecaptchaResponse: "t" } });
  });

  it.each([
    ['"a=b"', undefined],
    ["[]", undefined],
    ["null", undefined],
    ['{"good":"1","bad":null}', { good: "1" }],
  ])("is not lost for cookies that are none: %s", (cookies, kept) => {
    const outcome = solved(`{"gRecaptchaResponse":"t","cookies":${cookies}}`);
    const expected = kept === undefined ? { gRecaptchaResponse: "t" } : { gRecaptchaResponse: "t", cookies: kept };
    expect(outcome).toEqual({ tag: "ready", solution: expected });
  });
});

describe("a task id", () => {
  it("that is a long number keeps each digit, up to the length that an id can have", () => {
    const digits = "9".repeat(256);
    expect(interpretCreate(raw(`{"errorId":0,"taskId":${digits}}`))).toEqual({ tag: "created", taskId: digits });
    expect(interpretCreate(raw(`{"errorId":0,"taskId":${digits}9}`))).toMatchObject({ tag: "unknown" });
  });

  it("below the top level is left as JSON.parse has it", () => {
    const text = '{"a":{"taskId":12345678901234567890}}';
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });
});
