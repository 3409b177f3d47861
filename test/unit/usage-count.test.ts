// The count of a day's tasks, and exact percentiles of their solve times.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CountedRow } from "../../src/tenants/usage-count.ts";
import { SolveTimeCounts, UsageCount } from "../../src/tenants/usage-count.ts";

const row = (overrides: Partial<CountedRow> = {}): CountedRow => ({
  mode: "live",
  status: "ready",
  errorCode: null,
  keyId: "key_1",
  solveMs: 5_000,
  ...overrides,
});

describe("UsageCount", () => {
  it("counts tasks by outcome, error code and key, and each mode apart", () => {
    const count = new UsageCount();
    count.add(row());
    count.add(row({ solveMs: 7_000 }));
    count.add(row({ status: "failed", errorCode: "timeout", solveMs: null, keyId: "key_2" }));
    count.add(row({ status: "failed", errorCode: null, solveMs: null }));
    count.add(row({ status: "canceled", solveMs: null, keyId: null }));
    count.add(row({ status: "processing", solveMs: null }));
    count.add(row({ mode: "test", solveMs: 100 }));
    expect(count.of("live")).toEqual({
      totals: {
        submitted: 6,
        ready: 2,
        failed: { timeout: 1, internal: 1 },
        canceled: 1,
        solveMs: { p50: 5_000, p95: 7_000 },
      },
      keys: { key_1: { submitted: 4, ready: 2 }, key_2: { submitted: 1, ready: 0 } },
    });
    expect(count.of("test")).toMatchObject({ totals: { submitted: 1, solveMs: { p50: 100, p95: 100 } } });
    expect(count.size).toBe(7);
  });

  it("continues in a copy without changing the original", () => {
    const count = new UsageCount();
    count.add(row());
    const copy = count.copy();
    copy.add(row({ status: "failed", errorCode: "timeout", solveMs: null }));
    copy.add(row({ solveMs: 1 }));
    expect(count.of("live").totals).toMatchObject({ submitted: 1, failed: {}, solveMs: { p50: 5_000 } });
    expect(copy.of("live").totals).toMatchObject({ submitted: 3, failed: { timeout: 1 }, solveMs: { p50: 1 } });
  });
});

describe("SolveTimeCounts", () => {
  it("has the nearest-rank percentiles of any times", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 400_000 }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.5, 0.95, 0.01, 1),
        (times, share) => {
          const counts = new SolveTimeCounts();
          for (const time of times) counts.add(time);
          const sorted = times.toSorted((a, b) => a - b);
          expect(counts.percentile(share)).toBe(sorted[Math.ceil(share * times.length) - 1]);
        },
      ),
    );
  });

  it("has no percentile without times", () => {
    expect(new SolveTimeCounts().percentile(0.5)).toBeNull();
  });
});
