// Each view, dialog and state of the console in every look, with ids, websites and metadata of the greatest length: nothing is wider than
// the screen, and axe finds no violation.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startReceiver, type WebhookReceiver } from "../../scripts/support/webhook-receiver.ts";
import { ADMIN_TOKEN, ask, askAdmin, awaitTask, EXAMPLE_TASK } from "../e2e/support.ts";
import { button, credentialField, dialog, showRefusedAccount, signIn, submitTask } from "./support/console.ts";
import { expectEveryLook } from "./support/looks.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage();

/** The longest host name: 253 characters, in labels of 63. */
const LONG_HOST = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(53)}.example`;
const LONG_NAME =
  "Monitoring-of-the-checkout-in-all-countries-by-night-and-by-day-with-a-name-of-a-hundred-characters-".slice(0, 100);
const LONG_URL = `/hooks/${"0123456789abcdef".repeat(60)}`;
const METADATA = { order: "1042", [`key-${"k".repeat(60)}`]: "v".repeat(512), note: "two words" };

/** It answers with the status in the path of the URL. */
let receiver: WebhookReceiver;
const answering = (status: number) => `${receiver.url}/${status}`;
/** A tenant with tasks, webhooks and keys, and a key of it. */
let tenantId: string;
let key: string;
let ready: string;
let failed: string;

beforeAll(async () => {
  receiver = await startReceiver((_count, _body, path) => Number(/\/(\d{3})\b/.exec(path)?.[1] ?? 204));
  const tenant = await stage.tenant();
  tenantId = tenant.id;
  key = await tenant.key();
  const patched = await askAdmin(stage.gateway, "PATCH", `/admin/tenants/${tenantId}`, { allowedHosts: ["*"] });
  expect(patched.status).toBe(200);
  const submit = async (scenario: string, task: object, extra: object = {}) => {
    const body = { task: { ...EXAMPLE_TASK, websiteKey: scenario, ...task }, ...extra };
    const { body: created } = await ask(stage.gateway, "POST", "/v1/tasks", { token: key, body });
    await awaitTask(stage.gateway, key, (created as { id: string }).id);
    return (created as { id: string }).id;
  };
  const long = { websiteURL: `https://${LONG_HOST}/${"path/".repeat(200)}`, websiteTitle: "Words ".repeat(80).trim() };
  await submit("sandbox-instant", {}, { webhookUrl: answering(204) });
  const failing = { webhookUrl: answering(410) + LONG_URL, metadata: METADATA };
  failed = await submit("sandbox-fail-ERROR_CAPTCHA_UNSOLVABLE", {}, failing);
  const retried = { webhookUrl: answering(500) + LONG_URL, metadata: METADATA, reference: "r".repeat(64) };
  ready = await submit("sandbox-delay-3000", long, retried);
  const scopes = ["tasks:read"];
  await ask(stage.gateway, "POST", "/v1/keys", { token: key, body: { name: LONG_NAME, mode: "test", scopes } });
});
afterAll(() => receiver.close());

/** A visit that is signed in at a route, by default as the tenant above. */
async function open(route: string, credential: string = key) {
  const visit = await stage.visit();
  await signIn(visit.page, credential, route);
  return { ...visit, heading: (name: string | RegExp) => visit.page.getByRole("heading", { name }) };
}

/** A key of a tenant without tasks. */
const emptyKey = async () => await (await stage.tenant()).key();

