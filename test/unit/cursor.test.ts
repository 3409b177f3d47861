// Cursors of lists: encoding and validation.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCursor, writeCursor } from "../../src/routes/cursor.ts";

describe("a cursor", () => {
  it("returns its position in its own list only, and needs no URL encoding", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: "grapheme" }), fc.string(), fc.string(), (place, scope, other) => {
        const cursor = writeCursor(place, scope);
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(readCursor(cursor, scope)).toBe(place);
        if (other !== scope) expect(readCursor(cursor, other)).toBeNull();
      }),
    );
  });

  it.each(["", "x", "!", "=", "AAAA", "🙂", "MDAwMDAwMDA"])("is rejected if it is invalid: %j", (cursor) => {
    expect(readCursor(cursor, "list")).toBeNull();
  });

  it("is rejected when a character was changed", () => {
    const cursor = writeCursor("7355606316257280", "list");
    for (let index = 0; index < cursor.length - 1; index += 1) {
      const changed = cursor.slice(0, index) + (cursor[index] === "A" ? "B" : "A") + cursor.slice(index + 1);
      expect(readCursor(changed, "list")).toBeNull();
    }
  });
});
