// What an answer of the upstream means: every documented code and form, for both calls, and bodies that cannot be read.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ACCOUNT_CODES, createOutcomeOf, pollOutcomeOf, rawAnswer } from "../support/interpret.ts";

const RETRY_AFTER_MS = 7_000;
const DESCRIPTION = "What the upstream says";
const TOKEN = "03AGdBq24-token";
const MALFORMED_POLL = { tag: "request_failed", reason: "malformed", retryAfterMs: RETRY_AFTER_MS } as const;
const MALFORMED_CREATE = { tag: "unknown", reason: "malformed" } as const;

const raw = (body: unknown, status = 200) => rawAnswer(body, status, RETRY_AFTER_MS);

const error = (errorCode?: string | null, overrides: object = {}) => ({
  errorId: 1,
  errorCode,
  errorDescription: DESCRIPTION,
  ...overrides,
});
const created = (overrides: object = {}) => ({
  errorId: 0,
  errorCode: "",
  errorDescription: "",
  taskId: "61138bb6-19fb-11ec-a9c8-0242ac110006",
  ...overrides,
});
const polled = (overrides: object = {}) => ({
  errorId: 0,
  errorCode: null,
  errorDescription: null,
  status: "processing",
  ...overrides,
});
const ready = (solution: unknown, overrides: object = {}) => polled({ status: "ready", solution, ...overrides });

const account = (code: string) => ({ tag: "account", code });
const failed = (kind: string) => (code: string) => ({ tag: "failed", kind, code, description: DESCRIPTION });
const transient = (reason: string) => ({ tag: "transient", reason, retryAfterMs: RETRY_AFTER_MS });

/** The documented codes, and what each means at either call. */
const MEANINGS: readonly (readonly [(code: string) => object, readonly string[]])[] = [
  [account, ACCOUNT_CODES],
  [
    failed("rejected"),
    [
      "ERROR_TASK_ABSENT",
      "ERROR_TASK_NOT_SUPPORTED",
      "ERROR_INVALID_TASK_DATA",
      "ERROR_BAD_REQUEST",
      "ERROR_DOMAIN_NOT_ALLOWED",
      "ERROR_RECAPTCHA_INVALID_SITEKEY",
      "ERROR_NO_SUCH_METHOD",
      "ERROR_NO_SUCH_CAPCHA_ID",
      "ERROR_TASKID_INVALID",
    ],
  ],
  [failed("unsolvable"), ["ERROR_CAPTCHA_UNSOLVABLE", "ERROR_BAD_DUPLICATES", "ERROR_TASK_TIMEOUT"]],
  [transient, ["ERROR_NO_SLOT_AVAILABLE", "ERROR_SERVICE_UNAVALIABLE", "ERROR_RATE_LIMIT", "ERROR_TOO_MUCH_REQUESTS"]],
];
const CODES = MEANINGS.flatMap(([meaning, codes]) => codes.map((code) => ({ code, expected: meaning(code) })));
const NOT_READY_CODES = ["CAPTCHA_NOT_READY", "ERROR_CAPTCHA_NOT_READY"];
const ANY_STATUS = [200, 400, 401, 402, 403, 404, 429, 500, 503, 504, 520];

describe("a documented error code", () => {
  it.each(CODES)("means the same at both calls under any HTTP status and errorId: $code", ({ code, expected }) => {
    for (const status of ANY_STATUS) {
      for (const errorId of [1, 12, 50]) {
        const answer = raw(error(code, { errorId }), status);
        expect(createOutcomeOf(answer), `createTask, HTTP ${status}`).toEqual(expected);
        expect(pollOutcomeOf(answer), `getTaskResult, HTTP ${status}`).toEqual(expected);
      }
    }
  });

  it.each(NOT_READY_CODES)("%s means processing at a poll and a transient error at createTask", (code) => {
    for (const status of ANY_STATUS) {
      expect(pollOutcomeOf(raw(error(code), status))).toEqual({ tag: "processing" });
      expect(createOutcomeOf(raw(error(code), status))).toEqual(transient(code));
    }
  });

  it("is read without the whitespace around it", () => {
    expect(pollOutcomeOf(raw(error(" ERROR_ZERO_BALANCE\n")))).toEqual(account("ERROR_ZERO_BALANCE"));
  });

  it("fails a task under errorId 1 even beside a solution", () => {
    const answer = raw(ready({ gRecaptchaResponse: TOKEN }, error("ERROR_CAPTCHA_UNSOLVABLE")));
    expect(pollOutcomeOf(answer)).toEqual(failed("unsolvable")("ERROR_CAPTCHA_UNSOLVABLE"));
    expect(createOutcomeOf(answer)).toEqual(failed("unsolvable")("ERROR_CAPTCHA_UNSOLVABLE"));
  });
});

