/** Upstream failures, for whole tasks over real HTTP: one table of each failure of each call and its effect on the task. */

import { env } from "cloudflare:workers";
import { describe, expect, inject, it, vi } from "vitest";
import type { Seen } from "../support/faults.ts";
import type { TaskStub } from "../support/objects.ts";
import { acceptTask, POLL_MS, setEnvironment, TIMEOUT_MS, view } from "../support/objects.ts";
import { createTenant, ledgerOf, tenantObject } from "../support/tenants.ts";
import { pass, ringOnTime, runUntil, START, useFrozenTime } from "../support/time.ts";
import { created, plain, scriptOutside } from "../support/upstream.ts";

const { url, rejectingUrl } = inject("faultyUpstream");

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

interface FaultyCase {
  readonly UPSTREAM_URL: string;
  readonly seen: (call: "createTask" | "getTaskResult") => Promise<number>;
}

/** An upstream with one failure, and the number of its requests. */
function upstreamWith(fault: string): FaultyCase {
  const name = crypto.randomUUID();
  return {
    UPSTREAM_URL: fault === "refuses" ? rejectingUrl : `${url}/${encodeURIComponent(fault)}/${name}`,
    seen: async (call) => {
      const { requests }: Seen = await (await fetch(`${url}/seen/${name}`)).json();
      return requests.filter(({ path }) => path.endsWith(`/${call}`)).length;
    },
  };
}

const turnTo = (stub: TaskStub, { UPSTREAM_URL }: FaultyCase) => setEnvironment(stub, { ...env, UPSTREAM_URL });

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
const HIDDEN: Course = { sends: [0, 5], endsAt: 5_000, error: UNAVAILABLE, submissions: 2 };
/** Tried with 3, 6, 12, 15 s … between, until the deadline. */
const REFUSED: Course = {
  sends: [0, 3, 9, 21, 36, 51, 66, 81, 96, 111],
  endsAt: DEADLINE,
  error: UNAVAILABLE,
  submissions: 0,
};
/** The same with a Retry-After of 7 s, a lower bound of each pause, and of a day, capped at a minute. */
const ASKED_7 = [0, 7, 14, 26, 41, 56, 71, 86, 101, 116];
const ASKED_60 = [0, 60];
/** A refused account: one probe a minute later. */
const ACCOUNT: Course = { ...REFUSED, sends: [0, 60], held: true };
const ended = (code: string, upstreamCode: string): Course => ({
  sends: [0],
  endsAt: 0,
  error: { code, upstreamCode },
  submissions: 0,
});

/** The deadline, in ms after the first poll. */
const POLL_DEADLINE = DEADLINE - POLL_MS;
/** Any fault of a poll: the task is upstream's already. A refused account, too: it holds submissions, never a poll. */
const POLLED: Course = { ...REFUSED, endsAt: POLL_DEADLINE };
const POLLED_7: Course = { ...POLLED, sends: ASKED_7 };
const POLLED_60: Course = { ...POLLED, sends: ASKED_60 };

type Row = readonly [fault: string, create: Course, poll: Course];
const REJECTED = ended("upstream_rejected", "ERROR_TASK_ABSENT");
const UNSOLVABLE = ended("unsolvable", "ERROR_CAPTCHA_UNSOLVABLE");
const NEW_CODE = ended("upstream_rejected", "ERROR_NOBODY_DOCUMENTED");

