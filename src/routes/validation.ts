// How a request that fits no schema is refused: one error, with each fault and its dotted path.

import type { z } from "zod";
import type { FieldError } from "../errors.ts";
import { ApiError } from "../errors.ts";

/** Faults that are told; a body of a thousand wrong fields is not answered with a thousand lines. */
const MAX_FAULTS = 20;

/** The hook of every router: throws `invalid_request` for what did not parse. */
export function rejectInvalid(result: { success: true } | { success: false; error: z.ZodError }): void {
  if (!result.success) throw invalidRequest(result.error);
}

/** `invalid_request` with the faults that zod found. */
export function invalidRequest(error: z.ZodError): ApiError {
  return new ApiError("invalid_request", "The request is not valid.", { errors: faultsOf(error) });
}

function faultsOf(error: z.ZodError): FieldError[] {
  return error.issues.slice(0, MAX_FAULTS).flatMap((issue): FieldError[] => {
    const path = issue.path.map(String);
    if (issue.code === "unrecognized_keys") {
      return issue.keys
        .slice(0, MAX_FAULTS)
        .map((key) => ({ path: [...path, key].join("."), message: "is not a known field" }));
    }
    return [{ path: path.join("."), message: issue.message }];
  });
}