describe("an undocumented error code", () => {
  it.each([200, 400, 401, 402, 404])("fails the task and is shown under HTTP %i", (status) => {
    const answer = raw(error("ERROR_NEW_AND_STRANGE"), status);
    expect(createOutcomeOf(answer)).toEqual(failed("rejected")("ERROR_NEW_AND_STRANGE"));
    expect(pollOutcomeOf(answer)).toEqual(failed("rejected")("ERROR_NEW_AND_STRANGE"));
  });

  it.each([429, 500, 502, 503])("is transient under HTTP %i", (status) => {
    const answer = raw(error("ERROR_NEW_AND_STRANGE"), status);
    expect(createOutcomeOf(answer)).toEqual(transient("ERROR_NEW_AND_STRANGE"));
    expect(pollOutcomeOf(answer)).toEqual(transient("ERROR_NEW_AND_STRANGE"));
  });

  it.each([
    ["empty", ""],
    ["blank", "  "],
    ["null", null],
    ["missing", undefined],
  ])("leaves the decision to the HTTP status if it is %s", (_, code) => {
    for (const errorId of [1, 12, 50]) {
      const answer = (status: number) => raw(error(code, { errorId }), status);
      for (const status of [200, 400, 402]) {
        expect(createOutcomeOf(answer(status))).toEqual(failed("rejected")(""));
        expect(pollOutcomeOf(answer(status))).toEqual(failed("rejected")(""));
      }
      for (const status of [429, 500, 503]) {
        expect(createOutcomeOf(answer(status))).toEqual(transient(`http_${status}`));
        expect(pollOutcomeOf(answer(status))).toEqual(transient(`http_${status}`));
      }
    }
  });

  it("is cut to 256 characters, and so is the description", () => {
    const outcome = pollOutcomeOf(raw(error("E".repeat(100_000), { errorDescription: "d".repeat(100_000) })));
    const [code, description] = ["E".repeat(256), "d".repeat(256)];
    expect(outcome).toEqual({ tag: "failed", kind: "rejected", code, description });
  });
});

describe("an answer to createTask", () => {
  it.each([
    ['"7654321"', "digits in a string"],
    ["123456789012345678901234567890", "a number of thirty digits"],
    ['"例え \\"1\\""', "any string"],
  ])("keeps the task id %s as it was received: %s", (taskId) => {
    const body = `{"errorId":0,"errorCode":"","errorDescription":"","taskId":${taskId}}`;
    expect(createOutcomeOf(raw(body))).toEqual({ tag: "created", taskId });
  });

  it.each([
    ["of the documented form", created()],
    ["idle", created({ status: "idle" })],
    ["processing already", created({ status: "processing" })],
    ["of an unknown status", created({ status: "queued" })],
    ["with nulls for no error", created({ errorCode: null, errorDescription: null, status: null, solution: null })],
    ["with no more than it needs", { errorId: 0, taskId: created().taskId }],
    ["with fields of its own", created({ cost: 0.002, createTime: 1, extra: { deep: [] } })],
    ["ready without a solution", created({ status: "ready" })],
    ["ready without a token", created({ status: "ready", solution: { cookies: {} } })],
    ["ready with an empty token", created({ status: "ready", solution: { gRecaptchaResponse: "" } })],
  ])("is a task to poll: %s", (_, body) => {
    for (const status of [200, 201, 400, 500]) {
      expect(createOutcomeOf(raw(body, status))).toEqual({ tag: "created", taskId: JSON.stringify(created().taskId) });
    }
  });

  it.each([
    ["a string id", "t-1", '"t-1"'],
    ["a numeric id", 7, "7"],
    ["a null id", null, null],
    ["no id", undefined, null],
  ])("can be ready at once: %s", (_, taskId, expected) => {
    const solution = { gRecaptchaResponse: TOKEN, cookies: { _GRECAPTCHA: "09ANM" } };
    const answer = raw(created({ taskId, status: "ready", solution }));
    expect(createOutcomeOf(answer)).toEqual({ tag: "ready", taskId: expected, solution });
  });

  it.each([
    ["no id", created({ taskId: undefined })],
    ["a null id", created({ taskId: null })],
    ["no id, and ready without a token", created({ taskId: undefined, status: "ready", solution: {} })],
    ["an empty id", created({ taskId: "" })],
    ["an id of zero", created({ taskId: 0 })],
    ["a negative id", created({ taskId: -7 })],
    ["a fraction as id", created({ taskId: 1.5 })],
    ["a boolean as id", created({ taskId: true })],
    ["an object as id", created({ taskId: {} })],
    ["an id that is too long", created({ taskId: "x".repeat(257) })],
  ])("has an unknown outcome, because the task may exist: %s", (_, body) => {
    expect(createOutcomeOf(raw(body))).toEqual(MALFORMED_CREATE);
    expect(createOutcomeOf(raw(body, 504))).toEqual({ tag: "unknown", reason: "http_504" });
    expect(createOutcomeOf(raw(body, 400))).toEqual(transient("http_400"));
  });
});

