// Parses a response body of an upstream. Lenient, because services differ in details. Pure. This is the only place where an upstream's
// text enters the gateway, so the operator's keys are removed here, before anything is truncated.

import { z } from "zod";
import { parseJson } from "../json.ts";
import { documentedMeaning } from "./codes.ts";
import type { Redactor } from "./redact.ts";
import type { Solution } from "./solution.ts";
import { isStorable, parseSolution } from "./solution.ts";

/** A parsed response body. */
export interface Answer {
  /** Whether `errorId` indicates an error. Null if it is missing or malformed. */
  readonly error: boolean | null;
  /** The error code, or "". */
  readonly code: string;
  readonly description: string;
  /** The status in lower case, or "". */
  readonly status: string;
  /** The JSON text of the task id, so that its type is kept. It is never shown, so it is not redacted. */
  readonly taskId: string | null;
  readonly solution: Solution | null;
}

/** The maximum length of a code or description, in characters. */
const PROSE_LENGTH = 256;

/**
 * How much of a code or description is redacted, in characters. A key cut off at this end is never shown: even text that consists of
 * keys is longer than `PROSE_LENGTH` after redaction.
 */
const PROSE_READ = 65_536;

/** The maximum length of a task id, in characters. */
const TASK_ID_LENGTH = 256;
const taskIdSchema = z.union([z.string().min(1).max(TASK_ID_LENGTH), z.int().positive(), z.bigint().positive()]);

/** `errorId` as a number, a boolean, or either of them as text. */
const errorIdSchema = z.union([
  z.int().transform((id) => id !== 0),
  z.boolean(),
  z
    .string()
    .trim()
    .regex(/^[+-]?\d+$/)
    .transform((id) => Number(id) !== 0),
  z
    .string()
    .trim()
    .toLowerCase()
    .pipe(z.enum(["true", "false"]))
    .transform((id) => id === "true"),
]);

const textOrNothing = z.string().default("").catch("");

// A malformed field counts as missing, so that the others can still be used. Missing fields are not errors, because most responses lack
// some, and each error costs more than the rest of the parsing.
const answerSchema = z.object({
  errorId: errorIdSchema.nullable().default(null).catch(null),
  errorCode: textOrNothing,
  errorDescription: textOrNothing,
  taskId: taskIdSchema.nullable().default(null).catch(null),
  status: textOrNothing,
  solution: z.unknown().optional(),
});

/** Parses a body. Null if it is not a JSON object. Text after the object is ignored. */
export function readAnswer(body: string, redactor: Redactor): Answer | null {
  const parsed = answerSchema.safeParse(parseObject(body));
  if (!parsed.success) return null;
  const { errorId, errorCode, errorDescription, taskId, status, solution } = parsed.data;
  const prose = (text: string) =>
    redactor.prose(text.slice(0, PROSE_READ)).trim().slice(0, PROSE_LENGTH).toWellFormed();
  return {
    error: errorId,
    code: prose(errorCode),
    description: prose(errorDescription),
    status: status.trim().toLowerCase(),
    taskId: taskId === null ? null : toJsonText(taskId),
    // Nesting is checked first, because redaction is recursive.
    solution: isStorable(solution) ? parseSolution(redactor.value(solution)) : null,
  };
}

/**
 * Whether a response is an error. A code together with a result is an error only if `errorId` confirms it, or is missing and the code
 * looks like an error. Otherwise a code "OK" would discard a paid result.
 * @param hasResult whether the response contains the result of its call
 */
export function isError({ error, code }: Answer, hasResult: boolean): boolean {
  if (error === true) return true;
  if (code === "" || !hasResult) return code !== "";
  return error === null && (documentedMeaning(code) !== null || code.toUpperCase().startsWith("ERROR"));
}

function parseObject(body: string): unknown {
  try {
    return parseJson(body);
  } catch {
    return parseLeadingObject(body);
  }
}

function parseLeadingObject(body: string): unknown {
  const end = endOfLeadingObject(body);
  try {
    return end === null ? undefined : parseJson(body.slice(0, end));
  } catch {
    return undefined;
  }
}

/** The end of the JSON object at the beginning of a text. Null if there is no complete object. */
function endOfLeadingObject(text: string): number | null {
  const start = text.length - text.trimStart().length;
  if (text[start] !== "{") return null;
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at];
    if (inString) {
      if (character === "\\") at += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{") depth += 1;
    else if (character === "}") {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return null;
}

function toJsonText(id: string | number | bigint): string {
  return typeof id === "string" ? JSON.stringify(id) : String(id);
}