const TABLE: readonly Row[] = [
  ["refuses", HIDDEN, POLLED],
  ["reset-before-answer", HIDDEN, POLLED],
  ["closed-before-answer", HIDDEN, POLLED],
  ["reset-mid-answer", HIDDEN, POLLED],
  ["cut-off", HIDDEN, POLLED],
  ["not-http", HIDDEN, POLLED],
  ["redirect-301", HIDDEN, POLLED],
  ["no-content", HIDDEN, POLLED],
  ["empty", HIDDEN, POLLED],
  ["status-200-json", HIDDEN, POLLED],
  ["truncated", HIDDEN, POLLED],
  ["html", HIDDEN, POLLED],
  ["not-utf8", HIDDEN, POLLED],
  ["two-mebibytes", HIDDEN, POLLED],
  ['json-{"errorId":0,"status":"dreaming"}', HIDDEN, POLLED],
  ['json-{"errorId":0,"status":7}', HIDDEN, POLLED],
  ['json-{"errorId":0,"status":"ready"}', HIDDEN, POLLED],
  ['json-{"errorId":0,"status":"ready","solution":"token"}', HIDDEN, POLLED],
  ['json-{"errorId":0,"status":"ready","solution":{"gRecaptchaResponse":7}}', HIDDEN, POLLED],
  ['json-{"errorId":0,"taskId":{}}', HIDDEN, POLLED],
  ['json-{"errorId":"none","errorCode":[]}', HIDDEN, POLLED],
  ["json-null", HIDDEN, POLLED],
  ["json-[1]", HIDDEN, POLLED],
  ["status-504-html", HIDDEN, POLLED],
  ["status-520-html", HIDDEN, POLLED],
  ["status-524-html", HIDDEN, POLLED],
  ["status-400-empty", REFUSED, POLLED],
  ["status-401-html", REFUSED, POLLED],
  ["status-402-json", REFUSED, POLLED],
  ["status-429-empty", REFUSED, POLLED],
  ["status-500-html", REFUSED, POLLED],
  ["status-503-html", REFUSED, POLLED],
  ["retry-after-429-7", { ...REFUSED, sends: ASKED_7 }, POLLED_7],
  ["retry-after-503-86400", { ...REFUSED, sends: ASKED_60 }, POLLED_60],
  ["retry-after-429-soon", REFUSED, POLLED],
  ["status-429-ERROR_NO_SLOT_AVAILABLE", REFUSED, POLLED],
  ["status-200-ERROR_TOO_MUCH_REQUESTS", REFUSED, POLLED],
  ["status-503-ERROR_NOBODY_DOCUMENTED", REFUSED, POLLED],
  ["status-401-ERROR_KEY_DOES_NOT_EXIST", ACCOUNT, POLLED],
  ["status-402-ERROR_ZERO_BALANCE", ACCOUNT, POLLED],
  ["status-400-ERROR_TASK_ABSENT", REJECTED, REJECTED],
  ["status-200-ERROR_CAPTCHA_UNSOLVABLE", UNSOLVABLE, UNSOLVABLE],
  ["status-400-ERROR_NOBODY_DOCUMENTED", NEW_CODE, NEW_CODE],
];
/** Failures that only the timeout ends. */
const HANGING: readonly Row[] = [
  ["hang", HIDDEN, POLLED],
  ["hang-after-headers", HIDDEN, POLLED],
  ["hang-mid-answer", HIDDEN, POLLED],
  ["drip", HIDDEN, POLLED],
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

async function expectCreateCourse(fault: string, course: Course): Promise<FaultyCase> {
  const upstream = upstreamWith(fault);
  const stub = await acceptTask();
  await turnTo(stub, upstream);
  const rung = await runUntil(stub, START + TIMEOUT_MS);
  if (course.held !== true) expect(rung.map((at) => at - sent)).toEqual(alarmsOf(course));
  await expectEnd(stub, course, sent + course.endsAt, course.submissions);
  expect(await upstream.seen("getTaskResult")).toBe(0);
  return upstream;
}

/** A task that upstream has: its createTask went well, and every poll from now on meets the fault. */
async function expectPollCourse(
  fault: string,
  course: Course,
  beforePolls: () => void = () => undefined,
): Promise<FaultyCase> {
  const well = upstreamWith("fine");
  const faulty = upstreamWith(fault);
  const stub = await acceptTask();
  await turnTo(stub, well);
  await ringOnTime(stub);
  await turnTo(stub, faulty);
  beforePolls();
  const rung = await runUntil(stub, START + TIMEOUT_MS);
  const firstPoll = sent + POLL_MS;
  expect(rung.map((at) => at - firstPoll)).toEqual(alarmsOf(course));
  await expectEnd(stub, course, firstPoll + course.endsAt, 1);
  expect((await view(stub)).polls).toBe(course.sends.length);
  expect([await well.seen("createTask"), await faulty.seen("createTask")]).toEqual([1, 0]);
  return faulty;
}

describe("a lasting upstream failure", () => {
  it.each(TABLE)("of createTask takes the expected course: %s", async (fault, course) => {
    const { seen } = await expectCreateCourse(fault, course);
    if (fault !== "refuses") expect(await seen("createTask")).toBe(course.sends.length);
  });

  it.each(TABLE)("of getTaskResult takes the expected course: %s", async (fault, _create, course) => {
    const { seen } = await expectPollCourse(fault, course);
    if (fault !== "refuses") expect(await seen("getTaskResult")).toBe(course.sends.length);
  });

  it.each(HANGING)("of createTask that only the timeout ends takes the expected course: %s", async (fault, course) => {
    shortenTimeouts();
    await expectCreateCourse(fault, course);
  });

  it.each(HANGING)("of getTaskResult, ended by the time-out alone: %s", async (fault, _create, course) => {
    await expectPollCourse(fault, course, shortenTimeouts);
  });
});

describe("a temporary upstream failure", () => {
  const lasting = TABLE.filter(([, { sends, held }]) => sends.length > 1 && held !== true);

  it.each(lasting)("of createTask does not prevent the submission: %s", async (fault, course) => {
    const [, again = 0] = course.sends;
    const stub = await acceptTask();
    await turnTo(stub, upstreamWith(fault));
    await ringOnTime(stub);
    await turnTo(stub, upstreamWith("fine"));
    expect(await ringOnTime(stub)).toBe(sent + again * 1_000);
    const submissions = course.submissions === 0 ? 1 : 2;
    expect(await view(stub)).toMatchObject({ status: "processing", submissions, faults: 0, lastExchangeFailed: false });
    expect(await ringOnTime(stub)).toBe(sent + again * 1_000 + POLL_MS);
  });

  it.each(lasting)("of getTaskResult restores the poll interval afterwards: %s", async (fault, _create, course) => {
    const [, again = 0] = course.sends;
    const [well, faulty] = [upstreamWith("fine"), upstreamWith(fault)];
    const stub = await acceptTask();
    await turnTo(stub, well);
    await ringOnTime(stub);
    await turnTo(stub, faulty);
    const failedAt = await ringOnTime(stub);
    await turnTo(stub, well);
    const alarms = [await ringOnTime(stub), await ringOnTime(stub), await ringOnTime(stub)];
    expect(alarms.map((at) => at - failedAt)).toEqual([again * 1_000, again * 1_000 + 3_000, again * 1_000 + 6_000]);
    // Upstream's last answer was processing, so the task ends with timeout.
    await runUntil(stub, START + TIMEOUT_MS);
    expect(await view(stub)).toMatchObject({ status: "failed", error: { code: "timeout" }, submissions: 1 });
  });
});

describe("a slow upstream", () => {
  it("moves every next request, because each pause is counted from the answer", async () => {
    const real = globalThis.fetch;
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const response = await real(input, init);
      pass(4_000);
      return response;
    });
    const stub = await acceptTask();
    await turnTo(stub, upstreamWith("fine"));
    const rung = await runUntil(stub, START + 30_000);
    expect(rung.map((at) => at - sent)).toEqual([0, 7_000, 14_000, 21_000, 28_000]);
    expect(await view(stub)).toMatchObject({ status: "processing", submissions: 1, polls: 4 });
  });
});