describe("an answer to getTaskResult", () => {
  it.each([
    ["the token alone", { gRecaptchaResponse: TOKEN }],
    ["cookies", { gRecaptchaResponse: TOKEN, cookies: { _GRECAPTCHA: "09ANM", other: "" } }],
    ["no cookie at all", { gRecaptchaResponse: TOKEN, cookies: {} }],
    ["fields of its own", { gRecaptchaResponse: TOKEN, userAgent: "UA/1", expireTime: 120, more: { deep: [null] } }],
  ])("keeps the solution as it was received: %s", (_, solution) => {
    for (const status of [200, 400, 500]) {
      expect(pollOutcomeOf(raw(ready(solution), status))).toStrictEqual({ tag: "ready", solution });
    }
  });

  it("can have null in place of cookies", () => {
    const outcome = pollOutcomeOf(raw(ready({ gRecaptchaResponse: TOKEN, cookies: null })));
    expect(outcome).toStrictEqual({ tag: "ready", solution: { gRecaptchaResponse: TOKEN } });
  });

  it.each([
    ["ready without a solution", ready(undefined)],
    ["ready with null for a solution", ready(null)],
    ["ready with text for a solution", ready(TOKEN)],
    ["ready with an array for a solution", ready([TOKEN])],
    ["ready without a token", ready({ cookies: {} })],
    ["ready with an empty token", ready({ gRecaptchaResponse: "" })],
    ["ready with a null token", ready({ gRecaptchaResponse: null })],
    ["ready with a number for a token", ready({ gRecaptchaResponse: 5 })],
    ["of an unknown status", polled({ status: "done" })],
    ["of an empty status", polled({ status: "" })],
    ["without a status", polled({ status: undefined })],
    ["with a null status", polled({ status: null })],
    ["with a number for a status", polled({ status: 1 })],
  ])("is a failed request: %s", (_, body) => {
    expect(pollOutcomeOf(raw(body))).toEqual(MALFORMED_POLL);
    expect(pollOutcomeOf(raw(body, 503))).toEqual({ ...MALFORMED_POLL, reason: "http_503" });
  });
});

const UNREADABLE = ["", " ", "<h1>Bad gateway</h1>", '{"errorId":0,"tas', "null", "0", "[]", '"ready"', "{}"];

describe("a body that cannot be read", () => {
  it.each([200, 204, 301, 302, 504, 520, 524])("leaves the outcome of createTask unknown under HTTP %i", (status) => {
    const reason = status === 200 ? "malformed" : `http_${status}`;
    for (const body of UNREADABLE) expect(createOutcomeOf(raw(body, status))).toEqual({ tag: "unknown", reason });
  });

  it.each([400, 401, 402, 403, 404, 408, 429, 500, 502, 503])(
    "means under HTTP %i that createTask was not accepted",
    (status) => {
      for (const body of UNREADABLE) expect(createOutcomeOf(raw(body, status))).toEqual(transient(`http_${status}`));
    },
  );

  it.each([200, 204, 301, 400, 401, 402, 404, 429, 500, 503, 504, 520, 524])(
    "is a failed poll under HTTP %i",
    (status) => {
      const reason = status === 200 ? "malformed" : `http_${status}`;
      for (const body of UNREADABLE) expect(pollOutcomeOf(raw(body, status))).toEqual({ ...MALFORMED_POLL, reason });
    },
  );

  it("never throws", () => {
    const bodies = fc.oneof(fc.string(), fc.json(), fc.constant("[".repeat(200_000)));
    fc.assert(
      fc.property(bodies, fc.integer({ min: 200, max: 599 }), (body, status) => {
        expect(createOutcomeOf(raw(body, status)).tag).toMatch(/^(unknown|transient)$/);
        expect(pollOutcomeOf(raw(body, status)).tag).toBe("request_failed");
      }),
    );
  });
});
