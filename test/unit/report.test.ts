// The Analytics Engine point of a finished task. OPERATIONS.md describes the columns, and its queries read them.

import { describe, expect, it, vi } from "vitest";
import type { TaskRecord } from "../../src/tasks/record.ts";
import { reportChange } from "../../src/tasks/report.ts";
import { at, canceledRecord, failedRecord, processing, readyRecord } from "../support/records.ts";

/** The points that are written when a task becomes `record`. */
function pointsOf(record: TaskRecord): AnalyticsEngineDataPoint[] {
  const writeDataPoint = vi.fn<AnalyticsEngineDataset["writeDataPoint"]>();
  reportChange({ writeDataPoint }, processing(), record);
  return writeDataPoint.mock.calls.flatMap(([point]) => (point === undefined ? [] : [point]));
}

describe("reportChange", () => {
  it("writes a point with the solve time and the lag of a ready task", () => {
    const record = readyRecord({ mode: "live", submittedAt: at(100), unsolvedAt: at(5_000), finishedAt: at(10_000) });
    expect(pointsOf(record)).toStrictEqual([
      { indexes: ["acme"], blobs: ["ready", "", "live"], doubles: [9_900, 5_000, 3, 1] },
    ]);
  });

  it("writes a point with the error code and the submissions of a failed task", () => {
    const error = { code: "upstream_unavailable", message: "The upstream did not answer in time." } as const;
    expect(pointsOf(failedRecord({ error, submissions: 2, submittedAt: null }))).toStrictEqual([
      { indexes: ["acme"], blobs: ["failed", "upstream_unavailable", "test"], doubles: [0, 0, 3, 2] },
    ]);
  });

  it("writes a point without an error code for a canceled task", () => {
    expect(pointsOf(canceledRecord())).toStrictEqual([
      { indexes: ["acme"], blobs: ["canceled", "", "test"], doubles: [9_900, 0, 0, 1] },
    ]);
  });

  it("writes no point for a task that is not final", () => {
    expect(pointsOf(processing())).toEqual([]);
  });
});
