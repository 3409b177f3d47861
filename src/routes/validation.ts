// Converts validation errors to `invalid_request`.

import { createMiddleware } from "hono/factory";
import { z } from "zod";
import type { ApiError, FieldError } from "../errors.ts";
import { invalidFields } from "../errors.ts";
import { readJson, requireJson } from "../middleware/body.ts";
import "../validation-messages.ts";

/** The maximum number of errors in a response. */
const MAX_ERRORS = 20;

/** The validation hook of the app. @throws ApiError `invalid_request` */
export function rejectInvalid(result: { success: true } | { success: false; error: z.ZodError }): void {
  if (!result.success) throw invalidRequest(result.error);
}

/** The middleware of a call without fields: requires an empty body or an empty JSON object. */
export const requireNoFields = [
  requireJson({ optional: true }),
  createMiddleware(async function rejectFields(c, next) {
    const isEmpty = (await c.req.arrayBuffer()).byteLength === 0;
    const result = z.strictObject({}).safeParse(isEmpty ? {} : await readJson(c));
    if (!result.success) throw invalidRequest(result.error);
    await next();
  }),
];

/** `invalid_request` with the issues of a zod error. */
export function invalidRequest(error: z.ZodError): ApiError {
  return invalidFields(error.issues.flatMap(fieldErrors).slice(0, MAX_ERRORS));
}

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.map(String);
  if (issue.code !== "unrecognized_keys") return [{ path: path.join("."), message: issue.message }];
  return issue.keys.map((key) => ({ path: [...path, key].join("."), message: "is not a known field" }));
}
