// Wire schemas and response definitions that several routes share.

import { z } from "@hono/zod-openapi";
import { ERROR_CODES, statusOf } from "../errors.ts";
import type { ResponseHeader } from "./headers.ts";
import { responseHeaders } from "./headers.ts";

/** Free text. A lone surrogate is rejected, because the database would replace it, so that the text could not be found. */
export function textSchema() {
  return z.string().refine((text) => text.isWellFormed(), "must be valid Unicode, without an unpaired surrogate");
}

/** Maximum length of the name of a tenant or key, in characters. */
const NAME_LENGTH = 100;

/** The name of a tenant or key. Control characters are rejected, because names are shown in lists. */
export const nameSchema = textSchema()
  .trim()
  .min(1)
  .max(NAME_LENGTH)
  .refine((name) => !/\p{Cc}/u.test(name), "must not contain control characters")
  .openapi({ example: "Checkout monitoring" });

const FIRST_TIME_MS = Date.parse("0000-01-01T00:00:00.000Z");
const LAST_TIME_MS = Date.parse("9999-12-31T23:59:59.999Z");
const NOT_A_TIME = "must be an RFC 3339 time, such as 2027-01-01T00:00:00Z";

/** A time in a request. Parsed to ms since the epoch. The year must have four digits in UTC too, as in responses. */
export const timeInputSchema = z
  .string()
  // RFC 3339 allows `t` and `z`.
  .toUpperCase()
  .pipe(z.iso.datetime({ offset: true, error: NOT_A_TIME }))
  .transform((text) => Date.parse(text))
  .refine((ms) => ms >= FIRST_TIME_MS && ms <= LAST_TIME_MS, NOT_A_TIME)
  .openapi({ type: "string", format: "date-time", example: "2027-01-01T00:00:00Z" });

/** A time in a response. */
export const timeSchema = z.string().openapi({
  format: "date-time",
  description: "RFC 3339 in UTC, with milliseconds",
  example: "2026-11-23T09:30:00.000Z",
});

export const nullableTimeSchema = timeSchema.nullable();

const problemSchema = z
  .object({
    type: z.string().openapi({ example: "/docs/problems#website_not_allowed" }),
    title: z.string().openapi({ example: "The website is not on the allow-list" }),
    status: z.int().openapi({ example: 403 }),
    detail: z.string().openapi({ example: "The host other.example is not on the tenant's allow-list." }),
    code: z.enum(ERROR_CODES).openapi({ example: "website_not_allowed" }),
    requestId: z.string().openapi({ example: "0e7a1c0c-6f0b-4c1e-9a86-2f6d1c1f4f57" }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: "For `invalid_request`: the invalid fields, by dotted path" }),
  })
  .openapi("Problem", { description: "Problem details (RFC 9457)" });

const PROBLEM_DESCRIPTIONS = {
  400: "The request is not valid",
  401: "No valid key or token",
  403: "Forbidden",
  404: "Not found for this caller",
  409: "Conflict with the current state",
  410: "The solution was erased",
  413: "The body is larger than 64 KiB",
  415: "The body is not JSON",
  422: "The idempotency key was used with another request",
  426: "A WebSocket upgrade is required",
  429: "Too many requests",
  500: "The gateway failed",
  503: "Not available",
} as const;
type ProblemStatus = keyof typeof PROBLEM_DESCRIPTIONS;

/** Additional headers of error responses. */
const PROBLEM_HEADERS: Partial<Record<ProblemStatus, ResponseHeader[]>> = {
  401: ["WWW-Authenticate"],
  429: ["Retry-After", "RateLimit-Policy"],
  503: ["Retry-After"],
};

/** The error responses of an authenticated route: `statuses`, and those of every such route. */
export function problems<Status extends ProblemStatus>(...statuses: Status[]) {
  return problemResponses<Status | 400 | 401 | 429 | 500 | 503>([400, 401, 429, 500, 503, ...statuses]);
}

/** The error responses of a route without authentication. */
export function publicProblems() {
  return problemResponses([500, 503]);
}

function problemResponses<Status extends ProblemStatus>(statuses: readonly Status[]) {
  const content = { "application/problem+json": { schema: problemSchema } };
  return Object.fromEntries(
    statuses.map((status: ProblemStatus) => {
      const headers = responseHeaders(...(PROBLEM_HEADERS[status] ?? []));
      const codes = ERROR_CODES.filter((code) => statusOf(code) === status).map((code) => `\`${code}\``);
      return [status, { description: `${PROBLEM_DESCRIPTIONS[status]}: ${codes.join(", ")}`, headers, content }];
    }),
  ) as Record<Status, ReturnType<typeof noContent> & { content: typeof content }>;
}

/** A JSON response, for a route's definition. */
export function json<Schema extends z.ZodType>(schema: Schema, description: string, ...headers: ResponseHeader[]) {
  return { ...noContent(description, ...headers), content: { "application/json": { schema } } };
}

/** A response without a body, for a route's definition. */
export function noContent(description: string, ...headers: ResponseHeader[]) {
  return { description, headers: responseHeaders(...headers) };
}

/** A required JSON body, for a route's definition. */
export function jsonContent<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { "application/json": { schema } } };
}

/** The query of a route without parameters. Any parameter is rejected. */
export const noQuerySchema = z.strictObject({});

/** The query of a list: `limit` and `cursor`. */
export const pageQuerySchema = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,3}$/, "must be a whole number from 1 to 100")
    .transform(Number)
    .refine((value) => value >= 1 && value <= 100, "must be a whole number from 1 to 100")
    .optional()
    .openapi({ type: "integer", minimum: 1, maximum: 100, default: 50, example: 50 }),
  cursor: z.string().min(1).max(1_024).optional().openapi({ description: "The `nextCursor` of the previous page" }),
});

/** The default `limit` of a list. */
export const DEFAULT_PAGE = 50;
