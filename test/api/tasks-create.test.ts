// POST /v1/tasks: the accepted task, and the limits and types of the fields.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import type { Task } from "../../src/tasks/present.ts";
import { aTime, expectInvalid } from "../support/answers.ts";
import { call, EXAMPLE_TASK, makeCaller, scenario } from "../support/gateway.ts";

afterEach(reset);

/** Never solved, so that a task stays as it was accepted. */
const ENDLESS = scenario("sandbox-never");

async function create(body: unknown): Promise<Response> {
  const { key } = await makeCaller();
  return call("POST", "/v1/tasks", { key, body });
}

const lifetimeMs = (task: Task): number => Date.parse(task.deadlineAt) - Date.parse(task.createdAt);

/** A URL on the allowed host, padded to a length. */
const urlOf = (length: number): string => "https://antcpt.com/".padEnd(length, "x");
const entries = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, "value"]));

describe("an accepted task", () => {
  it("is returned with all its fields, Location and Retry-After", async () => {
    const response = await create({ task: EXAMPLE_TASK });
    const task: Task = await response.json();
    expect(response.status).toBe(202);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("location")).toBe(`/v1/tasks/${task.id}`);
    expect(response.headers.get("retry-after")).toBe("3");
    expect(response.headers.has("preference-applied")).toBe(false);
    expect(response.headers.has("idempotency-replayed")).toBe(false);
    expect(task).toStrictEqual({
      id: expect.stringMatching(/^tsk_[0-9a-f]{64}$/),
      status: "queued",
      mode: "test",
      task: { ...EXAMPLE_TASK, isInvisible: true },
      reference: null,
      metadata: {},
      compatTaskId: null,
      createdAt: aTime,
      submittedAt: null,
      finishedAt: null,
      deadlineAt: aTime,
      waitingFor: null,
      nextStepAt: aTime,
      solution: null,
      solutionState: "none",
      solutionExpiresAt: null,
      solutionBestBefore: null,
      error: null,
      polls: 0,
      submissions: 0,
      webhook: null,
    });
    expect(lifetimeMs(task)).toBe(120_000);
  });

  it("keeps every field of the request", async () => {
    const wanted = { ...ENDLESS, checkField: "", websiteTitle: "Tïtle 😀", isInvisible: false };
    const metadata = { order: "1042", empty: "", "with.dot": "ünïcode 😀" };
    const webhookUrl = "https://hooks.shop.example:8443/solvegate?tenant=1";
    const reference = "ördër-1042";
    const response = await create({ task: wanted, reference, metadata, webhookUrl, timeoutSeconds: 30 });
    const task: Task = await response.json();
    expect(response.status).toBe(202);
    expect(task).toMatchObject({
      reference,
      metadata,
      webhook: { url: webhookUrl, state: "pending", attempts: 0, lastStatus: null, nextAttemptAt: null },
    });
    expect(task.task).toStrictEqual(wanted);
    expect(lifetimeMs(task)).toBe(30_000);
  });

  it("has a new id for each request without an idempotency key", async () => {
    const { key } = await makeCaller();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => call("POST", "/v1/tasks", { key, body: { task: ENDLESS } })),
    );
    const tasks: Task[] = await Promise.all(answers.map((answer) => answer.json<Task>()));
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(5);
  });
});

