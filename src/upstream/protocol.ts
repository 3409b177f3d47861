// The upstream's wire: zod schemas of createTask and getTaskResult answers, and what each error code means. PURE: text and
// status in, a tagged outcome out. Refuses to trust: an answer that fits no documented form is `malformed`.
// Source: the seed's document of the API; the codes beyond it are those of the wider createTask/getTaskResult family.

import { z } from "zod";
import { isShallow, parseJson } from "../json.ts";

/** The task as sent upstream: every field of the seed, `isInvisible` always spelt out. */
export interface UpstreamTask {
  readonly type: "RecaptchaV3TaskProxyless";
  readonly websiteURL: string;
  readonly websiteKey: string;
  readonly pageAction: string;
  readonly checkField?: string | undefined;
  readonly websiteTitle?: string | undefined;
  readonly isInvisible: boolean;
}

/** Only what is text: a cookie that is none must not cost the token beside it. */
const cookiesSchema = z
  .record(z.string(), z.unknown())
  .transform((cookies) => Object.fromEntries(Object.entries(cookies).filter(isText)))
  .optional()
  .catch(undefined);

function isText(entry: [string, unknown]): entry is [string, string] {
  return typeof entry[1] === "string";
}

const optionalText = z.string().min(1).optional().catch(undefined);

/** Levels of a solution that are taken: more than any service nests, and few enough to be stored and written again. */
const SOLUTION_LEVELS = 32;

/** What a solution holds: the token, optional cookies, and whatever else upstream sends beside them. */
const solutionSchema: z.ZodType<Solution> = z
  .unknown()
  .refine((solution) => isShallow(solution, SOLUTION_LEVELS))
  .pipe(looseSolutionSchema());

function looseSolutionSchema() {
  return z
    .looseObject({
      gRecaptchaResponse: z.string().min(1),
      cookies: cookiesSchema,
      userAgent: optionalText,
      secChUa: optionalText,
    })
    .transform(({ cookies, userAgent, secChUa, ...rest }) => ({
      ...rest,
      ...(cookies === undefined ? {} : { cookies }),
      ...(userAgent === undefined ? {} : { userAgent }),
      ...(secChUa === undefined ? {} : { secChUa }),
    }));
}

/** The part of a solution that is known by name; other fields of upstream ride along as they came. */
export interface Solution {
  readonly gRecaptchaResponse: string;
  readonly cookies?: Readonly<Record<string, string>> | undefined;
  readonly userAgent?: string | undefined;
  readonly secChUa?: string | undefined;
}

/** Longest code or description that is kept of upstream's words. */
const WORDS_LENGTH = 256;
const words = z
  .string()
  .transform((text) => text.trim().slice(0, WORDS_LENGTH).toWellFormed())
  .nullish()
  .transform((text) => text ?? "");

/** Longest task id that is taken; the longest seen in the family is a UUID. */
const TASK_ID_LENGTH = 256;
const taskIdSchema = z.union([z.string().min(1).max(TASK_ID_LENGTH), z.int().positive(), z.bigint().positive()]);

/**
 * Both answers. Everything but the code is looked at where it counts: an error is one whatever stands beside its code, and
 * `errorId`, which services number as they like, is needed only where no code speaks.
 */
const answerSchema = z
  .object({
    errorId: z.int().nullable().catch(null).default(null),
    errorCode: words.catch(""),
    errorDescription: words.catch(""),
    taskId: z.unknown().optional(),
    status: z.string().nullish().catch(null),
    solution: z.unknown().optional(),
  })
  .refine(({ errorId, errorCode }) => errorId !== null || errorCode !== "");
type Answer = z.output<typeof answerSchema>;

/** Why upstream will not solve a task. `unsolvable`: it tried; `rejected`: the request, an unknown code, or a lost task. */
export type FailureKind = "rejected" | "unsolvable";

/** What an error answer means for the task. */
type ErrorMeaning =
  | { readonly kind: FailureKind }
  /** The operator's account with upstream is at fault, not the tenant. */
  | { readonly kind: "account" }
  | { readonly kind: "transient" }
  | { readonly kind: "processing" };

