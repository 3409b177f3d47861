// The compatibility API as existing clients of the protocol use it. The numbers in the titles refer to the list of what clients
// need from a server.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Task } from "../../src/tasks/present.ts";
import { expectCommonHeaders, expectEventually } from "../support/answers.ts";
import { admin, call, EXAMPLE_TASK, finished, makeCaller, makeKey, read, scenario, solve } from "../support/gateway.ts";
import { created, processing, scriptOutside, silent } from "../support/upstream.ts";

afterEach(reset);

const ENDLESS = scenario("sandbox-never");

interface Created {
  readonly errorId: number;
  readonly taskId: number;
}

const createTask = (clientKey: string, task: unknown = ENDLESS, extra: object = {}): Promise<Response> =>
  call("POST", "/createTask", { body: { clientKey, task, ...extra } });
const getTaskResult = (clientKey: string, taskId: unknown): Promise<Response> =>
  call("POST", "/getTaskResult", { body: { clientKey, taskId } });

/** Creates a task and returns its number. */
async function createdId(clientKey: string, task: unknown = ENDLESS, extra: object = {}): Promise<number> {
  const response = await createTask(clientKey, task, extra);
  const body = await response.json<Created>();
  expect(body).toMatchObject({ errorId: 0 });
  return body.taskId;
}

/** The task of a number, found through v1's list once it was admitted. */
async function taskOf(key: string, taskId: number): Promise<Task> {
  let found: Task | undefined;
  await expectEventually(async () => {
    const { tasks } = await (await call("GET", "/v1/tasks", { key })).json<{ tasks: { id: string }[] }>();
    const all = await Promise.all(tasks.map(({ id }) => read(key, id)));
    found = all.find(({ compatTaskId }) => compatTaskId === taskId);
    return found !== undefined;
  }).toBe(true);
  if (found === undefined) throw new Error("no such task");
  return found;
}

describe("createTask", () => {
  it("answers with an int32 number and `idle`, in exactly the protocol's form (1 to 5)", async () => {
    const { key } = await makeCaller();
    const response = await createTask(key, EXAMPLE_TASK);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expectCommonHeaders(response);
    const body = await response.json<Created>();
    const form = { errorId: 0, errorCode: "", errorDescription: "", status: "idle", taskId: expect.any(Number) };
    expect(body).toStrictEqual(form);
    expect(Number.isInteger(body.taskId)).toBe(true);
    expect(body.taskId).toBeGreaterThanOrEqual(1);
    expect(body.taskId).toBeLessThanOrEqual(2_147_483_647);
  });

  it("makes the same task as v1, with the same defaults", async () => {
    const { key } = await makeCaller();
    const task = await taskOf(key, await createdId(key, EXAMPLE_TASK));
    expect(task).toMatchObject({ mode: "test", metadata: {}, webhook: null });
    expect(task.task).toStrictEqual({ ...EXAMPLE_TASK, isInvisible: true });
    expect(Date.parse(task.deadlineAt) - Date.parse(task.createdAt)).toBe(120_000);
  });

  it.each([true, false])("keeps the optional fields, isInvisible: %s too", async (isInvisible) => {
    const { key } = await makeCaller();
    const wanted = { ...ENDLESS, checkField: "field 9", websiteTitle: "Title", isInvisible };
    expect((await taskOf(key, await createdId(key, wanted))).task).toStrictEqual(wanted);
  });

  it("keeps isInvisible as given", async () => {
    const { key } = await makeCaller();
    const wanted = { ...ENDLESS, isInvisible: false };
    expect((await taskOf(key, await createdId(key, wanted))).task).toStrictEqual(wanted);
  });

  it("ignores what other services and task types know, and nulls (8)", async () => {
    const { key } = await makeCaller();
    const { websiteTitle: _, ...known } = ENDLESS;
    const foreign = {
      minScore: 0.3,
      isEnterprise: false,
      proxyType: null,
      websiteSToken: "x",
      cookies: [],
      s: { t: 1 },
    };
    const nulls = { checkField: null, websiteTitle: null, isInvisible: null };
    const outer = { softId: 1029, appId: "x", languagePool: "en", callbackUrl: null, webhookUrl: 5, metadata: 5 };
    const task = await taskOf(key, await createdId(key, { ...known, ...foreign, ...nulls }, outer));
    expect(task.task).toStrictEqual({ ...known, isInvisible: true });
    expect(task.webhook).toBeNull();
  });

  it.each([
    "ReCaptchaV3TaskProxyless",
    "RecaptchaV3TaskProxyLess",
    "recaptchav3taskproxyless",
    "RECAPTCHAV3TASKPROXYLESS",
  ])("takes the type as %s (8)", async (type) => {
    const { key } = await makeCaller();
    const task = await taskOf(key, await createdId(key, { ...ENDLESS, type }));
    expect(task.task.type).toBe("RecaptchaV3TaskProxyless");
  });

  it.each(["application/json", "text/plain", "text/plain; charset=utf-8", "application/x-www-form-urlencoded", null])(
    "reads a JSON body whose content type is %s",
    async (contentType) => {
      const { key } = await makeCaller();
      const created = await call("POST", "/createTask", { contentType, body: { clientKey: key, task: ENDLESS } });
      const { taskId } = await created.json<Created>();
      const result = await call("POST", "/getTaskResult", { contentType, body: { clientKey: key, taskId } });
      expect(await result.json()).toMatchObject({ errorId: 0, status: "processing" });
    },
  );

  it("takes callbackUrl as the task's webhook", async () => {
    const { key } = await makeCaller();
    const callbackUrl = "https://hooks.shop.example/callback?x=1";
    const taskId = await createdId(key, ENDLESS, { callbackUrl });
    expect((await taskOf(key, taskId)).webhook).toMatchObject({ url: callbackUrl, state: "pending" });
  });

  it("is idempotent under the same header as v1", async () => {
    const { key } = await makeCaller();
    const options = { body: { clientKey: key, task: ENDLESS }, headers: { "idempotency-key": "order-1042" } };
    const answers = [await call("POST", "/createTask", options), await call("POST", "/createTask", options)];
    const [first, second] = await Promise.all(answers.map((answer) => answer.json<Created>()));
    expect(second).toStrictEqual(first);
    expect(answers.map(({ headers }) => headers.get("idempotency-replayed"))).toEqual([null, "true"]);
  });

  it("waits for no upstream, and its id can be polled at once (10)", async () => {
    const outside = scriptOutside({ create: [silent] });
    const { key } = await makeCaller({}, { mode: "live" });
    const taskId = await createdId(key);
    expect(await (await getTaskResult(key, taskId)).json()).toMatchObject({ errorId: 0, status: "processing" });
    await expectEventually(() => outside.creates.length).toBe(1);
    await call("POST", `/v1/tasks/${(await taskOf(key, taskId)).id}/cancel`, { key });
  });
});

