// How the console looks: each view, dialog and state, light and dark, on a desktop and on a narrow phone, with ids, websites and metadata
// of the greatest length. Nothing is wider than the screen, axe finds no violation, and a picture of each is kept.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startReceiver, type WebhookReceiver } from "../../scripts/support/webhook-receiver.ts";
import { ADMIN_TOKEN, ask, askAdmin, awaitTask, EXAMPLE_TASK } from "../e2e/support.ts";
import { credentialField, signIn, submitTask } from "./support/console.ts";
import { expectEveryLook } from "./support/looks.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage();

/** The longest host name: 253 characters, in labels of 63. */
const LONG_HOST = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(53)}.example`;
const LONG_NAME =
  "Monitoring-of-the-checkout-in-all-countries-by-night-and-by-day-with-a-name-of-a-hundred-characters-".slice(0, 100);
const LONG_URL = `/hooks/${"0123456789abcdef".repeat(60)}`;
const METADATA = { order: "1042", [`key-${"k".repeat(60)}`]: "v".repeat(512), note: "two words" };

let answer = 204;
let receiver: WebhookReceiver;
/** A tenant with something of everything, and a key of it. */
let tenantId: string;
let key: string;
let ready: string;
let failed: string;

beforeAll(async () => {
  receiver = await startReceiver(() => answer);
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
  const webhookUrl = receiver.url + LONG_URL;
  const long = { websiteURL: `https://${LONG_HOST}/${"path/".repeat(200)}`, websiteTitle: "Words ".repeat(80).trim() };
  await submit("sandbox-instant", {}, { webhookUrl: receiver.url });
  answer = 410;
  failed = await submit("sandbox-fail-ERROR_CAPTCHA_UNSOLVABLE", {}, { webhookUrl, metadata: METADATA });
  answer = 500;
  ready = await submit("sandbox-delay-3000", long, { webhookUrl, metadata: METADATA, reference: "r".repeat(64) });
  const scopes = ["tasks:read"];
  await ask(stage.gateway, "POST", "/v1/keys", { token: key, body: { name: LONG_NAME, mode: "test", scopes } });
});
afterAll(() => receiver.close());

/** Signed in at a route, as the tenant with something of everything unless another credential is given. */
async function open(route: string, credential: string = key) {
  const visit = await stage.visit();
  await signIn(visit.page, credential, route);
  const { page } = visit;
  return {
    ...visit,
    button: (name: string) => page.getByRole("button", { name, exact: true }),
    dialog: page.getByRole("dialog"),
    heading: (name: string | RegExp) => page.getByRole("heading", { name }),
  };
}

/** A key of a tenant that has nothing. */
const emptyKey = async () => await (await stage.tenant()).key();

