// Upstream failures, for whole tasks over real HTTP: one table of each kind of failure and its effect on the task.

import { env } from "cloudflare:workers";
import { describe, expect, inject, it, vi } from "vitest";
import { failingCase } from "../support/failing-servers.ts";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, POLL_MS, setEnvironment, TIMEOUT_MS, view } from "../support/objects.ts";
import { createTenant, ledgerOf, tenantObject } from "../support/tenants.ts";
import { pass, ringOnTime, runUntil, START, useFrozenTime } from "../support/time.ts";

const server = inject("failingUpstream");

/** When the first alarm of a test's task rings, and with it the first createTask leaves. */
const sent = START + 1;

useFrozenTime(createTenant);

/** The alarm of the deadline, in ms after the first createTask. */
const DEADLINE = TIMEOUT_MS - 1;
/** The timeout of a request that hangs (ms of real time): long enough for the request to be sent. */
const HASTY_MS = 20;

/** Any wait of a second or more is over after `HASTY_MS`. */
function shortenTimeouts(): void {
  const start = globalThis.setTimeout;
  vi.spyOn(globalThis, "setTimeout").mockImplementation((callback: () => void, ms = 0) =>
    start(callback, ms < 1_000 ? ms : HASTY_MS),
  );
}

/** An upstream with one failure, and the number of its requests. */
function upstreamWith(failure: string) {
  const { url, seen } = failingCase(server, failure);
  return {
    UPSTREAM_URL: failure === "closed-port" ? server.closedPortUrl : url,
    count: async (call: "createTask" | "getTaskResult") =>
      (await seen()).requests.filter(({ path }) => path.endsWith(`/${call}`)).length,
  };
}
type FailingUpstream = ReturnType<typeof upstreamWith>;

const switchTo = (stub: TaskStub, { UPSTREAM_URL }: FailingUpstream) => setEnvironment(stub, { ...env, UPSTREAM_URL });

/** The course of a task whose calls of one kind all fail the same way. Times after the first such call, in s (`sends`) and ms. */
interface Course {
  readonly sends: readonly number[];
  readonly endsAt: number;
  readonly error: { readonly code: string; readonly upstreamCode?: string };
  /** Of createTask's failures: requests that upstream accepted or may have accepted. */
  readonly submissions: number;
  /** Alarms may send nothing, so there are more alarms than requests. */
  readonly held?: boolean;
}

const UNAVAILABLE = { code: "upstream_unavailable" } as const;
/** Sent once more after 5 s, and never a third time. */
const UNKNOWN: Course = { sends: [0, 5], endsAt: 5_000, error: UNAVAILABLE, submissions: 2 };
/** Sent again after 3, 6, 12, 15, 15 … s, until the deadline. */
const REJECTED: Course = {
  sends: [0, 3, 9, 21, 36, 51, 66, 81, 96, 111],
  endsAt: DEADLINE,
  error: UNAVAILABLE,
  submissions: 0,
};
/** The same with a Retry-After of 7 s, a lower bound of each pause, and of a day, limited to a minute. */
const AFTER_7_S = [0, 7, 14, 26, 41, 56, 71, 86, 101, 116];
const AFTER_60_S = [0, 60];
/** A refused account: one probe a minute later. */
const ACCOUNT: Course = { ...REJECTED, sends: [0, 60], held: true };
const ended = (code: string, upstreamCode: string): Course => ({
  sends: [0],
  endsAt: 0,
  error: { code, upstreamCode },
  submissions: 0,
});

/** The deadline, in ms after the first poll. */
const POLL_DEADLINE = DEADLINE - POLL_MS;
/** The upstream has the task already, so a failed poll is repeated until the deadline. A refused account holds submissions, not polls. */
const POLLED: Course = { ...REJECTED, endsAt: POLL_DEADLINE };

type Row = readonly [failure: string, create: Course, poll: Course];
const ABSENT = ended("upstream_rejected", "ERROR_TASK_ABSENT");
/** The upstream has tried to solve it, so the submission counts. */
const UNSOLVABLE: Course = { ...ended("unsolvable", "ERROR_CAPTCHA_UNSOLVABLE"), submissions: 1 };

/** Failures of each kind. All failures of a kind are in upstream-client.test.ts and in test/unit/protocol.test.ts. */
const TABLE: readonly Row[] = [
  ["closed-port", UNKNOWN, POLLED],
  ["reset-mid-answer", UNKNOWN, POLLED],
  ["redirect-301", UNKNOWN, POLLED],
  ["html", UNKNOWN, POLLED],
  ['json-{"errorId":0,"status":"dreaming"}', UNKNOWN, POLLED],
  ["status-504-html", UNKNOWN, POLLED],
  ["status-503-html", REJECTED, POLLED],
  ["retry-after-429-7", { ...REJECTED, sends: AFTER_7_S }, { ...POLLED, sends: AFTER_7_S }],
  ["retry-after-503-86400", { ...REJECTED, sends: AFTER_60_S }, { ...POLLED, sends: AFTER_60_S }],
  ["status-200-ERROR_TOO_MUCH_REQUESTS", REJECTED, POLLED],
  ["status-402-ERROR_ZERO_BALANCE", ACCOUNT, POLLED],
  ["status-400-ERROR_TASK_ABSENT", ABSENT, ABSENT],
  ["status-200-ERROR_CAPTCHA_UNSOLVABLE", UNSOLVABLE, UNSOLVABLE],
];

