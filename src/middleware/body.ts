// The request's body: at most 64 KiB, JSON by its content type, valid UTF-8, valid JSON. What it says is the schemas' business.

import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { ApiError } from "../errors.ts";
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
    if (options.optional === true && bytes.byteLength === 0) return next();
    if (!/^application\/json\s*(?:;|$)/i.test(c.req.header("content-type") ?? "")) {
      throw new ApiError("unsupported_media_type", "The body must have Content-Type: application/json.");
    }
    parseBody(bytes);
    return next();
  });
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