describe("in every look", () => {
  it("the sign-in form, with an error", async () => {
    const { page } = await stage.visit();
    await page.goto("/console");
    await credentialField(page).fill("sg_test_not-complete");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    await expectEveryLook(page, "console-sign-in");
  });

  it("the list of tasks, with filters and an error", async () => {
    const { page, button } = await open("tasks");
    await submitTask(stage.gateway, key, "sandbox-never", { timeoutSeconds: 300 });
    await page.getByText("Processing").last().waitFor();
    await page.getByRole("searchbox").fill("tsk_12!");
    await button("Search").click();
    await page.getByRole("alert").waitFor();
    await button("More filters").click();
    await expectEveryLook(page, "console-tasks");
  });

  it("the list of tasks while the gateway fails, and when it is empty", async () => {
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

  it("a ready task whose webhook fails, everything in it long; and sending it again", async () => {
    const { page, button, dialog } = await open(`tasks/${ready}`);
    await page.locator(".fact").getByText("Next attempt", { exact: true }).waitFor();
    await page.getByRole("heading", { name: "Raw JSON" }).click();
    await expectEveryLook(page, "console-task-ready");
    await button("Redeliver webhook").click();
    await dialog.waitFor();
    await expectEveryLook(page, "console-task-redeliver");
  });

  it("a failed task", async () => {
    const { page } = await open(`tasks/${failed}`);
    await page.getByText("Given up").waitFor();
    await expectEveryLook(page, "console-task-failed");
  });

  it("a task that is held, and canceling it", async () => {
    const { id } = await submitTask(stage.gateway, key, "sandbox-never", { timeoutSeconds: 300 });
    const { page } = await stage.visit();
    await page.route(`**/v1/tasks/${id}`, async (route) => {
      const response = await route.fetch();
      const nextStepAt = new Date(Date.now() + 9_000).toISOString();
      const held = { status: "queued", submittedAt: null, waitingFor: "upstream", nextStepAt };
      await route.fulfill({ response, json: { ...((await response.json()) as object), ...held } });
    });
    await signIn(page, key, `tasks/${id}`);
    await page.getByText("Held: no upstream account accepts tasks").waitFor();
    await expectEveryLook(page, "console-task-held");
    await page.getByRole("button", { name: "Cancel task" }).click();
    await page.getByRole("dialog").waitFor();
    await expectEveryLook(page, "console-task-cancel");
  });

  it("a task that does not exist, and a page that does not", async () => {
    const absent = `tsk_${"0".repeat(64)}`;
    const { page, heading, expectStatus } = await open("nowhere");
    await heading("This page does not exist").waitFor();
    await expectEveryLook(page, "console-unknown");
    expectStatus(404, `/v1/tasks/${absent}`);
    await page.goto(`/console#/tasks/${absent}`);
    await heading("There is no such task").waitFor();
    await expectEveryLook(page, "console-task-absent");
  });

  it("Try it, with an error and with a task", async () => {
    const { page, button, heading, expectStatus } = await open("try", await emptyKey());
    await heading("No task yet").waitFor();
    expectStatus(400, "/v1/tasks");
    await page.getByRole("textbox", { name: "Website URL" }).fill(`${LONG_HOST}/no-scheme`);
    await button("Create task").click();
    await page.getByRole("alert").waitFor();
    await expectEveryLook(page, "console-try-error");
    await page.getByRole("textbox", { name: "Website URL" }).fill(EXAMPLE_TASK.websiteURL);
    await page.getByRole("combobox").selectOption({ label: "Solved at once" });
    await button("Create task").click();
    await heading("The task Ready").waitFor();
    await expectEveryLook(page, "console-try-ready");
  });

  it("Try it with a live key, and a view that the key may not open", async () => {
    const tenant = await stage.tenant();
    const { page, heading } = await open("try", await tenant.key({ mode: "live", scopes: ["tasks:write"] }));
    await heading("This needs a test key").waitFor();
    await expectEveryLook(page, "console-try-live");
    await page.goto("/console#/keys");
    await heading("This key may not open this view").waitFor();
    await expectEveryLook(page, "console-not-allowed");
  });

  it("the webhook view, disabled, with a test, deliveries and the secret", async () => {
    const own = await emptyKey();
    await ask(stage.gateway, "PUT", "/v1/webhook", { token: own, body: { url: receiver.url + LONG_URL } });
    answer = 410;
    await awaitTask(stage.gateway, own, (await submitTask(stage.gateway, own, "sandbox-instant")).id);
    const endpoint = async () => (await ask(stage.gateway, "GET", "/v1/webhook", { token: own })).body;
    await expect.poll(endpoint, { timeout: 30_000 }).toMatchObject({ disabledAt: expect.any(String) });
    const { page, button, dialog, heading } = await open("webhook", own);
    await heading("Endpoint Disabled").waitFor();
    await button("Send a test").click();
    await page.getByText("The receiver answered HTTP 410").waitFor();
    await button("Show secret").click();
    await page.getByRole("textbox", { name: "Signing secret", exact: true }).waitFor();
    await page.getByRole("table").waitFor();
    await expectEveryLook(page, "console-webhook");
    await button("Rotate secret").click();
    await dialog.waitFor();
    await expectEveryLook(page, "console-webhook-rotate");
  });

  it("the keys, creating one with errors, and the new one", async () => {
    const { page, button, dialog } = await open("keys");
    await page.getByRole("main").getByText(LONG_NAME).waitFor();
    await expectEveryLook(page, "console-keys");
    await button("Create key").click();
    await dialog.getByRole("checkbox", { name: "tasks:write" }).uncheck();
    await dialog.getByRole("checkbox", { name: "tasks:read" }).uncheck();
    await dialog.getByRole("button", { name: "Create key" }).click();
    await dialog.getByRole("alert").first().waitFor();
    await expectEveryLook(page, "console-keys-create");
    await dialog.getByRole("textbox", { name: "Name" }).fill(LONG_NAME);
    await dialog.getByRole("checkbox", { name: "tasks:read" }).check();
    await dialog.getByRole("button", { name: "Create key" }).click();
    await dialog.getByRole("textbox", { name: "API key" }).waitFor();
    await expectEveryLook(page, "console-keys-new");
  });

  it("the account", async () => {
    const { page, heading } = await open("account");
    await heading("Allowed websites").waitFor();
    await page.getByRole("row").nth(1).waitFor();
    await expectEveryLook(page, "console-account");
  });
});

describe("in every look, for the operator", () => {
  it("the tenants, and creating one", async () => {
    const { page, button, dialog } = await open("tenants", ADMIN_TOKEN);
    await page.getByRole("table").waitFor();
    await expectEveryLook(page, "operator-tenants");
    await button("Create tenant").click();
    await dialog.waitFor();
    await expectEveryLook(page, "operator-create-tenant");
  });

  it("a tenant's settings, keys, usage and tasks, and deleting it", async () => {
    const { page, button, dialog, heading } = await open(`tenants/${tenantId}`, ADMIN_TOKEN);
    await heading("Settings").waitFor();
    await expectEveryLook(page, "operator-tenant");
    await page.goto(`/console#/tenants/${tenantId}/keys`);
    await page.getByRole("table").waitFor();
    await expectEveryLook(page, "operator-tenant-keys");
    await page.goto(`/console#/tenants/${tenantId}/tasks`);
    await button("Test").click();
    await page.getByRole("table").waitFor();
    await expectEveryLook(page, "operator-tenant-tasks");
    await button("Delete").click();
    await dialog.waitFor();
    await expectEveryLook(page, "operator-delete-tenant");
  });

  it("the upstream accounts, one of them refused", async () => {
    const { page } = await stage.visit();
    const common = { url: "https://upstream.example", lastSuccessAt: null, tasksLastHour: 12 };
    const time = new Date().toISOString();
    await page.route("**/admin/upstream", (route) =>
      route.fulfill({
        json: {
          accounts: [
            {
              name: "primary",
              ...common,
              state: "refused",
              code: "ERROR_ZERO_BALANCE",
              since: time,
              nextProbeAt: time,
            },
            { name: "reserve", ...common, state: "ok", code: null, since: time, nextProbeAt: null },
          ],
        },
      }),
    );
    await signIn(page, ADMIN_TOKEN, "upstream");
    await page.getByText("1 of 2 accounts").waitFor();
    await expectEveryLook(page, "operator-upstream");
  });

  it("the usage of all tenants", async () => {
    const { page, button } = await open("usage", ADMIN_TOKEN);
    await button("Test").click();
    await page
      .getByRole("img", { name: /^Tasks per day/ })
      .locator("canvas")
      .waitFor();
    await page.getByRole("heading", { name: "Table of days" }).click();
    await expectEveryLook(page, "operator-usage");
  });
});
