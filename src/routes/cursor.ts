// Cursors of lists. A checksum binds a cursor to its list, so that cursors that were changed or belong to another list are rejected.
// It is not a signature: a forged cursor only reaches entries that the caller can list anyway.

import { invalidField } from "../errors.ts";
import { crc32 } from "../tenants/keys.ts";

/** Hex digits of the checksum. */
const CHECK_LENGTH = 8;

const BASE64URL = { alphabet: "base64url" } as const;

function checkOf(place: string, scope: string): string {
  return crc32(new TextEncoder().encode(`${scope}/${place}`))
    .toString(16)
    .padStart(CHECK_LENGTH, "0");
}

/** The URL-safe cursor for a place in the list `scope`. */
export function writeCursor(place: string, scope: string): string {
  const bytes = new TextEncoder().encode(checkOf(place, scope) + place);
  return bytes.toBase64({ ...BASE64URL, omitPadding: true });
}

/** The place of a cursor, or null if it is not a cursor of the list `scope`. */
export function readCursor(cursor: string, scope: string): string | null {
  let text: string;
  try {
    text = new TextDecoder().decode(Uint8Array.fromBase64(cursor, BASE64URL));
  } catch {
    return null;
  }
  const place = text.slice(CHECK_LENGTH);
  return place !== "" && text.startsWith(checkOf(place, scope)) ? place : null;
}

/** The number in a cursor. @throws ApiError `invalid_request` if it is not a cursor of the list `scope` */
export function readNumericCursor(cursor: string, scope: string): number {
  const place = Number(readCursor(cursor, scope) ?? Number.NaN);
  if (!Number.isSafeInteger(place)) throw invalidField("cursor", "is not a cursor of this list with these filters");
  return place;
}