describe("POST /v1/tasks with a value at its limit", () => {
  const limits: [path: string, max: number, body: (size: number) => unknown][] = [
    ["task.websiteURL", 2_048, (size) => ({ task: { ...ENDLESS, websiteURL: urlOf(size) } })],
    ["task.websiteKey", 256, (size) => ({ task: { ...ENDLESS, websiteKey: "k".repeat(size) } })],
    ["task.pageAction", 128, (size) => ({ task: { ...ENDLESS, pageAction: "a".repeat(size) } })],
    ["task.websiteTitle", 512, (size) => ({ task: { ...ENDLESS, websiteTitle: "ü".repeat(size) } })],
    ["task.checkField", 4_096, (size) => ({ task: { ...ENDLESS, checkField: "c".repeat(size) } })],
    ["metadata", 16, (size) => ({ task: ENDLESS, metadata: entries(size) })],
    ["metadata.order", 512, (size) => ({ task: ENDLESS, metadata: { order: "ü".repeat(size) } })],
    ["timeoutSeconds", 300, (size) => ({ task: ENDLESS, timeoutSeconds: size })],
  ];

  it.each(limits)("accepts the longest or greatest value: %s of %i", async (_path, max, body) => {
    expect((await create(body(max))).status).toBe(202);
  });

  it.each(limits)("returns 400 beyond the limit: %s over %i", async (path, max, body) => {
    await expectInvalid(await create(body(max + 1)), path);
  });

  it("accepts a metadata key of 64 characters", async () => {
    expect((await create({ task: ENDLESS, metadata: { ["k".repeat(64)]: "value" } })).status).toBe(202);
  });

  it("returns 400 for a metadata key of more than 64 characters", async () => {
    const key = "k".repeat(65);
    await expectInvalid(await create({ task: ENDLESS, metadata: { [key]: "value" } }), `metadata.${key}`);
  });

  it("accepts 10 timeoutSeconds, and returns 400 for 9", async () => {
    const accepted = await create({ task: ENDLESS, timeoutSeconds: 10 });
    expect(accepted.status).toBe(202);
    expect(lifetimeMs(await accepted.json())).toBe(10_000);
    await expectInvalid(await create({ task: ENDLESS, timeoutSeconds: 9 }), "timeoutSeconds");
  });

  it("accepts a body with every field at its limit", async () => {
    const task = {
      ...ENDLESS,
      websiteURL: urlOf(2_048),
      pageAction: "a".repeat(128),
      checkField: "c".repeat(4_096),
      websiteTitle: "t".repeat(512),
    };
    const metadata = Object.fromEntries(
      Array.from({ length: 16 }, (_, index) => [String(index).padEnd(64, "k"), "v".repeat(512)]),
    );
    const accepted = await create({ task, metadata, timeoutSeconds: 300 });
    expect(accepted.status).toBe(202);
    expect(await accepted.json()).toMatchObject({ task, metadata });
  });
});

describe("POST /v1/tasks returns 400 with the path of the field", () => {
  const REQUIRED = ["type", "websiteURL", "websiteKey", "pageAction"];
  const TASK_FIELDS = [...REQUIRED, "checkField", "websiteTitle", "isInvisible"];

  it.each(TASK_FIELDS)("when a field of the task has the wrong type: task.%s", async (field) => {
    for (const value of [null, 5, [], {}, ...(field === "isInvisible" ? ["true", 1] : [true])]) {
      await expectInvalid(await create({ task: { ...ENDLESS, [field]: value } }), `task.${field}`);
    }
  });

  it.each(REQUIRED)("when a required field is missing or empty: task.%s", async (field) => {
    await expectInvalid(await create({ task: { ...ENDLESS, [field]: undefined } }), `task.${field}`);
    await expectInvalid(await create({ task: { ...ENDLESS, [field]: "" } }), `task.${field}`);
  });

  it.each([
    ["task", "task", null],
    ["task", "task", "RecaptchaV3TaskProxyless"],
    ["task", "task", [ENDLESS]],
    ["webhookUrl", "webhookUrl", null],
    ["webhookUrl", "webhookUrl", 5],
    ["metadata", "metadata", null],
    ["metadata", "metadata", ["order"]],
    ["metadata", "metadata.order", { order: 1042 }],
    ["timeoutSeconds", "timeoutSeconds", null],
    ["timeoutSeconds", "timeoutSeconds", "120"],
    ["timeoutSeconds", "timeoutSeconds", 10.5],
    ["timeoutSeconds", "timeoutSeconds", 1e300],
  ])("when a field has a wrong type or value: %s (at %s): %j", async (field, path, value) => {
    await expectInvalid(await create({ task: ENDLESS, [field]: value }), path);
  });

  it.each([
    ["task", {}],
    ["extra", { task: ENDLESS, extra: 1 }],
    ["callbackUrl", { task: ENDLESS, callbackUrl: "https://hooks.shop.example/" }],
    ["clientKey", { task: ENDLESS, clientKey: "key" }],
    ["task.minScore", { task: { ...ENDLESS, minScore: 0.3 } }],
    ["task.proxy", { task: { ...ENDLESS, proxy: null } }],
    ["__proto__", `{"task":${JSON.stringify(ENDLESS)},"__proto__":{}}`],
    ["metadata.__proto__", `{"task":${JSON.stringify(ENDLESS)},"metadata":{"__proto__":"x"}}`],
  ])("when a field is missing or unknown: %s", async (path, body) => {
    await expectInvalid(await create(body), path);
  });

  it.each(["recaptchav3taskproxyless", "ReCaptchaV3TaskProxyless", "RecaptchaV2TaskProxyless"])(
    "when the type has another spelling: %j",
    async (type) => {
      await expectInvalid(await create({ task: { ...ENDLESS, type } }), "task.type");
    },
  );

  it("for every invalid field at once", async () => {
    const response = await create({ task: { ...ENDLESS, websiteKey: 5, pageAction: "" }, timeoutSeconds: 5, extra: 1 });
    for (const path of ["task.websiteKey", "task.pageAction", "timeoutSeconds", "extra"]) {
      await expectInvalid(response.clone(), path);
    }
  });
});
