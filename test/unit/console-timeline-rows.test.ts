// The drawing of a task's timeline: to scale, with each event once, and inside its width.

import { describe, expect, it } from "vitest";
import type { Task, TimelineEntry } from "../../src/client/index.ts";
import type { Panel } from "../../src/console/tasks/timeline-rows.ts";
import {
  beginningOf,
  nextChangeOf,
  panelsOf,
  resultOf,
  toneOf,
  wordsOf,
} from "../../src/console/tasks/timeline-rows.ts";
import { axisOf, xOf } from "../../src/console/ui/axis.ts";

const T0 = Date.parse("2026-11-23T09:30:00.000Z");
const WIDTH = 600;
const at = (ms: number): string => new Date(T0 + ms).toISOString();

const task = (changes: Partial<Task> = {}): Task => ({
  id: `tsk_${"5f".repeat(32)}`,
  status: "ready",
  mode: "test",
  task: {
    type: "RecaptchaV3TaskProxyless",
    websiteURL: "https://shop.example/",
    websiteKey: "key",
    pageAction: "home",
    isInvisible: true,
  },
  reference: null,
  metadata: {},
  compatTaskId: null,
  createdAt: at(0),
  submittedAt: at(200),
  finishedAt: at(6_000),
  deadlineAt: at(120_000),
  waitingFor: null,
  nextStepAt: null,
  solution: null,
  solutionState: "available",
  solutionExpiresAt: at(123_000),
  solutionBestBefore: at(63_000),
  error: null,
  polls: 2,
  submissions: 1,
  webhook: null,
  ...changes,
});

const webhook = (changes: Partial<NonNullable<Task["webhook"]>> = {}): Task["webhook"] => ({
  url: "https://hooks.shop.example/",
  state: "pending",
  attempts: 1,
  lastStatus: 500,
  nextAttemptAt: null,
  ...changes,
});

const RUN: readonly TimelineEntry[] = [
  { at: at(0), type: "accepted" },
  { at: at(20), type: "admitted", durationMs: 20 },
  { at: at(200), type: "submitted", durationMs: 150 },
  { at: at(3_000), type: "poll", durationMs: 300, detail: "processing" },
  { at: at(6_000), type: "poll", durationMs: 300, detail: "ready" },
  { at: at(6_000), type: "ready", durationMs: 6_000 },
];
const attempt = (ms: number, status: number | null = 500): TimelineEntry => ({
  at: at(ms),
  type: "webhook",
  durationMs: 100,
  status,
});

const row = (panel: Panel | undefined, name: string) => panel?.rows.find((one) => one.name === name);
const now = T0 + 200_000;

describe("the scale", () => {
  it("gives the same length of time the same width everywhere", () => {
    const axis = axisOf(T0, T0 + 12_000, WIDTH);
    expect(xOf(axis, T0)).toBe(0);
    expect(xOf(axis, T0 + 3_000)).toBe(150);
    expect(xOf(axis, T0 + 9_000) - xOf(axis, T0 + 6_000)).toBe(150);
    expect(xOf(axis, T0 + 12_000)).toBe(WIDTH);
  });

  it("clamps times outside it to its edges", () => {
    const axis = axisOf(T0, T0 + 1_000, WIDTH);
    expect(xOf(axis, T0 - 5)).toBe(0);
    expect(xOf(axis, T0 + 5_000)).toBe(WIDTH);
  });

  it.each([
    [20, WIDTH, ["0", "10 ms", "20 ms"].slice(0, 1)],
    [12_000, WIDTH, ["0", "2 s", "4 s", "6 s", "8 s", "10 s", "12 s"]],
    [120_000, WIDTH, ["0", "15 s", "30 s", "45 s", "60 s", "75 s", "90 s", "105 s", "120 s"]],
    [43_200_000, 300, ["0", "3 h", "6 h", "9 h", "12 h"]],
  ])("has round steps with space for their labels: %d ms on %d px", (spanMs, width, labels) => {
    const { ticks } = axisOf(T0, T0 + spanMs, width);
    expect(ticks.map(({ label }) => label)).toEqual(expect.arrayContaining(labels));
    for (const [index, tick] of ticks.entries()) {
      const before = ticks[index - 1];
      if (before !== undefined) expect(tick.x - before.x).toBeGreaterThanOrEqual(60);
    }
  });

  it("can have an empty span", () => {
    const axis = axisOf(T0, T0, WIDTH);
    expect(xOf(axis, T0)).toBe(0);
    expect(axis.ticks.length).toBeGreaterThan(0);
  });
});

