// One answer of an upstream, read leniently: services number errors, write statuses and end bodies as they like. Pure. This is the
// only place where text from an upstream enters the gateway, so the operator's keys are removed here, before anything is cut.

import { z } from "zod";
import { parseJson } from "../json.ts";
import { documentedMeaning } from "./codes.ts";
import type { Redactor } from "./redact.ts";
import type { Solution } from "./solution.ts";
import { isStorable, parseSolution } from "./solution.ts";

/** What an answer says. */
export interface Answer {
  /** Whether `errorId` says that there is an error; null where it is missing or cannot be read. */
  readonly error: boolean | null;
  /** The error code, or "". */
  readonly code: string;
  readonly description: string;
  /** The status in lower case, or "". */
  readonly status: string;
  /** The JSON text of the task id, so that a number goes back as the number that came. Never shown, so never redacted. */
  readonly taskId: string | null;
  readonly solution: Solution | null;
}

/** Characters that are kept of a code or a description. */
const PROSE_LENGTH = 256;

/**
 * Characters that are read of a code or a description. A key that crosses this end cannot be shown: the shortest text that is left of so
 * much, when it consists of quoted keys, is longer than what is kept.
 */
const PROSE_READ = 65_536;

/** Characters of the longest task id that is accepted; the longest seen in the family is a UUID. */
const TASK_ID_LENGTH = 256;
const taskIdSchema = z.union([z.string().min(1).max(TASK_ID_LENGTH), z.int().positive(), z.bigint().positive()]);

/** `errorId` in the forms that services use: a number, a boolean, or either of them as text. */
const errorIdSchema = z.union([
  z.boolean(),
  z.int().transform((id) => id !== 0),
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

const textOrNothing = z.string().catch("");

// A field that cannot be read is as good as missing: it must not cost the meaning of the others.
const answerSchema = z.object({
  errorId: errorIdSchema.nullable().catch(null),
  errorCode: textOrNothing,
  errorDescription: textOrNothing,
  taskId: taskIdSchema.nullable().catch(null),
  status: textOrNothing,
  solution: z.unknown().optional(),
});

/** Reads a body, or returns null where it is not a JSON object. Text after the object is ignored. */
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
    // Nesting is checked first: redaction walks the value.
    solution: isStorable(solution) ? parseSolution(redactor.value(solution)) : null,
  };
}

/**
 * Whether an answer is an error. A code beside a result is an error only where `errorId` says so, or says nothing and the code has
 * the form of one: an "OK" must not cost a paid task.
 * @param hasResult the answer holds what its call asks for
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

/** Where the object ends that a text begins with, or null where it does not begin with one or breaks off inside it. */
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
