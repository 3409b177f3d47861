// The heap: always the least of what it holds.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Heap } from "../../src/tenants/heap.ts";

const precedes = (a: number, b: number) => a < b;
const drained = (heap: Heap<number>): number[] => Array.from({ length: heap.size }, () => heap.pop() ?? Number.NaN);

describe("a heap", () => {
  it("gives its least first, whatever came in when, and equals as often as they came", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (items) => {
        const heap = new Heap<number>(precedes);
        for (const item of items) heap.push(item);
        expect(heap.peek()).toBe(items.length === 0 ? undefined : Math.min(...items));
        expect(drained(heap)).toEqual(items.toSorted((a, b) => a - b));
      }),
    );
  });

  it("keeps its order when some are dropped", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), (items) => {
        const heap = new Heap<number>(precedes);
        for (const item of items) heap.push(item);
        heap.keep((item) => item % 2 === 0);
        expect(drained(heap)).toEqual(items.filter((item) => item % 2 === 0).toSorted((a, b) => a - b));
      }),
    );
  });

  it("that is empty gives nothing", () => {
    const heap = new Heap<number>(precedes);
    expect([heap.peek(), heap.pop(), heap.size]).toEqual([undefined, undefined, 0]);
  });
});
