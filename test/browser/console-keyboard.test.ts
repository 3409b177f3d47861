// The console by keyboard alone: signing in, creating and canceling a task, dialogs that keep the focus and give it back, and a focus that
// is visible everywhere.

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { credentialField, submitTask } from "./support/console.ts";
import { hasFocus, stopsOf, tabTo } from "./support/keyboard.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage();

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const dialog = (page: Page) => page.getByRole("dialog");
const inDialog = (page: Page, name: string) => dialog(page).getByRole("button", { name, exact: true });
const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });
const press = (page: Page, key: string) => page.keyboard.press(key);

/** Signs in by keyboard. */
async function enter(path = "/console") {
  const tenant = await stage.tenant();
  const key = await tenant.key();
  const visit = await stage.visit();
  await visit.page.goto(path);
  await credentialField(visit.page).waitFor();
  expect(await hasFocus(credentialField(visit.page))).toBe(true);
  await visit.page.keyboard.type(key);
  await press(visit.page, "Enter");
  await visit.page.getByRole("navigation", { name: "Console" }).waitFor();
  return { ...visit, tenant, key };
}

/** Expects that the focus stays inside the dialog, in both directions. */
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

describe("by keyboard alone", () => {
  it("the navigation can be skipped, and each view begins at its heading", async () => {
    const { page } = await enter();
    await heading(page, "Tasks").waitFor();
    const [first] = await stopsOf(page);
    expect(first).toContain("Skip to the content");
    await tabTo(page, button(page, "Skip to the content"));
    await press(page, "Enter");
    expect(await hasFocus(page.getByRole("main"))).toBe(true);
    // Skipping does not change the route.
    await heading(page, "Tasks").waitFor();

    for (const name of ["Overview", "Try it", "Webhook", "Keys", "Account", "Tasks"]) {
      await tabTo(page, page.getByRole("navigation", { name: "Console" }).getByRole("link", { name }), "Shift+Tab");
      await press(page, "Enter");
      await heading(page, name).waitFor();
      await expect.poll(() => hasFocus(heading(page, name))).toBe(true);
    }
  });

  it("a test task is created, opened and canceled, and the dialog keeps the focus and gives it back", async () => {
    const { page } = await enter("/console#/try");
    await tabTo(page, page.getByRole("combobox", { name: "What happens to it" }));
    await page.keyboard.type("Never");
    await tabTo(page, page.getByRole("textbox", { name: "Time limit in seconds" }));
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
    // The focus stays in the page.
    expect(await page.getByRole("main").evaluate((main) => main.contains(main.ownerDocument.activeElement))).toBe(true);
  });

  it("a key is created, and the dialog that shows it once is closed by its button only", async () => {
    const { page } = await enter("/console#/keys");
    await tabTo(page, button(page, "Create key"));
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
    await expect.poll(() => hasFocus(button(page, "Create key"))).toBe(true);
    await page.getByRole("row").filter({ hasText: "Night run" }).waitFor();
  });

  it("the focus is visible at every stop of every view", async () => {
    const { page, key } = await enter();
    const { id } = await submitTask(stage.gateway, key, "sandbox-instant");
    await page.locator(`[title="${id}"]`).waitFor();
    for (const [view, last] of [
      ["tasks", "tsk_"],
      ["overview", "Show the table"],
      ["try", "Copy as curl"],
      ["webhook", "Rotate secret"],
      ["keys", "Revoke test key"],
      ["account", "Copy Id"],
      [`tasks/${id}`, "Raw JSON"],
    ] as const) {
      await page.goto(`/console#/${view}`);
      await page.getByRole("main").getByText(last).or(page.getByLabel(last)).first().waitFor();
      // `stopsOf` throws where the focus is not visible.
      const stops = await stopsOf(page);
      expect(stops[0]).toContain("Skip to the content");
      expect(stops.at(-1)).toContain(last);
    }
  });
});
