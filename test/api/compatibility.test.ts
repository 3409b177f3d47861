// The compatibility API: createTask, getTaskResult and getBalance of a valid request. Recorded requests of client libraries are in
// compatibility-clients.test.ts, task numbers in compatibility-ids.test.ts.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { expectCommonHeaders, expectEventually } from "../support/answers.ts";
import { createdId, createTask, getTaskResult, taskOf } from "../support/compatibility.ts";
import { admin, call, EXAMPLE_TASK, makeCaller, makeKey, scenario, solve } from "../support/gateway.ts";
import { created, processing, scriptOutside, silent } from "../support/upstream.ts";

afterEach(reset);

const ENDLESS = scenario("sandbox-never");

interface Created {
  readonly errorId: number;
  readonly taskId: number;
}

describe("createTask", () => {
  it("returns an int32 number and the status idle, in exactly the protocol's form", async () => {
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

  it("creates the same task as v1, with the same defaults", async () => {
    const { key } = await makeCaller();
    const task = await taskOf(key, await createdId(key, EXAMPLE_TASK));
    expect(task).toMatchObject({ mode: "test", metadata: {}, webhook: null });
    expect(task.task).toStrictEqual({ ...EXAMPLE_TASK, isInvisible: true });
    expect(Date.parse(task.deadlineAt) - Date.parse(task.createdAt)).toBe(120_000);
  });

  it.each([true, false])("keeps the optional fields, with isInvisible %s", async (isInvisible) => {
    const { key } = await makeCaller();
    const wanted = { ...ENDLESS, checkField: "field 9", websiteTitle: "Title", isInvisible };
    expect((await taskOf(key, await createdId(key, wanted))).task).toStrictEqual(wanted);
  });

  it("ignores fields of other services and task types, and nulls", async () => {
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

  it("accepts the type in any case", async () => {
    const { key } = await makeCaller();
    const task = await taskOf(key, await createdId(key, { ...ENDLESS, type: "RECAPTCHAV3taskproxyless" }));
    expect(task.task.type).toBe("RecaptchaV3TaskProxyless");
  });

  it("uses callbackUrl as the task's webhook URL", async () => {
    const { key } = await makeCaller();
    const callbackUrl = "https://hooks.shop.example/callback?x=1";
    const taskId = await createdId(key, ENDLESS, { callbackUrl });
    expect((await taskOf(key, taskId)).webhook).toMatchObject({ url: callbackUrl, state: "pending" });
  });

  it("is idempotent with an Idempotency-Key header", async () => {
    const { key } = await makeCaller();
    const options = { body: { clientKey: key, task: ENDLESS }, headers: { "idempotency-key": "order-1042" } };
    const answers = [await call("POST", "/createTask", options), await call("POST", "/createTask", options)];
    const [first, second] = await Promise.all(answers.map((answer) => answer.json<Created>()));
    expect(second).toStrictEqual(first);
    expect(answers.map(({ headers }) => headers.get("idempotency-replayed"))).toEqual([null, "true"]);
  });

  it("does not wait for the upstream, and its id can be polled at once", async () => {
    const outside = scriptOutside({ create: [silent] });
    const { key } = await makeCaller({}, { mode: "live" });
    const taskId = await createdId(key);
    expect(await (await getTaskResult(key, taskId)).json()).toMatchObject({ errorId: 0, status: "processing" });
    await expectEventually(() => outside.creates.length).toBe(1);
    await call("POST", `/v1/tasks/${(await taskOf(key, taskId)).id}/cancel`, { key });
  });
});

describe("getTaskResult", () => {
  it("returns the status processing while the task runs, in exactly the protocol's form", async () => {
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

  it("returns the status ready with the solution, also when it is called again", async () => {
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

  it("sends no request to the upstream", async () => {
    const outside = scriptOutside({ create: [created()], poll: [processing] });
    const { key } = await makeCaller({}, { mode: "live" });
    const taskId = await createdId(key);
    await expectEventually(() => taskOf(key, taskId)).toMatchObject({ status: "processing" });
    const answers = await Promise.all(Array.from({ length: 50 }, () => getTaskResult(key, taskId)));
    for (const answer of answers) expect(await answer.json()).toMatchObject({ errorId: 0, status: "processing" });
    expect(outside.polls).toHaveLength(0);
  });

  it("returns the tasks of a suspended tenant", async () => {
    const { tenantId, key } = await makeCaller();
    const taskId = await createdId(key);
    await admin("PATCH", `/admin/tenants/${tenantId}`, { suspended: true });
    expect(await (await getTaskResult(key, taskId)).json()).toMatchObject({ errorId: 0, status: "processing" });
  });
});

describe("getBalance", () => {
  const balanceOf = async (clientKey: string): Promise<unknown> =>
    (await call("POST", "/getBalance", { body: { clientKey } })).json();

  it("returns 1,000,000 for test keys and for tenants without a quota", async () => {
    const { tenantId, key } = await makeCaller();
    const live = await makeKey(tenantId, { mode: "live", scopes: ["account:read"] });
    for (const clientKey of [key, live.key]) {
      expect(await balanceOf(clientKey)).toStrictEqual({ errorId: 0, balance: 1_000_000 });
    }
  });

  it("returns the quota minus the live tasks of the month, and never less than 0", async () => {
    scriptOutside({ create: [created()], poll: [processing] });
    const { tenantId, key } = await makeCaller({ limits: { monthlyTasks: 3 } }, { mode: "live" });
    await taskOf(key, await createdId(key));
    expect(await balanceOf(key)).toStrictEqual({ errorId: 0, balance: 2 });
    await admin("PATCH", `/admin/tenants/${tenantId}`, { limits: { monthlyTasks: 0 } });
    expect(await balanceOf(key)).toStrictEqual({ errorId: 0, balance: 0 });
  });
});
