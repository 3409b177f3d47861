// How the console looks: each view, dialog, empty state and fault, light and dark, on a desktop and on a narrow phone, with ids, sites
// and metadata as long as they may be. Nothing is wider than the screen, axe finds nothing, and a picture of each is kept to be seen.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startReceiver, type WebhookReceiver } from "../../scripts/support/webhook-receiver.ts";
import { ask, askAdmin, awaitTask, SEED_TASK } from "../e2e/support.ts";
import { signIn, submitTask } from "./support/console.ts";
import { expectEveryLook } from "./support/looks.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage();

/** As long as a name may be: 253 characters, in labels of 63. */
const LONG_HOST = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(53)}.example`;
const LONG_NAME =
  "Monitoring-of-the-checkout-in-all-countries-by-night-and-by-day-with-a-name-of-a-hundred-characters-".slice(0, 100);
const LONG_URL = `/hooks/${"0123456789abcdef".repeat(60)}`;
const METADATA = { order: "1042", [`key-${"k".repeat(60)}`]: "v".repeat(512), note: "two words" };

const main = (page: Page) => page.getByRole("main");
const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
const inDialog = (page: Page) => page.getByRole("dialog");

let answer = 204;
let receiver: WebhookReceiver;
/** A tenant with something of everything, and a key of it. */
let key: string;
let ready: string;
let failed: string;

beforeAll(async () => {
  receiver = await startReceiver(() => answer);
  const tenant = await stage.tenant();
  key = await tenant.key();
  const patched = await askAdmin(stage.gateway, "PATCH", `/admin/tenants/${tenant.id}`, { allowedHosts: ["*"] });
  expect(patched.status).toBe(200);
  const submit = async (scenario: string, task: object, extra: object = {}) => {
    const body = { task: { ...SEED_TASK, websiteKey: scenario, ...task }, ...extra };
    const { body: made } = await ask(stage.gateway, "POST", "/v1/tasks", { token: key, body });
    await awaitTask(stage.gateway, key, (made as { id: string }).id);
    return (made as { id: string }).id;
  };
  const webhookUrl = receiver.url + LONG_URL;
  const long = { websiteURL: `https://${LONG_HOST}/${"path/".repeat(200)}`, websiteTitle: "Words ".repeat(80).trim() };
  await submit("sandbox-instant", {}, { webhookUrl: receiver.url });
  answer = 410;
  failed = await submit("sandbox-fail-ERROR_CAPTCHA_UNSOLVABLE", {}, { webhookUrl, metadata: METADATA });
  answer = 500;
  ready = await submit("sandbox-delay-3000", long, { webhookUrl, metadata: METADATA });
  await submit("sandbox-reject-ERROR_RECAPTCHA_INVALID_SITEKEY", long);
  const scopes = ["tasks:read"];
  await ask(stage.gateway, "POST", "/v1/keys", { token: key, body: { name: LONG_NAME, mode: "test", scopes } });
});
afterAll(() => receiver.close());

/** Signed in at a route, as the tenant with everything or with a key of another. */
async function open(route: string, as: string = key) {
  const visit = await stage.visit();
  await signIn(visit.page, as, route);
  return visit;
}

/** A key of a tenant that has nothing. */
const freshKey = async () => await (await stage.tenant()).key();