/** What one exchange with upstream said, independent of which call it was. */
export type UpstreamError =
  | { readonly tag: "failed"; readonly kind: FailureKind; readonly code: string; readonly description: string }
  | { readonly tag: "account"; readonly code: string }
  | { readonly tag: "transient"; readonly reason: string; readonly retryAfterMs: number | null };

/** The outcome of createTask. `taskId` is the id's JSON text, so that a number goes back as the number that came. */
export type CreateOutcome =
  | { readonly tag: "created"; readonly taskId: string }
  | { readonly tag: "ready"; readonly taskId: string | null; readonly solution: Solution }
  /** Bytes may have reached upstream and nothing readable came back: it may have created, and charged for, a task. */
  | { readonly tag: "unknown"; readonly reason: string }
  | UpstreamError;

/** The outcome of getTaskResult. */
export type PollOutcome =
  | { readonly tag: "processing" }
  | { readonly tag: "ready"; readonly solution: Solution }
  | { readonly tag: "request_failed"; readonly reason: string; readonly retryAfterMs: number | null }
  | UpstreamError;

const ACCOUNT_CODES = new Set([
  "ERROR_KEY_DOES_NOT_EXIST",
  "ERROR_ZERO_BALANCE",
  "ERROR_IP_NOT_ALLOWED",
  "ERROR_IP_BLOCKED",
  "ERROR_IP_BANNED",
  "ERROR_ACCOUNT_SUSPENDED",
]);
/** Spelt as the family spells them; the right spelling is taken too. */
const TRANSIENT_CODES = new Set([
  "ERROR_NO_SLOT_AVAILABLE",
  "ERROR_SERVICE_UNAVALIABLE",
  "ERROR_SERVICE_UNAVAILABLE",
  "ERROR_RATE_LIMIT",
  "ERROR_TOO_MUCH_REQUESTS",
]);
const PROCESSING_CODES = new Set(["CAPTCHA_NOT_READY", "ERROR_CAPTCHA_NOT_READY"]);
const UNSOLVABLE_CODES = new Set(["ERROR_CAPTCHA_UNSOLVABLE", "ERROR_BAD_DUPLICATES", "ERROR_TASK_TIMEOUT"]);
const REJECTED_CODES = new Set([
  "ERROR_TASK_ABSENT",
  "ERROR_TASK_NOT_SUPPORTED",
  "ERROR_INVALID_TASK_DATA",
  "ERROR_BAD_REQUEST",
  "ERROR_DOMAIN_NOT_ALLOWED",
  "ERROR_RECAPTCHA_INVALID_SITEKEY",
  "ERROR_NO_SUCH_METHOD",
  "ERROR_NO_SUCH_CAPCHA_ID",
  "ERROR_TASKID_INVALID",
]);

/**
 * What an error code means. `errorId` is no class (services use 0/1 or 1–50), so the code decides. A code that nobody
 * documents fails the task, unless the HTTP status itself (429, 5xx) says that the trouble passes.
 */
function meaningOfCode(code: string, httpStatus: number): ErrorMeaning {
  if (ACCOUNT_CODES.has(code)) return { kind: "account" };
  if (TRANSIENT_CODES.has(code)) return { kind: "transient" };
  if (PROCESSING_CODES.has(code)) return { kind: "processing" };
  if (UNSOLVABLE_CODES.has(code)) return { kind: "unsolvable" };
  if (REJECTED_CODES.has(code)) return { kind: "rejected" };
  return { kind: httpStatus === 429 || httpStatus >= 500 ? "transient" : "rejected" };
}

/** Whether anybody documents a code. */
function isKnownCode(code: string): boolean {
  const known = [ACCOUNT_CODES, TRANSIENT_CODES, PROCESSING_CODES, UNSOLVABLE_CODES, REJECTED_CODES];
  return known.some((codes) => codes.has(code));
}