describe("the console, in every look, fits the screen and is accessible", () => {
  it("in the sign-in form with an error", async () => {
    const { page } = await stage.visit();
    await page.goto("/console");
    await credentialField(page).fill("sg_test_not-complete");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    await expectEveryLook(page, "console-sign-in");
  });

  it("in the list of tasks with filters and an error", async () => {
    const { page } = await open("tasks");
    await submitTask(stage.gateway, key, "sandbox-never", { timeoutSeconds: 300 });
    await page.getByRole("table").getByText("Processing").waitFor();
    await page.getByRole("searchbox").fill("tsk_12!");
    await button(page, "Search").click();
    await page.getByRole("alert").waitFor();
    await button(page, "More filters").click();
    await expectEveryLook(page, "console-tasks");
  });

  it("in the list of tasks when it is empty, and while the gateway fails", async () => {
    const { page, heading, expectStatus } = await open("tasks", await emptyKey());
    await heading("No tasks yet").waitFor();
    await expectEveryLook(page, "console-tasks-empty");
    expectStatus(500, "/v1/tasks");
    const problem = { code: "internal", requestId: "0f1e2d3c4b5a69788796a5b4c3d2e1f0" };
    await page.route(/\/v1\/tasks\?/, (route) => route.fulfill({ status: 500, body: JSON.stringify(problem) }));
    await page.goto("/console#/tasks?status=ready");
    await page.getByRole("alert").waitFor();
    await expectEveryLook(page, "console-tasks-failure");
  });

  it("in a ready task with long values whose webhook fails, and in the dialog that redelivers it", async () => {
    const { page } = await open(`tasks/${ready}`);
    await page.locator(".fact").getByText("Next attempt", { exact: true }).waitFor();
    await page.getByRole("heading", { name: "Raw JSON" }).click();
    await expectEveryLook(page, "console-task-ready");
    await button(page, "Redeliver webhook").click();
    await dialog(page).waitFor();
    await expectEveryLook(page, "console-task-redeliver");
  });

  it("in a failed task", async () => {
    const { page } = await open(`tasks/${failed}`);
    await page.getByText("Given up").waitFor();
    await expectEveryLook(page, "console-task-failed");
  });

  it("in a task that waits for an upstream account, and in the dialog that cancels it", async () => {
    const { id } = await submitTask(stage.gateway, key, "sandbox-never", { timeoutSeconds: 300 });
    const { page } = await stage.visit();
    await page.route(`**/v1/tasks/${id}`, async (route) => {
      const response = await route.fetch();
      const nextStepAt = new Date(Date.now() + 9_000).toISOString();
      const held = { status: "queued", submittedAt: null, submissions: 0, waitingFor: "upstream", nextStepAt };
      await route.fulfill({ response, json: { ...((await response.json()) as object), ...held } });
    });
    await signIn(page, key, `tasks/${id}`);
    await page.getByText("Held: no upstream account accepts tasks").waitFor();
    await expectEveryLook(page, "console-task-held");
    await page.getByRole("button", { name: "Cancel task" }).click();
    await page.getByRole("dialog").waitFor();
    await expectEveryLook(page, "console-task-cancel");
  });

  it("in the page of an unknown task, and for an unknown view", async () => {
    const absent = `tsk_${"0".repeat(64)}`;
    const { page, heading, expectStatus } = await open("nowhere");
    await heading("This page does not exist").waitFor();
    await expectEveryLook(page, "console-unknown");
    expectStatus(404, `/v1/tasks/${absent}`);
    await page.goto(`/console#/tasks/${absent}`);
    await heading("There is no such task").waitFor();
    await expectEveryLook(page, "console-task-absent");
  });

  it("in Try it with an error, and with a ready task", async () => {
    const { page, heading, expectStatus } = await open("try", await emptyKey());
    await heading("No task yet").waitFor();
    expectStatus(400, "/v1/tasks");
    await page.getByRole("textbox", { name: "Website URL" }).fill(`${LONG_HOST}/no-scheme`);
    await button(page, "Create task").click();
    await page.getByRole("alert").waitFor();
    await expectEveryLook(page, "console-try-error");
    await page.getByRole("textbox", { name: "Website URL" }).fill(EXAMPLE_TASK.websiteURL);
    await page.getByRole("combobox").selectOption({ label: "Solved at once" });
    await button(page, "Create task").click();
    await heading("The task Ready").waitFor();
    await expectEveryLook(page, "console-try-ready");
  });

  it("in Try it with a live key, and in a view that the key may not open", async () => {
    const tenant = await stage.tenant();
    const { page, heading } = await open("try", await tenant.key({ mode: "live", scopes: ["tasks:write"] }));
    await heading("This needs a test key").waitFor();
    await expectEveryLook(page, "console-try-live");
    await page.goto("/console#/keys");
    await heading("This key may not open this view").waitFor();
    await expectEveryLook(page, "console-not-allowed");
  });

  it("in the webhook view with a disabled endpoint, a test, deliveries and the secret", async () => {
    const own = await emptyKey();
    await ask(stage.gateway, "PUT", "/v1/webhook", { token: own, body: { url: answering(410) + LONG_URL } });
    await awaitTask(stage.gateway, own, (await submitTask(stage.gateway, own, "sandbox-instant")).id);
    const endpoint = async () => (await ask(stage.gateway, "GET", "/v1/webhook", { token: own })).body;
    await expect.poll(endpoint, { timeout: 30_000 }).toMatchObject({ disabledAt: expect.any(String) });
    const { page, heading } = await open("webhook", own);
    await heading("Endpoint Disabled").waitFor();
    await button(page, "Send a test").click();
    await page.getByText("The receiver answered HTTP 410").waitFor();
    await button(page, "Show secret").click();
    await page.getByRole("textbox", { name: "Signing secret", exact: true }).waitFor();
    await page.getByRole("table").waitFor();
    await expectEveryLook(page, "console-webhook");
    await button(page, "Rotate secret").click();
    await dialog(page).waitFor();
    await expectEveryLook(page, "console-webhook-rotate");
  });

  it("in the keys, and in the dialogs that create and show a key", async () => {
    const { page } = await open("keys");
    await page.getByRole("main").getByText(LONG_NAME).waitFor();
    await expectEveryLook(page, "console-keys");
    await button(page, "Create key").click();
    await dialog(page).getByRole("checkbox", { name: "tasks:write" }).uncheck();
    await dialog(page).getByRole("checkbox", { name: "tasks:read" }).uncheck();
    await dialog(page).getByRole("button", { name: "Create key" }).click();
    await dialog(page).getByRole("alert").first().waitFor();
    await expectEveryLook(page, "console-keys-create");
    await dialog(page).getByRole("textbox", { name: "Name" }).fill(LONG_NAME);
    await dialog(page).getByRole("checkbox", { name: "tasks:read" }).check();
    await dialog(page).getByRole("button", { name: "Create key" }).click();
    await dialog(page).getByRole("textbox", { name: "API key" }).waitFor();
    await expectEveryLook(page, "console-keys-new");
  });

  it("in the account view", async () => {
    const { page, heading } = await open("account");
    await heading("Allowed websites").waitFor();
    await page.getByRole("row").nth(1).waitFor();
    await expectEveryLook(page, "console-account");
  });
});

