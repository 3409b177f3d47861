// What every response of a kind must look like, taken from the contract and not derived from the code under test.

import { expect } from "vitest";

/** Problem details as a caller reads them. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

/** The contract's table of codes. */
const STATUS_OF: Readonly<Record<string, number>> = {
  invalid_json: 400,
  invalid_request: 400,
  unauthenticated: 401,
  insufficient_scope: 403,
  website_not_allowed: 403,
  tenant_suspended: 403,
  webhook_url_not_allowed: 403,
  not_found: 404,
  method_not_allowed: 405,
  task_finished: 409,
  task_not_ready: 409,
  not_redeliverable: 409,
  tenant_exists: 409,
  key_rotated: 409,
  solution_expired: 410,
  already_claimed: 410,
  payload_too_large: 413,
  unsupported_media_type: 415,
  idempotency_mismatch: 422,
  upgrade_required: 426,
  rate_limited: 429,
  quota_exceeded: 429,
  internal: 500,
  configuration: 500,
  upstream_not_configured: 503,
  overloaded: 503,
};

const nonEmpty: unknown = expect.stringMatching(/./);

/** RFC 3339 in UTC with milliseconds. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;
export const aTime: unknown = expect.stringMatching(TIME);

/** Polls in real time for what the gateway does by itself within milliseconds. */
export const expectEventually = <T>(look: () => T) => expect.poll(look, { interval: 10, timeout: 10_000 });

/** Headers of every response, including errors. */
export function expectCommonHeaders(response: Response): void {
  expect(response.headers.get("x-request-id")).toMatch(/./);
  expect(response.headers.get("server-timing")).toMatch(/./);
}

/** The response is exactly the problem of `code`. */
export async function expectProblem(response: Response, code: string): Promise<ProblemBody> {
  const problem: ProblemBody = await response.json();
  const status = STATUS_OF[code];
  expect({ status: response.status, code: problem.code }).toEqual({ status, code });
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expectCommonHeaders(response);
  const { errors, ...members } = problem;
  expect(members).toStrictEqual({
    type: expect.stringMatching(new RegExp(`^/docs/problems#${code}$`)),
    title: nonEmpty,
    status,
    detail: nonEmpty,
    code,
    requestId: response.headers.get("x-request-id"),
  });
  if (errors !== undefined) {
    expect(code).toBe("invalid_request");
    expect(errors).not.toHaveLength(0);
    for (const error of errors) expect(error).toStrictEqual({ path: expect.any(String), message: nonEmpty });
  }
  return problem;
}

/** The response is `invalid_request`, and one of its errors is at `path`. */
export async function expectInvalid(response: Response, path: string): Promise<void> {
  const { errors = [] } = await expectProblem(response, "invalid_request");
  expect(errors.map((error) => error.path)).toContain(path);
}

/** The response is an error of the compatibility API. */
export async function expectCompatibilityError(response: Response, code: string, status = 200): Promise<void> {
  const body = await response.json();
  expect({ status: response.status, body }).toStrictEqual({
    status,
    body: { errorId: 1, errorCode: code, errorDescription: expect.stringMatching(new RegExp(`^${code}.`)) },
  });
  expect(response.headers.get("content-type")).toBe("application/json");
  // This API takes the key from the body, so there is no challenge for a header.
  expect(response.headers.has("www-authenticate")).toBe(false);
  expectCommonHeaders(response);
}