/** One answer of upstream as it came off the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly body: string;
  /** `Retry-After` in ms, or null where the answer bore none. */
  readonly retryAfterMs: number | null;
}

/** A proxy's words for "I sent it on and heard nothing": the task may exist. */
const UNKNOWN_OUTCOME_STATUSES = new Set([504, 520, 524]);

function read(body: string): Answer | null {
  try {
    const result = answerSchema.safeParse(parseJson(body));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}

/** Whether an answer is an error: by its `errorId` or, where that or all else is missing, by its code. */
function isError(answer: Answer, told: unknown): boolean {
  if (answer.errorId === null) return true;
  return answer.errorId !== 0 || (answer.errorCode !== "" && told == null);
}

function interpretError(answer: Answer, raw: RawAnswer): UpstreamError | { readonly tag: "processing" } {
  const meaning = meaningOfCode(answer.errorCode, raw.status);
  switch (meaning.kind) {
    case "processing":
      return { tag: "processing" };
    case "account":
      return { tag: "account", code: answer.errorCode };
    case "transient":
      return { tag: "transient", reason: answer.errorCode || `http_${raw.status}`, retryAfterMs: raw.retryAfterMs };
    case "rejected":
    case "unsolvable":
      return { tag: "failed", kind: meaning.kind, code: answer.errorCode, description: answer.errorDescription };
  }
}

/** Reads an answer to createTask. The body is looked at first: error bodies come under any HTTP status. */
export function interpretCreate(raw: RawAnswer): CreateOutcome {
  const answer = read(raw.body);
  if (answer === null) return interpretUnreadableCreate(raw);
  const id = taskIdSchema.safeParse(answer.taskId);
  const taskId = id.success ? toJsonText(id.data) : null;
  if (isError(answer, answer.status === "ready" ? answer.solution : answer.taskId)) {
    // A proxy's own words under such a status: it sent the request on, and knows no more.
    if (UNKNOWN_OUTCOME_STATUSES.has(raw.status) && !isKnownCode(answer.errorCode))
      return interpretUnreadableCreate(raw);
    const error = interpretError(answer, raw);
    if (error.tag !== "processing") return error;
    // "Not ready" beside an id is a task under way; without one it is no acceptance, and nothing that was refused for good.
    return taskId === null
      ? { tag: "transient", reason: answer.errorCode, retryAfterMs: raw.retryAfterMs }
      : { tag: "created", taskId };
  }
  if (answer.status === "ready") {
    const solution = solutionSchema.safeParse(answer.solution);
    if (solution.success) return { tag: "ready", taskId, solution: solution.data };
  }
  return taskId === null ? interpretUnreadableCreate(raw) : { tag: "created", taskId };
}

function interpretUnreadableCreate(raw: RawAnswer): CreateOutcome {
  const refused = raw.status >= 400 && !UNKNOWN_OUTCOME_STATUSES.has(raw.status);
  return refused
    ? { tag: "transient", reason: `http_${raw.status}`, retryAfterMs: raw.retryAfterMs }
    : { tag: "unknown", reason: raw.status === 200 ? "malformed" : `http_${raw.status}` };
}

/** Reads an answer to getTaskResult. A `ready` without a token is malformed, and so is a status that nobody documents. */
export function interpretPoll(raw: RawAnswer): PollOutcome {
  const answer = read(raw.body);
  const fault: PollOutcome = {
    tag: "request_failed",
    reason: raw.status === 200 ? "malformed" : `http_${raw.status}`,
    retryAfterMs: raw.retryAfterMs,
  };
  if (answer === null) return fault;
  if (isError(answer, answer.status)) return interpretError(answer, raw);
  if (answer.status === "processing" || answer.status === "idle") return { tag: "processing" };
  if (answer.status !== "ready") return fault;
  const solution = solutionSchema.safeParse(answer.solution);
  return solution.success ? { tag: "ready", solution: solution.data } : fault;
}

function toJsonText(id: string | number | bigint): string {
  return typeof id === "string" ? JSON.stringify(id) : String(id);
}
