// Validation messages for people, set as zod's default. Each one follows the name of a field: "websiteURL is required".

import { z } from "zod";

type Issue = Parameters<z.core.$ZodErrorMap>[0];

const NAMES: Readonly<Record<string, string>> = {
  string: "a string",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
};

const quoted = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(", ");

/** For example "1 character" or "16 entries". */
function counted(n: number | bigint, origin: string): string {
  const [one, many] = origin === "string" ? ["character", "characters"] : ["entry", "entries"];
  return `${n} ${Number(n) === 1 ? one : many}`;
}

const isSized = (origin: string): boolean => !["number", "int", "bigint", "date"].includes(origin);

function tooSmall({ minimum, origin }: Extract<Issue, { code: "too_small" }>): string {
  if (!isSized(origin)) return `must be at least ${minimum}`;
  return Number(minimum) === 1 ? "must not be empty" : `must have at least ${counted(minimum, origin)}`;
}

function tooBig({ maximum, origin }: Extract<Issue, { code: "too_big" }>): string {
  return isSized(origin) ? `must have at most ${counted(maximum, origin)}` : `must be at most ${maximum}`;
}

/** The message for an issue, or undefined for zod's own. A message in the schema takes precedence. */
function messageFor(issue: Issue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      if (issue.input === undefined) return "is required";
      return `must be ${NAMES[issue.expected] ?? issue.expected}`;
    case "too_small":
      return tooSmall(issue);
    case "too_big":
      return tooBig(issue);
    case "invalid_value":
      if (issue.input === undefined) return "is required";
      return issue.values.length === 1 ? `must be ${quoted(issue.values)}` : `must be one of ${quoted(issue.values)}`;
    case "invalid_key":
      return "has a name that is not allowed";
    case "invalid_format":
      return "has the wrong format";
    case "invalid_union":
      return "has none of the accepted forms";
    default:
      return undefined;
  }
}

z.config({ customError: messageFor });
