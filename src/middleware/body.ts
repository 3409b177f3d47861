// The request's body: at most 64 KiB, JSON by its content type, valid UTF-8, valid JSON. What it says is the schemas' business.

import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { ApiError, invalidField } from "../errors.ts";
import { decodeUtf8, parseJson } from "../json.ts";

/** Bytes. A task with every field at its longest and 16 entries of metadata has some 17 KB in ASCII. */
const MAX_BODY_BYTES = 64 * 1024;

/** Refuses longer bodies, before they are read where their length is said, and as they are read where it is not. */
export const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: () => {
    throw new ApiError("payload_too_large", "The body is over 64 KiB.");
  },
});

/** Requires a JSON body. With `optional`, none at all will do, whatever its content type says. */
export function requireJson(options: { readonly optional?: boolean } = {}) {
  return createMiddleware(async function requireJson(c, next) {
    const bytes = await c.req.arrayBuffer();
    if (options.optional === true && bytes.byteLength === 0) {
      replaceBody(c, null);
      return next();
    }
    const contentType = c.req.header("content-type") ?? "";
    if (!/^application\/json\s*(?:;|$)/i.test(contentType)) {
      throw new ApiError("unsupported_media_type", "The body must have Content-Type: application/json.");
    }
    rejectPrototypes(parseBody(bytes), []);
    // Blanks and parameters are legal there (RFC 9110 §8.3.1), and the validator behind takes not all of them.
    if (contentType !== "application/json") replaceBody(c, bytes);
    return next();
  });
}

/** Puts a plain JSON body, or none at all, in place of the one that came. */
function replaceBody(c: Context, body: ArrayBuffer | null): void {
  const headers = new Headers(c.req.raw.headers);
  if (body === null) headers.delete("content-type");
  else headers.set("content-type", "application/json");
  c.req.bodyCache = {};
  c.req.raw = new Request(c.req.url, { method: c.req.method, headers, body });
}

/** Levels of a body that are looked at. No schema has more than four; what nests deeper is not walked to its end. */
const MAX_LEVELS = 16;

/** A `__proto__` is a field that no schema knows, but one that validators pass over in silence. */
function rejectPrototypes(value: unknown, path: readonly string[]): void {
  if (typeof value !== "object" || value === null) return;
  if (path.length >= MAX_LEVELS) throw invalidField(path.join("."), "is nested too deeply");
  for (const [key, part] of Object.entries(value)) {
    if (key === "__proto__") throw invalidField([...path, key].join("."), "is not a known field");
    rejectPrototypes(part, [...path, key]);
  }
}

/** The body as JSON, whatever its content type says; integers of any length stay whole. */
export async function readJson(c: Context): Promise<unknown> {
  return parseBody(await c.req.arrayBuffer());
}

function parseBody(bytes: ArrayBuffer): unknown {
  let text: string;
  try {
    text = decodeUtf8(bytes);
  } catch {
    throw new ApiError("invalid_json", "The body is not valid UTF-8.");
  }
  try {
    return parseJson(text);
  } catch {
    throw new ApiError("invalid_json", "The body is not valid JSON.");
  }
}
