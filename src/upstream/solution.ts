// The solution in an upstream's answer: the token, optional cookies, and whatever else stands beside them. Pure.

import { z } from "zod";
import { isShallow } from "../json.ts";

/** The part of a solution that is known by name; other fields of the upstream are kept as they came. */
export interface Solution {
  readonly gRecaptchaResponse: string;
  readonly cookies?: Readonly<Record<string, string>> | undefined;
  readonly userAgent?: string | undefined;
  readonly secChUa?: string | undefined;
}

/** Levels of a solution that are accepted: more than any service nests, and few enough to be stored and written again. */
const SOLUTION_LEVELS = 32;

/** A cookie's name and value, or undefined where it cannot be read. */
type Cookie = readonly [name: string, value: string] | undefined;

/** A map; `a=b; c=d`; or an array of `{ name, value }`. A part that cannot be read must not cost the token beside it. */
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

/** Whether a value nests few enough levels to be walked, stored and written again. */
export function isStorable(solution: unknown): boolean {
  return isShallow(solution, SOLUTION_LEVELS);
}

/** Reads a solution; null where it has no token or nests too deep. */
export function parseSolution(solution: unknown): Solution | null {
  return isStorable(solution) ? (looseSolution.safeParse(solution).data ?? null) : null;
}
