// The console by keyboard alone: signing in, creating and canceling a task, dialogs that trap and return the focus, and a visible focus
// ring everywhere.

import type { Locator, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { button, credentialField, dialog, dialogButton, submitTask, viewHeading } from "./support/console.ts";
import { hasFocus, stopsOf, tabTo } from "./support/keyboard.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage();

const press = (page: Page, key: string) => page.keyboard.press(key);

/** Signs in by keyboard. */
async function enter(path = "/console") {
  const tenant = await stage.tenant();
  const key = await tenant.key();
  const visit = await stage.visit();
  await visit.page.goto(path);
  await credentialField(visit.page).waitFor();
  await expect.poll(() => hasFocus(credentialField(visit.page))).toBe(true);
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
      expect(await containsFocus(dialog(page))).toBe(true);
    }
  }
}

/** Whether the focus is on an element or inside it. */
const containsFocus = (element: Locator) => element.evaluate((one) => one.contains(one.ownerDocument.activeElement));

describe("the console, by keyboard alone", () => {
  it("lets the navigation be skipped, and moves the focus to the heading of each view that opens", async () => {
    const { page } = await enter();
    await viewHeading(page, "Tasks").waitFor();
    const [first] = await stopsOf(page);
    expect(first).toContain("Skip to the content");
    await tabTo(page, button(page, "Skip to the content"));
    await press(page, "Enter");
    await expect.poll(() => hasFocus(page.getByRole("main"))).toBe(true);
    // Skipping does not change the route.
    await viewHeading(page, "Tasks").waitFor();

    for (const name of ["Overview", "Try it", "Webhook", "Keys", "Account", "Tasks"]) {
      await tabTo(page, page.getByRole("navigation", { name: "Console" }).getByRole("link", { name }), "Shift+Tab");
      await press(page, "Enter");
      await viewHeading(page, name).waitFor();
      await expect.poll(() => hasFocus(viewHeading(page, name))).toBe(true);
    }
  });

  it("creates, opens and cancels a test task, and returns the focus to the button that opened the dialog", async () => {
    const { page } = await enter("/console#/try");
    await tabTo(page, page.getByRole("combobox", { name: "Scenario" }));
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
    await dialogButton(page, "Keep it running").waitFor();
    await expectTrapped(page);
    await press(page, "Escape");
    await dialog(page).waitFor({ state: "detached" });
    await expect.poll(() => hasFocus(cancel)).toBe(true);

    await press(page, "Enter");
    await tabTo(page, dialogButton(page, "Cancel task"));
    await press(page, "Enter");
    await viewHeading(page, "Task Canceled").waitFor();
    // The button that had the focus is gone. The focus must not leave the page.
    await expect.poll(() => containsFocus(page.getByRole("main"))).toBe(true);
  });

  it("creates a key, and closes the dialog that shows it once only by its button", async () => {
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
    await tabTo(page, dialogButton(page, "I have stored it"));
    await press(page, "Enter");
    await dialog(page).waitFor({ state: "detached" });
    await expect.poll(() => hasFocus(button(page, "Create key"))).toBe(true);
    await page.getByRole("row").filter({ hasText: "Night run" }).waitFor();
  });

  it("shows the focus at every stop of every view", async () => {
    const { page, key } = await enter();
    const { id } = await submitTask(stage.gateway, key, "sandbox-instant");
    await page.locator(`[title="${id}"]`).waitFor();
    for (const [view, last] of [
      ["tasks", "tsk_"],
      ["overview", "Table of days"],
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
