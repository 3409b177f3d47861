// Checks of the request body that come before its schema: size, content type, UTF-8 and JSON.

import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { ApiError, invalidField } from "../errors.ts";
import { decodeUtf8, parseJson } from "../json.ts";

/** In bytes. A task with all fields and metadata at their maximum length has about 17 KB in ASCII. */
const MAX_BODY_BYTES = 64 * 1024;

/** Rejects longer bodies by `Content-Length`, or while reading if the header is missing. */
export const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: () => {
    throw new ApiError("payload_too_large", "The body is larger than 64 KiB.");
  },
});

/** Requires a JSON body. With `optional`, an empty body is also accepted, whatever its content type. */
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
    // Whitespace and parameters are valid (RFC 9110 §8.3.1), but the validator does not accept all of them.
    if (contentType !== "application/json") replaceBody(c, bytes);
    return next();
  });
}

/** Replaces the request's body with a JSON body, or removes it. */
function replaceBody(c: Context, body: ArrayBuffer | null): void {
  const headers = new Headers(c.req.raw.headers);
  if (body === null) headers.delete("content-type");
  else headers.set("content-type", "application/json");
  c.req.bodyCache = {};
  c.req.raw = new Request(c.req.url, { method: c.req.method, headers, body });
}

/** The maximum nesting of a body. Schemas have at most four levels. */
const MAX_LEVELS = 16;

/** Rejects `__proto__` as an unknown field. A schema of a record, such as `metadata`, would ignore it. */
function rejectPrototypes(value: unknown, path: readonly string[]): void {
  if (typeof value !== "object" || value === null) return;
  if (path.length >= MAX_LEVELS) throw invalidField(path.join("."), "is nested too deeply");
  for (const [key, part] of Object.entries(value)) {
    if (key === "__proto__") throw invalidField([...path, key].join("."), "is not a known field");
    rejectPrototypes(part, [...path, key]);
  }
}

/** Parses the body as JSON, whatever its content type. A `taskId` keeps all its digits. */
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
