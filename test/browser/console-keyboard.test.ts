// The console by the keyboard alone: from the key to a task that is canceled or whose webhook is sent again, dialogs that keep the focus
// and give it back, and a focus that can be seen wherever it is.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startReceiver, type WebhookReceiver } from "../../scripts/support/webhook-receiver.ts";
import { submitTask } from "./support/console.ts";
import { hasFocus, stopsOf, tabTo } from "./support/keyboard.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage();

let answer = 204;
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await startReceiver(() => answer);
});
afterAll(() => receiver.close());

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const dialog = (page: Page) => page.getByRole("dialog");
const inDialog = (page: Page, name: string) => dialog(page).getByRole("button", { name, exact: true });
const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });
const press = (page: Page, key: string) => page.keyboard.press(key);

/** Signs in without a mouse. */
async function enter(path = "/console") {
  const tenant = await stage.tenant();
  const key = await tenant.key();
  const visit = await stage.visit();
  await visit.page.goto(path);
  await visit.page.getByLabel("API key", { exact: true }).waitFor();
  expect(await hasFocus(visit.page.getByLabel("API key", { exact: true }))).toBe(true);
  await visit.page.keyboard.type(key);
  await press(visit.page, "Enter");
  await visit.page.getByRole("navigation", { name: "Console" }).waitFor();
  return { ...visit, tenant, key };
}

/** The focus goes round and round inside the dialog, in both directions. */
async function expectTrapped(page: Page): Promise<void> {
  await dialog(page).waitFor();
  const fields = await dialog(page).locator("button, input, select, a[href]").count();
  for (const key of ["Tab", "Shift+Tab"]) {
    for (let count = 0; count < fields + 2; count += 1) {
      await press(page, key);
      expect(await dialog(page).evaluate((one) => one.contains(one.ownerDocument.activeElement))).toBe(true);
    }
  }
}

describe("by the keyboard alone", () => {
  it("one skips to the content, and each view begins at its heading", async () => {
    const { page } = await enter();
    await heading(page, "Tasks").waitFor();
    const [first] = await stopsOf(page);
    expect(first).toContain("Skip to the content");
    await tabTo(page, button(page, "Skip to the content"));
    await press(page, "Enter");
    expect(await hasFocus(page.getByRole("main"))).toBe(true);
    // The hash is the console's own: skipping has not led elsewhere.
    await heading(page, "Tasks").waitFor();

    for (const name of ["Overview", "Try it", "Webhook", "Keys", "Tasks"]) {
      await tabTo(page, page.getByRole("navigation", { name: "Console" }).getByRole("link", { name }), "Shift+Tab");
      await press(page, "Enter");
      await heading(page, name).waitFor();
      await expect.poll(() => hasFocus(heading(page, name))).toBe(true);
    }
  });

  it("one makes a test task, opens it and cancels it; the dialog keeps the focus and gives it back", async () => {
    const { page } = await enter("/console#/try");
    await tabTo(page, page.getByRole("combobox", { name: "What the sandbox plays" }));
    await page.keyboard.type("Never");
    await tabTo(page, page.getByRole("textbox", { name: "Deadline in seconds" }));
    await press(page, "ControlOrMeta+A");
    await page.keyboard.type("300");
    await press(page, "Enter");
    await page.getByRole("heading", { name: "The task Processing" }).waitFor();
    await tabTo(page, page.getByRole("link", { name: "Open the task" }));
    await press(page, "Enter");

    const cancel = page.getByRole("main").getByRole("button", { name: "Cancel task" });
    await tabTo(page, cancel);
    await press(page, "Space");
    await inDialog(page, "Keep it running").waitFor();
    await expectTrapped(page);
    await press(page, "Escape");
    await dialog(page).waitFor({ state: "detached" });
    await expect.poll(() => hasFocus(cancel)).toBe(true);

    await press(page, "Enter");
    await tabTo(page, inDialog(page, "Cancel task"));
    await press(page, "Enter");
    await heading(page, "Task Canceled").waitFor();
    // The focus is still somewhere: a reader goes on from there.
    expect(await page.getByRole("main").evaluate((main) => main.contains(main.ownerDocument.activeElement))).toBe(true);
  });

  it("one sends a webhook again that was given up", async () => {
    answer = 410;
    const { page, key } = await enter();
    await submitTask(stage.gateway, key, "sandbox-instant", { webhookUrl: receiver.url });
    const row = page.getByRole("row").filter({ hasText: "Gave up" });
    await row.waitFor();
    await tabTo(page, row.getByRole("link"));
    await press(page, "Enter");
    answer = 204;
    await tabTo(page, button(page, "Redeliver webhook"));
    await press(page, "Enter");
    await tabTo(page, inDialog(page, "Send again"));
    await press(page, "Space");
    await page.getByRole("row").filter({ hasText: "HTTP 204" }).waitFor();
    await expect.poll(() => hasFocus(button(page, "Redeliver webhook"))).toBe(true);
  });

  it("one makes a key, and the dialog that shows it once yields to its button alone", async () => {
    const { page } = await enter("/console#/keys");
    await tabTo(page, button(page, "Make a key"));
    await press(page, "Enter");
    await expectTrapped(page);
    await tabTo(page, dialog(page).getByRole("textbox", { name: "Name" }));
    await page.keyboard.type("Night run");
    await tabTo(page, dialog(page).getByRole("checkbox", { name: "account:read" }));
    await press(page, "Space");
    await press(page, "Enter");
    await dialog(page).getByRole("textbox", { name: "API key" }).waitFor();
    await expectTrapped(page);
    for (let count = 0; count < 3; count += 1) await press(page, "Escape");
    await tabTo(page, inDialog(page, "I have stored it"));
    await press(page, "Enter");
    await dialog(page).waitFor({ state: "detached" });
    await expect.poll(() => hasFocus(button(page, "Make a key"))).toBe(true);
    await page.getByRole("row").filter({ hasText: "Night run" }).waitFor();
  });

  it("one sees the focus at every stop of every view", async () => {
    const { page, key } = await enter();
    const { id } = await submitTask(stage.gateway, key, "sandbox-instant");
    await page.locator(`[title="${id}"]`).waitFor();
    for (const [view, last] of [
      ["tasks", "tsk_"],
      ["overview", "Show the table"],
      ["try", "Copy as curl"],
      ["webhook", "Rotate secret"],
      ["keys", "Revoke test key"],
      [`tasks/${id}`, "Copy"],
    ] as const) {
      await page.goto(`/console#/${view}`);
      await page.getByRole("main").getByText(last).or(page.getByLabel(last)).first().waitFor();
      // `stopsOf` throws at a stop that cannot be seen.
      const stops = await stopsOf(page);
      expect(stops[0]).toContain("Skip to the content");
      expect(stops.at(-1)).toContain(last);
    }
  });
});