describe("getTaskResult", () => {
  it("says `processing` while the task runs, in exactly the protocol's form (7)", async () => {
    const { key } = await makeCaller();
    const taskId = await createdId(key);
    const answer = { errorId: 0, errorCode: null, errorDescription: null, status: "processing" };
    const first = await getTaskResult(key, taskId);
    expect(first.status).toBe(200);
    expect(first.headers.get("content-type")).toBe("application/json");
    expect(await first.json()).toStrictEqual(answer);
    await expectEventually(() => taskOf(key, taskId)).toMatchObject({ status: "processing" });
    expect(await (await getTaskResult(key, taskId)).json()).toStrictEqual(answer);
  });

  it("says `ready` with the whole solution, as often as it is asked", async () => {
    const { key } = await makeCaller();
    const { id, solution } = await solve(key);
    expect(solution).toMatchObject({
      gRecaptchaResponse: expect.any(String),
      cookies: {},
      userAgent: expect.any(String),
    });
    for (let turn = 0; turn < 2; turn += 1) {
      const response = await getTaskResult(key, id);
      expect(response.status).toBe(200);
      expect(await response.json()).toStrictEqual({
        errorId: 0,
        errorCode: null,
        errorDescription: null,
        status: "ready",
        solution,
      });
    }
  });

  it("never passes a client's poll on upstream (9)", async () => {
    const outside = scriptOutside({ create: [created()], poll: [processing] });
    const { key } = await makeCaller({}, { mode: "live" });
    const taskId = await createdId(key);
    await expectEventually(() => taskOf(key, taskId)).toMatchObject({ status: "processing" });
    const answers = await Promise.all(Array.from({ length: 50 }, () => getTaskResult(key, taskId)));
    for (const answer of answers) expect(await answer.json()).toMatchObject({ errorId: 0, status: "processing" });
    expect(outside.polls).toHaveLength(0);
  });

  it("works for a suspended tenant, which reads what it has", async () => {
    const { tenantId, key } = await makeCaller();
    const taskId = await createdId(key);
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    expect(await (await getTaskResult(key, taskId)).json()).toMatchObject({ errorId: 0, status: "processing" });
  });

  it("ignores extra fields (8)", async () => {
    const { key } = await makeCaller();
    const body = { clientKey: key, taskId: await createdId(key), softId: 1, appId: null, isExtended: true };
    expect(await (await call("POST", "/getTaskResult", { body })).json()).toMatchObject({ errorId: 0 });
  });
});