describe("in every look", () => {
  it("the door, and what it says to a key that is none", async () => {
    const { page } = await stage.visit();
    await page.goto("/console");
    await page.getByLabel("API key", { exact: true }).waitFor();
    await expectEveryLook(page, "console-door");
    await page.getByLabel("API key", { exact: true }).fill("sg_test_not-whole");
    await button(page, "Sign in").click();
    await page.getByRole("alert").waitFor();
    await expectEveryLook(page, "console-door-fault");
  });

  it("the list, with every status and a fault beside the id", async () => {
    const { page } = await open("tasks");
    await submitTask(stage.gateway, key, "sandbox-never", { timeoutSeconds: 300 });
    await page.getByText("Processing").last().waitFor();
    await page.getByRole("textbox", { name: "Task id" }).fill("tsk_12");
    await button(page, "Open").click();
    await page.getByRole("alert").waitFor();
    await expectEveryLook(page, "console-tasks");
  });

  it("the list that is empty, and the one that nothing fits", async () => {
    const { page } = await open("tasks", await freshKey());
    await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
    await expectEveryLook(page, "console-tasks-empty");
    await page.goto("/console#/tasks?status=failed");
    await page.getByRole("heading", { name: "No failed tasks" }).waitFor();
    await expectEveryLook(page, "console-tasks-none");
  });

  it("the list while the gateway fails, before it has come and after", async () => {
    const { page, expectStatus } = await open("tasks");
    expectStatus(500, "/v1/tasks");
    await page.getByRole("table").waitFor();
    const problem = { code: "internal", requestId: "0f1e2d3c4b5a69788796a5b4c3d2e1f0" };
    await page.route(/\/v1\/tasks\?/, (route) => route.fulfill({ status: 500, body: JSON.stringify(problem) }));
    await button(page, "Refresh").click();
    await page.getByRole("alert").waitFor();
    await expectEveryLook(page, "console-tasks-fault");
    await page.goto("/console#/tasks?status=ready");
    await page.getByRole("table").waitFor({ state: "detached" });
    await page.getByRole("alert").waitFor();
    await expectEveryLook(page, "console-tasks-fault-first");
  });

  it("a task that is ready, its webhook failing, everything in it long; and sending it again", async () => {
    const { page } = await open(`tasks/${ready}`);
    await page.getByRole("row").filter({ hasText: "Next webhook attempt" }).waitFor();
    await expectEveryLook(page, "console-task-ready");
    await button(page, "Redeliver webhook").click();
    await inDialog(page).waitFor();
    await expectEveryLook(page, "console-task-redeliver");
  });

  it("a task that failed", async () => {
    const { page } = await open(`tasks/${failed}`);
    await page.getByText("Gave up").waitFor();
    await expectEveryLook(page, "console-task-failed");
  });

  it("a task that runs, and canceling it", async () => {
    const { id } = await submitTask(stage.gateway, key, "sandbox-never", { timeoutSeconds: 300 });
    const { page } = await open(`tasks/${id}`);
    await page.getByRole("row").filter({ hasText: "Poll" }).first().waitFor();
    await expectEveryLook(page, "console-task-running");
    await button(page, "Cancel task").click();
    await inDialog(page).waitFor();
    await expectEveryLook(page, "console-task-cancel");
  });

  it("a task that is not there, and an address that is none", async () => {
    const absent = `tsk_${"0".repeat(64)}`;
    const { page, expectStatus } = await open("tasks/tsk_12");
    await page.getByRole("heading", { name: "This is not a task's address" }).waitFor();
    await expectEveryLook(page, "console-task-none");
    expectStatus(404, `/v1/tasks/${absent}`);
    await page.goto(`/console#/tasks/${absent}`);
    await page.getByRole("heading", { name: "There is no such task" }).waitFor();
    await expectEveryLook(page, "console-task-absent");
    await page.goto("/console#/nowhere");
    await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
    await expectEveryLook(page, "console-nowhere");
  });

  it("the trial: before, with a fault, and when it has run", async () => {
    const { page, expectStatus } = await open("try", await freshKey());
    await page.getByRole("heading", { name: "Nothing has run yet" }).waitFor();
    await expectEveryLook(page, "console-try");
    expectStatus(400, "/v1/tasks");
    await page.getByRole("textbox", { name: "Website URL" }).fill(`${LONG_HOST}/no-scheme`);
    await button(page, "Make the task").click();
    await page.getByRole("alert").waitFor();
    await expectEveryLook(page, "console-try-fault");
    await page.getByRole("textbox", { name: "Website URL" }).fill(SEED_TASK.websiteURL);
    await page.getByRole("combobox").selectOption({ label: "Solved at once" });
    await button(page, "Make the task").click();
    await page.getByRole("heading", { name: "The task Ready" }).waitFor();
    await expectEveryLook(page, "console-try-ready");
  });

  it("the trial by a live key, and a view that the key does not open", async () => {
    const tenant = await stage.tenant();
    const { page } = await open("try", await tenant.key({ mode: "live", scopes: ["tasks:write", "tasks:read"] }));
    await page.getByRole("heading", { name: "This needs a test key" }).waitFor();
    await expectEveryLook(page, "console-try-live");
    await page.goto("/console#/keys");
    await page.getByRole("heading", { name: "This key does not open this view" }).waitFor();
    await expectEveryLook(page, "console-closed");
  });

  it("the overview without a task", async () => {
    const { page } = await open("overview", await freshKey());
    await page.getByRole("heading", { name: /^No tasks in the last/ }).waitFor();
    await expectEveryLook(page, "console-overview-empty");
  });

  it("the webhook: none, disabled with a test's answer, and its secret's two dialogs", async () => {
    const own = await freshKey();
    const { page } = await open("webhook", own);
    await page.getByRole("heading", { name: "Address Not set" }).waitFor();
    await expectEveryLook(page, "console-webhook-none");

    await ask(stage.gateway, "PUT", "/v1/webhook", { token: own, body: { url: receiver.url + LONG_URL } });
    answer = 410;
    await awaitTask(stage.gateway, own, (await submitTask(stage.gateway, own, "sandbox-instant")).id);
    const disabled = async () => (await ask(stage.gateway, "GET", "/v1/webhook", { token: own })).body;
    await expect.poll(disabled, { timeout: 30_000 }).toMatchObject({ disabledAt: expect.any(String) });
    await page.reload();
    await page.getByRole("heading", { name: "Address Disabled" }).waitFor();
    await button(page, "Send a test").click();
    await page.getByText("It answered HTTP 410").waitFor();
    await expectEveryLook(page, "console-webhook-disabled");

    await button(page, "Rotate secret").click();
    await inDialog(page).waitFor();
    await expectEveryLook(page, "console-webhook-rotate");
    await inDialog(page).getByRole("button", { name: "Rotate secret" }).click();
    await inDialog(page).getByRole("textbox", { name: "Signing secret" }).waitFor();
    await expectEveryLook(page, "console-webhook-secret");
  });

  it("the keys: the list, making one with faults, the new one, and revoking one", async () => {
    const { page } = await open("keys");
    await main(page).getByText(LONG_NAME).waitFor();
    await expectEveryLook(page, "console-keys");
    await button(page, "Make a key").click();
    await inDialog(page).getByRole("checkbox", { name: "tasks:write" }).uncheck();
    await inDialog(page).getByRole("checkbox", { name: "tasks:read" }).uncheck();
    await inDialog(page).getByRole("button", { name: "Make key" }).click();
    await inDialog(page).getByRole("alert").first().waitFor();
    await expectEveryLook(page, "console-keys-make");
    await inDialog(page).getByRole("textbox", { name: "Name" }).fill(LONG_NAME);
    await inDialog(page).getByRole("checkbox", { name: "tasks:read" }).check();
    await inDialog(page).getByRole("button", { name: "Make key" }).click();
    await inDialog(page).getByRole("textbox", { name: "API key" }).waitFor();
    await expectEveryLook(page, "console-keys-new");
    await inDialog(page).getByRole("button", { name: "I have stored it" }).click();
    await button(page, `Revoke ${LONG_NAME}`).first().click();
    await inDialog(page).waitFor();
    await expectEveryLook(page, "console-keys-revoke");
  });
});
