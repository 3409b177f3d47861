// The keys view, in which keys are created, shown once, rotated and revoked, and the account view.

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ask } from "../e2e/support.ts";
import {
  button,
  copied,
  credentialField,
  dialog,
  dialogButton,
  paste,
  sessionStorageOf,
  signIn,
} from "./support/console.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage();

/** The row of a key by its name. */
const row = (page: Page, name: string) =>
  page.getByRole("table").locator("tbody tr", { has: page.locator(".key-name", { hasText: name }) });

/** The keys view with its list. */
async function enter(scopes?: readonly string[]) {
  const visit = await stage.enter("keys", scopes === undefined ? {} : { scopes });
  await visit.page.getByRole("table").waitFor();
  return visit;
}

/** The status of the API's response to a key. */
async function statusOf(key: string, path = "/v1/tasks"): Promise<number> {
  return (await ask(stage.gateway, "GET", path, { token: key })).status;
}

/** Returns the key that the dialog shows, and closes the dialog. */
async function takeKey(page: Page): Promise<string> {
  const shown = dialog(page).getByRole("textbox", { name: "API key" });
  await shown.waitFor();
  const key = await shown.inputValue();
  await dialogButton(page, "I have stored it").click();
  await dialog(page).waitFor({ state: "detached" });
  return key;
}

describe("the dialog that creates a key", () => {
  it("creates a key with the chosen scopes and lifetime, shows it once, and the key works at once", async () => {
    const { page } = await enter();
    await paste(page, "");
    await button(page, "Create key").click();
    await dialog(page).getByRole("textbox", { name: "Name" }).fill("Monitoring");
    await dialog(page).getByRole("checkbox", { name: "tasks:write" }).uncheck();
    await dialog(page).getByRole("checkbox", { name: "account:read" }).check();
    await dialog(page).getByRole("combobox", { name: "Expires" }).selectOption({ label: "After 30 days" });
    await dialogButton(page, "Create key").click();

    const shown = dialog(page).getByRole("textbox", { name: "API key" });
    await shown.waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await dialog(page).getByRole("button", { name: "Copy API key" }).click();
    const key = await shown.inputValue();
    await expect.poll(() => copied(page)).toBe(key);
    expect(await takeKey(page)).toBe(key);

    const listed = row(page, "Monitoring");
    await listed.waitFor();
    expect(await listed.getByRole("listitem").allTextContents()).toEqual(["tasks:read", "account:read"]);
    expect(await listed.textContent()).toMatch(/\d{1,2} \w+ \d{4}/);
    expect(await page.content()).not.toContain(key);
    expect(await sessionStorageOf(page)).not.toContain(key);

    expect(await statusOf(key)).toBe(200);
    expect(await statusOf(key, "/v1/usage")).toBe(200);
    expect((await ask(stage.gateway, "POST", "/v1/tasks", { token: key, body: {} })).status).toBe(403);
  });

  it("requires a name and a scope, and keeps what was typed when it is closed", async () => {
    const { page } = await enter();
    await button(page, "Create key").click();
    await dialogButton(page, "Create key").click();
    await dialog(page).getByText("Enter a name.").waitFor();
    await dialog(page).getByRole("textbox", { name: "Name" }).fill("Shop");
    for (const scope of ["tasks:write", "tasks:read"]) {
      await dialog(page).getByRole("checkbox", { name: scope }).uncheck();
    }
    await dialogButton(page, "Create key").click();
    await dialog(page).getByRole("alert").getByText("Choose at least one scope.").waitFor();
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });

    await button(page, "Create key").click();
    expect(await dialog(page).getByRole("textbox", { name: "Name" }).inputValue()).toBe("Shop");
  });

  it("offers no scope that the signed-in key lacks", async () => {
    const { page, tenant } = await enter(["tasks:read", "account:read", "account:write"]);
    await tenant.key();
    await page.reload();
    await button(page, "Create key").click();
    await expect.poll(() => dialog(page).getByRole("checkbox").count()).toBe(3);
    expect(await dialog(page).getByRole("checkbox", { name: "tasks:write" }).count()).toBe(0);
    await dialogButton(page, "Cancel").click();
    // The other key has all scopes, so this one can't rotate it.
    await page.getByText("Some keys can't be rotated with this key.").waitFor();
    await expect.poll(() => page.getByRole("button", { name: /^Rotate/ }).count()).toBe(1);
    await expect.poll(() => page.getByRole("button", { name: /^Revoke/ }).count()).toBe(2);
  });
});