describe("getBalance", () => {
  const balanceOf = async (clientKey: string): Promise<unknown> =>
    (await call("POST", "/getBalance", { body: { clientKey } })).json();

  it("is 1,000,000 for test keys and for tenants without a quota", async () => {
    const { tenantId, key } = await makeCaller();
    const live = await makeKey(tenantId, { mode: "live", scopes: ["account:read"] });
    for (const clientKey of [key, live.key]) {
      expect(await balanceOf(clientKey)).toStrictEqual({ errorId: 0, balance: 1_000_000 });
    }
  });

  it("is the quota less the live tasks of the month, and never negative", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const { tenantId, key } = await makeCaller({ limits: { monthlyTasks: 3 } }, { mode: "live" });
    await taskOf(key, await createdId(key));
    expect(await balanceOf(key)).toStrictEqual({ errorId: 0, balance: 2 });
    await admin("PATCH", `/admin/tenants/${tenantId}`, { limits: { monthlyTasks: 0 } });
    expect(await balanceOf(key)).toStrictEqual({ errorId: 0, balance: 0 });
  });
});

describe("task ids", () => {
  it("name the same task in both APIs: a number, its digits, or the id of v1", async () => {
    const { key } = await makeCaller();
    const number = await createdId(key);
    const { id, compatTaskId } = await taskOf(key, number);
    expect(compatTaskId).toBe(number);
    for (const taskId of [number, String(number), id]) {
      expect(await (await getTaskResult(key, taskId)).json()).toMatchObject({ errorId: 0, status: "processing" });
    }
  });

  it("of v1 have no number until they are repeated in the protocol with their idempotency key", async () => {
    const { key } = await makeCaller();
    const headers = { "idempotency-key": "order-1" };
    const first = await call("POST", "/v1/tasks", { key, body: { task: ENDLESS }, headers });
    const { id, compatTaskId } = await first.json<Task>();
    expect(compatTaskId).toBeNull();
    const repeat = await call("POST", "/createTask", { body: { clientKey: key, task: ENDLESS }, headers });
    expect(repeat.headers.get("idempotency-replayed")).toBe("true");
    const { taskId } = await repeat.json<Created>();
    expect((await read(key, id)).compatTaskId).toBe(taskId);
    expect(await (await getTaskResult(key, taskId)).json()).toMatchObject({ errorId: 0, status: "processing" });
  });

  it("with an idempotency key lead to one task, however many calls race", async () => {
    const { key } = await makeCaller();
    const options = { body: { clientKey: key, task: ENDLESS }, headers: { "idempotency-key": "order-2" } };
    const answers = await Promise.all(Array.from({ length: 8 }, () => call("POST", "/createTask", options)));
    const ids = await Promise.all(answers.map(async (answer) => (await answer.json<Created>()).taskId));
    expect(new Set(ids).size).toBe(1);
    expect(await (await getTaskResult(key, ids[0])).json()).toMatchObject({ errorId: 0, status: "processing" });
  });

  it("are never shared: a number that is taken is not given again", async () => {
    const { key } = await makeCaller();
    const draws = [7, 7, 8, 8, 9];
    vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
      if (array instanceof Uint32Array) array[0] = draws.shift() ?? 0;
      return array;
    });
    const first = await createdId(key);
    const second = await createdId(key);
    const headers = { "idempotency-key": "order-3" };
    const third = await call("POST", "/createTask", { body: { clientKey: key, task: ENDLESS }, headers });
    expect([first, second, (await third.json<Created>()).taskId]).toEqual([7, 8, 9]);
    vi.restoreAllMocks();
    const tasks = await Promise.all([7, 8, 9].map((number) => taskOf(key, number)));
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(3);
  });

  it("of another tenant or mode, and numbers out of range, are not found", async () => {
    const { tenantId, key } = await makeCaller();
    const number = await createdId(key);
    const other = await makeCaller();
    const live = await makeKey(tenantId, { mode: "live" });
    for (const clientKey of [other.key, live.key]) {
      expect(await (await getTaskResult(clientKey, number)).json()).toMatchObject({
        errorCode: "ERROR_NO_SUCH_CAPCHA_ID",
      });
    }
    for (const taskId of [0, -1, 1.5, 2_147_483_648, "0", "01", " 1", "1e3", true, {}, []]) {
      expect(await (await getTaskResult(key, taskId)).json()).toMatchObject({ errorCode: "ERROR_NO_SUCH_CAPCHA_ID" });
    }
  });

  it("of the tenant's other keys of the mode are its own", async () => {
    const { tenantId, key } = await makeCaller();
    const other = await makeKey(tenantId);
    expect(await (await getTaskResult(other.key, await createdId(key))).json()).toMatchObject({ errorId: 0 });
  });
});

it("a whole run as a client makes it: create, poll until ready, use the token", async () => {
  const { key } = await makeCaller();
  const taskId = await createdId(key, scenario("sandbox-delay-0"));
  await finished(key, (await taskOf(key, taskId)).id);
  expect(await (await getTaskResult(key, taskId)).json()).toMatchObject({
    status: "ready",
    solution: { gRecaptchaResponse: expect.stringMatching(/^sandbox\./) },
  });
});