describe("a solved task", () => {
  const [run, life, ...more] = panelsOf(task(), RUN, now, WIDTH);

  it("has a panel for the run and one for the validity of its solution", () => {
    expect([run?.name, life?.name]).toEqual(["From acceptance to the end", "Validity of the solution"]);
    expect(more).toEqual([]);
    expect([run?.axis.to, life?.axis.from, life?.axis.to]).toEqual([T0 + 6_000, T0 + 6_000, T0 + 123_000]);
  });

  it("draws each event once, and a request from its beginning to its response", () => {
    const marks = run?.rows.flatMap((one) => one.marks) ?? [];
    expect(marks.map((mark) => mark.event).sort()).toEqual([0, 1, 2, 3, 4, 5]);
    const poll = marks.find((mark) => mark.event === 3);
    expect(poll).toMatchObject({ shape: "request", x: 270, width: 30, tone: "busy" });
    expect(marks.find((mark) => mark.event === 1)).toMatchObject({ shape: "point", width: 0 });
  });

  it("is in the gateway until it is submitted, and with the upstream until its end", () => {
    expect(row(run, "Gateway")?.spans).toMatchObject([{ x: 0, width: 20 }]);
    expect(row(run, "Upstream")?.spans).toMatchObject([{ x: 20, width: 580 }]);
  });

  it("has a solution that is best used at first, and then still valid", () => {
    const spans = row(life, "Solution")?.spans ?? [];
    expect(spans.map(({ tone }) => tone)).toEqual(["good", "aging"]);
    expect(spans.reduce((sum, { width }) => sum + width, 0)).toBeCloseTo(WIDTH);
  });

  it("shows the present while the solution is valid, and not after that", () => {
    expect(panelsOf(task(), RUN, T0 + 64_500, WIDTH)[1]?.nowX).toBeCloseTo(300);
    expect(life?.nowX).toBeNull();
  });

  it("has a solution that ends when it is claimed", () => {
    const events = [...RUN, { at: at(35_250), type: "claimed" }];
    const spans = row(panelsOf(task({ solutionState: "claimed" }), events, now, WIDTH)[1], "Solution")?.spans ?? [];
    expect(spans.map(({ tone, label }) => [tone, label])).toEqual([
      ["good", "Best used"],
      ["quiet", "Claimed and deleted"],
    ]);
    expect(spans[0]?.width).toBeCloseTo(150);
  });
});

describe("a running task", () => {
  const running = task({ status: "processing", finishedAt: null, solutionState: "none", solutionExpiresAt: null });

  it("has one panel of at least 5 s, with the present in it", () => {
    const [panel, ...more] = panelsOf(running, RUN.slice(0, 3), T0 + 1_000, WIDTH);
    expect(more).toEqual([]);
    expect(panel).toMatchObject({ name: "Running", nowX: 120 });
    expect(panel?.axis.to).toBe(T0 + 5_000);
    expect(row(panel, "Upstream")?.spans).toMatchObject([{ x: 24, width: 96 }]);
  });

  it("has a panel that grows", () => {
    expect(panelsOf(running, RUN.slice(0, 3), T0 + 60_000, WIDTH)[0]?.axis.to).toBe(T0 + 60_000);
  });

  it("has no time with the upstream before it is submitted", () => {
    const queued = { ...running, status: "queued" as const, submittedAt: null };
    expect(row(panelsOf(queued, RUN.slice(0, 1), T0 + 2_000, WIDTH)[0], "Upstream")?.spans).toEqual([]);
  });

  it("is drawn inside its width when the reader's clock is behind the gateway's", () => {
    const [panel] = panelsOf(running, RUN.slice(0, 3), T0 - 60_000, WIDTH);
    for (const { x, width } of panel?.rows.flatMap((one) => [...one.spans, ...one.marks]) ?? []) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(width).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(WIDTH);
    }
  });
});

