// Cursors of lists: opaque to callers, checked on the way back, so that one that was tampered with is refused instead of giving
// another page. PURE. No secret: a cursor opens nothing that its bearer could not list anyway.

import { crc32 } from "../tenants/keys.ts";

/** Hex digits of the checksum. */
const CHECK_LENGTH = 8;

function checkOf(place: string, scope: string): string {
  return crc32(new TextEncoder().encode(`${scope}/${place}`))
    .toString(16)
    .padStart(CHECK_LENGTH, "0");
}

/** The cursor of a place in a list; `scope` names the list, so that it fits no other. */
export function writeCursor(place: string, scope: string): string {
  return place + checkOf(place, scope);
}

/** The place that a cursor names, or null where it is none of this list. */
export function readCursor(cursor: string, scope: string): string | null {
  const place = cursor.slice(0, -CHECK_LENGTH);
  return place !== "" && cursor.slice(-CHECK_LENGTH) === checkOf(place, scope) ? place : null;
}