/** The alarms (ms after the first such call) of a course: its requests and, if it gets that far, the deadline. */
const alarmsOf = ({ sends, endsAt }: Course) => [...new Set([...sends.map((s) => s * 1_000), endsAt])];

/** The task ends with the expected status at the expected time, and the ledger has it once. */
async function expectEnd(stub: TaskStub, course: Course, endsAt: number, submissions: number): Promise<void> {
  const { error } = course;
  expect(await view(stub)).toMatchObject({ status: "failed", finishedAt: endsAt, submissions, solution: null, error });
  expect(await ledgerOf(tenantObject())).toMatchObject([
    { task_id: stub.id.toString(), status: "failed", finished_at: endsAt, error_code: error.code },
  ]);
}

async function expectCreateCourse(failure: string, course: Course): Promise<FailingUpstream> {
  const upstream = upstreamWith(failure);
  const stub = await acceptTask();
  await switchTo(stub, upstream);
  const rung = await runUntil(stub, START + TIMEOUT_MS);
  if (course.held !== true) expect(rung.map((at) => at - sent)).toEqual(alarmsOf(course));
  await expectEnd(stub, course, sent + course.endsAt, course.submissions);
  expect(await upstream.count("getTaskResult")).toBe(0);
  return upstream;
}

/** A task whose createTask succeeded, and whose polls all fail. */
async function expectPollCourse(
  failure: string,
  course: Course,
  beforePolls: () => void = () => undefined,
): Promise<FailingUpstream> {
  const [working, failing] = [upstreamWith("fine"), upstreamWith(failure)];
  const stub = await acceptTask();
  await switchTo(stub, working);
  await ringOnTime(stub);
  await switchTo(stub, failing);
  beforePolls();
  const rung = await runUntil(stub, START + TIMEOUT_MS);
  const firstPoll = sent + POLL_MS;
  expect(rung.map((at) => at - firstPoll)).toEqual(alarmsOf(course));
  await expectEnd(stub, course, firstPoll + course.endsAt, 1);
  expect((await view(stub)).polls).toBe(course.sends.length);
  expect([await working.count("createTask"), await failing.count("createTask")]).toEqual([1, 0]);
  return failing;
}

describe("a lasting upstream failure", () => {
  it.each(TABLE)("has the effect of its kind in createTask: %s", async (failure, course) => {
    const { count } = await expectCreateCourse(failure, course);
    if (failure !== "closed-port") expect(await count("createTask")).toBe(course.sends.length);
  });

  it.each(TABLE)("has the effect of its kind in getTaskResult: %s", async (failure, _create, course) => {
    const { count } = await expectPollCourse(failure, course);
    if (failure !== "closed-port") expect(await count("getTaskResult")).toBe(course.sends.length);
  });

  it("leaves an unknown outcome in createTask if only the timeout ends it", async () => {
    shortenTimeouts();
    await expectCreateCourse("hang-mid-answer", UNKNOWN);
  });

  it("is retried until the deadline in getTaskResult if only the timeout ends it", async () => {
    await expectPollCourse("hang-mid-answer", POLLED, shortenTimeouts);
  });
});

describe("a temporary upstream failure", () => {
  const lasting = TABLE.filter(([failure]) => /^status-50|^retry-after-429/.test(failure));

  it.each(lasting)("does not prevent the submission in createTask: %s", async (failure, course) => {
    const [, again = 0] = course.sends;
    const stub = await acceptTask();
    await switchTo(stub, upstreamWith(failure));
    await ringOnTime(stub);
    await switchTo(stub, upstreamWith("fine"));
    expect(await ringOnTime(stub)).toBe(sent + again * 1_000);
    const submissions = course.submissions === 0 ? 1 : 2;
    expect(await view(stub)).toMatchObject({ status: "processing", submissions, faults: 0, lastExchangeFailed: false });
    expect(await ringOnTime(stub)).toBe(sent + again * 1_000 + POLL_MS);
  });

  it.each(lasting)("does not change the later poll interval in getTaskResult: %s", async (failure, _create, course) => {
    const [, again = 0] = course.sends;
    const [working, failing] = [upstreamWith("fine"), upstreamWith(failure)];
    const stub = await acceptTask();
    await switchTo(stub, working);
    await ringOnTime(stub);
    await switchTo(stub, failing);
    const failedAt = await ringOnTime(stub);
    await switchTo(stub, working);
    const alarms = [await ringOnTime(stub), await ringOnTime(stub), await ringOnTime(stub)];
    expect(alarms.map((at) => at - failedAt)).toEqual([again * 1_000, again * 1_000 + 3_000, again * 1_000 + 6_000]);
    // The last answer was processing, so the task ends with timeout.
    await runUntil(stub, START + TIMEOUT_MS);
    expect(await view(stub)).toMatchObject({ status: "failed", error: { code: "timeout" }, submissions: 1 });
  });
});

describe("a slow upstream", () => {
  it("delays every next request, because each pause is counted from the answer", async () => {
    const real = globalThis.fetch;
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const response = await real(input, init);
      pass(4_000);
      return response;
    });
    const stub = await acceptTask();
    await switchTo(stub, upstreamWith("fine"));
    const rung = await runUntil(stub, START + 30_000);
    expect(rung.map((at) => at - sent)).toEqual([0, 7_000, 14_000, 21_000, 28_000]);
    expect(await view(stub)).toMatchObject({ status: "processing", submissions: 1, polls: 4 });
  });
});