describe("another key", () => {
  /** The keys view with a second key, `Shop`. */
  async function enterWithShop() {
    const visit = await enter();
    const { body } = await ask(stage.gateway, "POST", "/v1/keys", {
      token: visit.key,
      body: { name: "Shop", mode: "test" },
    });
    await visit.page.reload();
    await row(visit.page, "Shop").waitFor();
    return { ...visit, shop: (body as { key: string }).key };
  }

  it("is rotated without an overlap: the new key works, and the old one stops working", async () => {
    const { page, shop } = await enterWithShop();
    await button(page, "Rotate Shop").click();
    const overlap = dialog(page).getByRole("combobox", { name: "The old key stays valid for" });
    await overlap.selectOption({ label: "No time: it ends now" });
    await dialogButton(page, "Rotate key").click();
    const next = await takeKey(page);
    expect(next).not.toBe(shop);
    expect(await statusOf(next)).toBe(200);
    expect(await statusOf(shop)).toBe(401);
    await row(page, "Shop").first().waitFor();
  });

  it("is revoked only after a confirmation", async () => {
    const { page, shop } = await enterWithShop();
    await button(page, "Revoke Shop").click();
    await dialog(page).getByRole("heading", { name: "Revoke “Shop”?" }).waitFor();
    await dialogButton(page, "Keep it").click();
    expect(await statusOf(shop)).toBe(200);
    await button(page, "Revoke Shop").click();
    await dialogButton(page, "Revoke key").click();
    await row(page, "Shop").waitFor({ state: "detached" });
    await page.getByRole("status").getByText("The key Shop was revoked.").waitFor();
    expect(await statusOf(shop)).toBe(401);
    await row(page, "test key").waitFor();
  });
});

describe("the key that is signed in", () => {
  it("is marked, and is replaced by the new key in the session when it is rotated", async () => {
    const { page, key } = await enter();
    await row(page, "test key").getByText("This key").waitFor();
    await button(page, "Rotate test key").click();
    await dialog(page).getByText("You are signed in with this key").waitFor();
    const overlap = dialog(page).getByRole("combobox", { name: "The old key stays valid for" });
    await overlap.selectOption({ label: "No time: it ends now" });
    await dialogButton(page, "Rotate key").click();
    const next = await takeKey(page);
    await expect.poll(() => sessionStorageOf(page)).toContain(next);
    expect(await statusOf(key)).toBe(401);
    await page.reload();
    await row(page, "test key").getByText("This key").waitFor();
  });

  it("is revoked after a warning, and the sign-in form explains why the session ended", async () => {
    const { page, key } = await enter();
    await button(page, "Revoke test key").click();
    await dialog(page).getByText("revoking it signs you out").waitFor();
    await dialogButton(page, "Revoke my own key").click();
    await page.getByRole("alert").getByText("You revoked the key “test key”").waitFor();
    await credentialField(page).waitFor();
    expect(await statusOf(key)).toBe(401);
    expect(await sessionStorageOf(page)).not.toContain(key);
  });
});

it("the keys view lists only the keys of the signed-in key's mode", async () => {
  const tenant = await stage.tenant();
  await tenant.key({ mode: "live" });
  const { page } = await stage.visit();
  await signIn(page, await tenant.key(), "keys");
  await row(page, "test key").waitFor();
  expect(await row(page, "live key").count()).toBe(0);
});

it("the account view shows the allowed websites, the limits with their use, and the audit log", async () => {
  const { page } = await stage.enter("account");
  await page.getByText("antcpt.com", { exact: true }).waitFor();
  await page.getByRole("meter", { name: "Tasks in flight" }).waitFor();
  await page.getByText("Live tasks this month (UTC)").waitFor();
  await page.getByRole("row").filter({ hasText: "Key created" }).getByText("Operator").waitFor();
});