/** Answers in the protocol's JSON with undocumented content. */
const NO_ERROR = { errorId: 0, errorCode: null, errorDescription: null };
const ODD_ANSWERS = [
  ["an unknown status", { ...NO_ERROR, status: "dreaming" }],
  ["ready without a solution", { ...NO_ERROR, status: "ready" }],
  ["ready with an empty solution", { ...NO_ERROR, status: "ready", solution: {} }],
  ["ready with an empty token", { ...NO_ERROR, status: "ready", solution: { gRecaptchaResponse: "" } }],
] as const;

describe("an answer with undocumented content", () => {
  it.each(ODD_ANSWERS)("of createTask is an unknown outcome: %s", async (_what, body) => {
    const outside = scriptOutside({ create: [plain(200, JSON.stringify(body))] });
    const stub = await acceptTask();
    await runUntil(stub, START + TIMEOUT_MS);
    expect(outside.creates.map(({ at }) => at - sent)).toEqual([0, 5_000]);
    await expectEnd(stub, HIDDEN, sent + HIDDEN.endsAt, 2);
  });

  it.each(ODD_ANSWERS)("of createTask with an id is a created task: %s", async (_what, body) => {
    const outside = scriptOutside({ create: [plain(200, JSON.stringify({ ...body, taskId: 7 }))], poll: [plain(503)] });
    const stub = await acceptTask();
    await runUntil(stub, sent + POLL_MS);
    expect(outside.polls).toMatchObject([{ at: sent + POLL_MS, body: { taskId: 7 } }]);
    expect(await view(stub)).toMatchObject({ status: "processing", submissions: 1 });
  });

  it.each(ODD_ANSWERS)("of getTaskResult is a failed poll: %s", async (_what, body) => {
    const outside = scriptOutside({ create: [created()], poll: [plain(200, JSON.stringify(body))] });
    const stub = await acceptTask();
    await runUntil(stub, START + TIMEOUT_MS);
    const firstPoll = sent + POLL_MS;
    expect(outside.polls.map(({ at }) => at - firstPoll)).toEqual(POLLED.sends.map((s) => s * 1_000));
    await expectEnd(stub, POLLED, firstPoll + POLL_DEADLINE, 1);
  });
});
