// What a task page says about the cost of a task: "no charge" only if the upstream can't have accepted it.

import { describe, expect, it } from "vitest";
import { cancellationText, waitingText } from "../../src/console/tasks/submission-texts.ts";
import { presentTask } from "../../src/tasks/present.ts";
import { aRecord } from "../support/records.ts";

const QUEUED = presentTask(aRecord());
const held = { ...QUEUED, waitingFor: "upstream" } as const;
const waiting = { ...QUEUED, waitingFor: "slot" } as const;

describe("the notice of a waiting task", () => {
  it("promises no charge while the task was never sent", () => {
    for (const task of [held, waiting]) expect(waitingText(task)?.detail).toContain("without a charge");
  });

  it("says that a task with an unknown outcome may have been charged", () => {
    for (const task of [held, waiting]) {
      const { detail } = waitingText({ ...task, submissions: 1 }) ?? {};
      expect(detail).toContain("may have been charged");
      expect(detail).not.toContain("without a charge");
    }
  });

  it("is missing for a task that does not wait or is final", () => {
    expect(waitingText(QUEUED)).toBeNull();
    expect(waitingText({ ...held, status: "failed" })).toBeNull();
  });
});

describe("the text of a cancellation", () => {
  it("says that nothing is charged for a task that was never sent", () => {
    expect(cancellationText(QUEUED)).toContain("nothing is charged");
  });

  it("says that a task with an unknown outcome may have been charged", () => {
    expect(cancellationText({ ...QUEUED, submissions: 1 })).toContain("may have been charged");
  });

  it("says that the upstream may charge for a task that it accepted", () => {
    const task = { ...QUEUED, status: "processing", submittedAt: QUEUED.createdAt, submissions: 1 } as const;
    expect(cancellationText(task)).toContain("may still charge");
  });
});