describe("the operator's console, in every look, fits the screen and is accessible", () => {
  it("in the tenants, and in the dialog that creates one", async () => {
    const { page } = await open("tenants", ADMIN_TOKEN);
    await page.getByRole("table").waitFor();
    await expectEveryLook(page, "operator-tenants");
    await button(page, "Create tenant").click();
    await dialog(page).waitFor();
    await expectEveryLook(page, "operator-create-tenant");
  });

  it("in a tenant's settings, keys and tasks, and in the dialog that deletes it", async () => {
    const { page, heading } = await open(`tenants/${tenantId}`, ADMIN_TOKEN);
    await heading("Settings").waitFor();
    await expectEveryLook(page, "operator-tenant");
    await page.goto(`/console#/tenants/${tenantId}/keys`);
    await page.getByRole("table").waitFor();
    await expectEveryLook(page, "operator-tenant-keys");
    await page.goto(`/console#/tenants/${tenantId}/tasks`);
    await button(page, "Test").click();
    await page.getByRole("table").waitFor();
    await expectEveryLook(page, "operator-tenant-tasks");
    await button(page, "Delete").click();
    await dialog(page).waitFor();
    await expectEveryLook(page, "operator-delete-tenant");
  });

  it("in the upstream accounts with one that is refused", async () => {
    const { page } = await stage.visit();
    await showRefusedAccount(page);
    await signIn(page, ADMIN_TOKEN, "upstream");
    await page.getByText("1 of 2 accounts").waitFor();
    await expectEveryLook(page, "operator-upstream");
  });

  it("in the usage of all tenants", async () => {
    const { page } = await open("usage", ADMIN_TOKEN);
    await button(page, "Test").click();
    await page
      .getByRole("img", { name: /^Tasks per day/ })
      .locator("canvas")
      .waitFor();
    await page.getByRole("heading", { name: "Table of days" }).click();
    await expectEveryLook(page, "operator-usage");
  });
});