describe("webhook attempts", () => {
  it("share the panel of the solution while they are early, and so does the planned one", () => {
    const events = [...RUN, attempt(6_000), attempt(8_000, 204)];
    const attempted = task({ webhook: webhook({ nextAttemptAt: at(16_000) }) });
    const [, life, ...more] = panelsOf(attempted, events, now, WIDTH);
    expect(more).toEqual([]);
    expect(row(life, "Webhook")?.marks.map(({ tone }) => tone)).toEqual(["bad", "good", "next"]);
  });

  it("have a panel of their own after the solution's expiry, and are drawn in no other", () => {
    const events = [...RUN, attempt(6_000), attempt(306_000)];
    const attempted = task({ webhook: webhook({ nextAttemptAt: at(1_806_000) }) });
    const [, validity, late] = panelsOf(attempted, events, now, WIDTH);
    expect(row(validity, "Webhook")?.marks.map(({ event }) => event)).toEqual([6]);
    expect(late).toMatchObject({ name: "Later webhook attempts" });
    expect(late?.axis).toMatchObject({ from: T0 + 6_000, to: T0 + 1_806_000 });
    expect(row(late, "Webhook")?.marks.map(({ event }) => event)).toEqual([7, null]);
    expect(row(late, "Webhook")?.marks[0]?.x).toBeCloseTo(100);
  });

  it("have a panel without a solution if the task failed", () => {
    const attempted = task({ status: "failed", solutionState: "none", solutionExpiresAt: null, webhook: webhook() });
    const [, after] = panelsOf(attempted, [...RUN, attempt(6_000), attempt(8_000)], now, WIDTH);
    expect(after).toMatchObject({ name: "After the end", rows: [{ name: "Webhook" }] });
  });
});

it("a failed task without a webhook has no panel after its end", () => {
  const attempted = task({ status: "failed", solutionState: "none", solutionExpiresAt: null });
  expect(panelsOf(attempted, RUN, now, WIDTH)).toHaveLength(1);
});

it.each([
  [{ type: "poll", detail: "processing" }, "busy", "Poll", "processing"],
  [{ type: "poll", detail: "ready" }, "good", "Poll", "ready"],
  [{ type: "poll", detail: "http_503" }, "bad", "Poll", "http_503"],
  [{ type: "webhook", status: 204 }, "good", "Webhook attempt", "HTTP 204"],
  [{ type: "webhook", status: 301, error: "redirect" }, "bad", "Webhook attempt", "HTTP 301, redirect"],
  [{ type: "webhook", status: null, error: "timeout" }, "bad", "Webhook attempt", "No response, timeout"],
  [{ type: "failed" }, "bad", "Failed", ""],
  [{ type: "something_new", detail: "x" }, "quiet", "something_new", "x"],
] as const)("%j is %s: %s, %s", (event, tone, words, result) => {
  const whole = { at: at(0), ...event };
  expect([toneOf(whole), wordsOf(whole), resultOf(whole)]).toEqual([tone, words, result]);
});

it("a request began before its response, and a webhook attempt at its time", () => {
  expect(beginningOf({ at: at(3_000), type: "poll", durationMs: 300 })).toBe(T0 + 2_700);
  expect(beginningOf({ at: at(3_000), type: "webhook", durationMs: 300 })).toBe(T0 + 3_000);
  expect(beginningOf({ at: at(6_000), type: "ready", durationMs: 6_000 })).toBe(T0 + 6_000);
});

describe("the next change of a finished task", () => {
  it("is the next webhook attempt or the expiry of the solution, whichever is first", () => {
    expect(nextChangeOf(task(), T0 + 10_000)).toBe(T0 + 123_000);
    expect(nextChangeOf(task({ webhook: webhook({ nextAttemptAt: at(16_000) }) }), T0 + 10_000)).toBe(T0 + 16_000);
  });

  it("is due now when its time has passed", () => {
    expect(nextChangeOf(task({ webhook: webhook({ nextAttemptAt: at(7_000) }) }), T0 + 10_000)).toBe(T0 + 10_000);
  });

  it("is null when both are over", () => {
    expect(nextChangeOf(task({ solutionState: "expired" }), now)).toBeNull();
  });
});
