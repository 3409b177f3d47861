// Parses the solution in an upstream's response: the token, optional cookies and other fields.

import { z } from "zod";
import { isShallow } from "../json.ts";

/** A solution. Fields that are not listed here are kept unchanged. */
export interface Solution {
  readonly gRecaptchaResponse: string;
  readonly cookies?: Readonly<Record<string, string>> | undefined;
  readonly userAgent?: string | undefined;
  readonly secChUa?: string | undefined;
}

/** The maximum nesting of a solution, so that it can be stored and serialized. */
const SOLUTION_LEVELS = 32;

/** A cookie's name and value, or undefined if it is malformed. */
type Cookie = readonly [name: string, value: string] | undefined;

/** An object, `a=b; c=d`, or an array of `{ name, value }`. Malformed cookies are dropped, because the token is still valid. */
const cookiesSchema = z
  .union([
    z.string().transform((text) => fromList(text.split(";").map(parsePair))),
    z.array(z.unknown()).transform((cookies) => fromList(cookies.map(parseCookie))),
    z.record(z.string(), z.unknown()).transform(onlyText),
  ])
  .optional()
  .catch(undefined);

function onlyText(cookies: Readonly<Record<string, unknown>>): Record<string, string> {
  const isText = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === "string";
  return Object.fromEntries(Object.entries(cookies).filter(isText));
}

function fromList(cookies: readonly Cookie[]): Record<string, string> | undefined {
  const read = cookies.flatMap((cookie) => (cookie === undefined || cookie[0] === "" ? [] : [cookie]));
  return read.length === 0 ? undefined : Object.fromEntries(read);
}

function parsePair(text: string): Cookie {
  const at = text.indexOf("=");
  return at < 0 ? undefined : [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

const namedCookie = z.object({ name: z.string(), value: z.string() });

function parseCookie(cookie: unknown): Cookie {
  if (typeof cookie === "string") return parsePair(cookie);
  const { data } = namedCookie.safeParse(cookie);
  return data && [data.name, data.value];
}

const optionalText = z.string().min(1).optional().catch(undefined);

const looseSolution = z
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

/** Whether a value is nested shallowly enough to be stored and serialized. */
export function isStorable(solution: unknown): boolean {
  return isShallow(solution, SOLUTION_LEVELS);
}

/** Parses a solution. Null if it is missing, has no token or is nested too deeply. */
export function parseSolution(solution: unknown): Solution | null {
  return solution != null && isStorable(solution) ? (looseSolution.safeParse(solution).data ?? null) : null;
}
