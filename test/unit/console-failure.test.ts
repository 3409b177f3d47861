// How the console classifies failed calls.

import { describe, expect, it } from "vitest";
import { SolvegateError } from "../../src/client/index.ts";
import { resultOf } from "../../src/console/api/failure.ts";

const failureOf = async (error: unknown, signal?: AbortSignal) => {
  const result = await resultOf(Promise.reject(error), signal);
  return result.ok ? null : result.failure;
};

describe("a failed call", () => {
  it.each([
    ["unauthenticated", 401, "unauthenticated"],
    ["insufficient_scope", 403, "rejected"],
    ["not_found", 404, "rejected"],
    ["rate_limited", 429, "limited"],
    ["quota_exceeded", 429, "rejected"],
    ["upstream_not_configured", 503, "rejected"],
    ["overloaded", 503, "broken"],
    ["internal", 500, "broken"],
    ["unexpected_answer", 200, "broken"],
    ["unexpected_answer", 502, "broken"],
  ])("has the code %s and the status %i, and is %s", async (code, status, tag) => {
    expect(await failureOf(new SolvegateError(code, "What happened.", { status }))).toMatchObject({ tag, status });
  });

  it("is unreachable without a response, and has no technical text", async () => {
    const error = new SolvegateError("network_error", "GET /v1/tasks got no response (fetch failed)");
    expect(await failureOf(error)).toMatchObject({ tag: "unreachable", code: null, detail: null });
  });

  it("keeps the detail, the fields, the request id and Retry-After of the response", async () => {
    const errors = [{ path: "name", message: "must not be empty" }];
    const details = { status: 400, requestId: "req-1", errors, retryAfterMs: 5_000 };
    expect(await failureOf(new SolvegateError("invalid_request", "name must not be empty", details))).toEqual({
      tag: "rejected",
      code: "invalid_request",
      detail: "name must not be empty",
      ...details,
    });
  });

  it("is unreachable if it was aborted, but an error of the console itself is thrown", async () => {
    const aborting = new AbortController();
    aborting.abort();
    expect(await failureOf(aborting.signal.reason, aborting.signal)).toMatchObject({ tag: "unreachable" });
    await expect(failureOf(new TypeError("a bug"))).rejects.toThrow("a bug");
  });
});
