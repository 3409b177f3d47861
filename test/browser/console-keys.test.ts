// The keys view: keys are created with their scopes, shown once, rotated and revoked; also the key that is signed in. And the account
// view.

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ask } from "../e2e/support.ts";
import { copied, credentialField, paste, signIn } from "./support/console.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage();

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const dialog = (page: Page) => page.getByRole("dialog");
const inDialog = (page: Page, name: string) => dialog(page).getByRole("button", { name, exact: true });
/** The row of a key by its name. */
const row = (page: Page, name: string) =>
  page.getByRole("table").locator("tbody tr", { has: page.locator(".key-name", { hasText: name }) });

async function enter(scopes?: readonly string[]) {
  const tenant = await stage.tenant();
  const key = await tenant.key(scopes === undefined ? {} : { scopes });
  const visit = await stage.visit();
  await signIn(visit.page, key, "keys");
  await visit.page.getByRole("table").waitFor();
  return { ...visit, tenant, key };
}

/** The status with which the API answers a key. */
async function statusOf(key: string, path = "/v1/tasks"): Promise<number> {
  return (await ask(stage.gateway, "GET", path, { token: key })).status;
}

/** The key that the dialog shows; then the dialog is closed. */
async function takeKey(page: Page): Promise<string> {
  const shown = dialog(page).getByRole("textbox", { name: "API key" });
  await shown.waitFor();
  const key = await shown.inputValue();
  await inDialog(page, "I have stored it").click();
  await dialog(page).waitFor({ state: "detached" });
  return key;
}

describe("creating a key", () => {
  it("returns one with the chosen scopes and lifetime, which is shown once and works at once", async () => {
    const { page } = await enter();
    await paste(page, "");
    await button(page, "Create key").click();
    await dialog(page).getByRole("textbox", { name: "Name" }).fill("Monitoring");
    await dialog(page).getByRole("checkbox", { name: "tasks:write" }).uncheck();
    await dialog(page).getByRole("checkbox", { name: "account:read" }).check();
    await dialog(page).getByRole("combobox", { name: "Expires" }).selectOption({ label: "After 30 days" });
    await inDialog(page, "Create key").click();

    const shown = dialog(page).getByRole("textbox", { name: "API key" });
    await shown.waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await dialog(page).getByRole("button", { name: "Copy API key" }).click();
    const made = await shown.inputValue();
    await expect.poll(() => copied(page)).toBe(made);
    expect(await takeKey(page)).toBe(made);

    const listed = row(page, "Monitoring");
    await listed.waitFor();
    expect(await listed.getByRole("listitem").allTextContents()).toEqual(["tasks:read", "account:read"]);
    expect(await listed.textContent()).toMatch(/\d{1,2} \w+ \d{4}/);
    expect(await page.content()).not.toContain(made);
    expect(await page.evaluate<string>("JSON.stringify({ ...sessionStorage })")).not.toContain(made);

    expect(await statusOf(made)).toBe(200);
    expect(await statusOf(made, "/v1/usage")).toBe(200);
    expect((await ask(stage.gateway, "POST", "/v1/tasks", { token: made, body: {} })).status).toBe(403);
  });

  it("needs a name and a scope, and keeps what was typed", async () => {
    const { page } = await enter();
    await button(page, "Create key").click();
    await inDialog(page, "Create key").click();
    await dialog(page).getByText("Enter a name that says what uses the key.").waitFor();
    await dialog(page).getByRole("textbox", { name: "Name" }).fill("Shop");
    for (const scope of ["tasks:write", "tasks:read"]) {
      await dialog(page).getByRole("checkbox", { name: scope }).uncheck();
    }
    await inDialog(page, "Create key").click();
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
    const scopes = await dialog(page).getByRole("checkbox").count();
    expect(scopes).toBe(3);
    expect(await dialog(page).getByRole("checkbox", { name: "tasks:write" }).count()).toBe(0);
    await inDialog(page, "Cancel").click();
    // The other key has all scopes, so this one can't rotate it.
    await page.getByText("Some keys can't be rotated with this key.").waitFor();
    expect(await page.getByRole("button", { name: /^Rotate/ }).count()).toBe(1);
    expect(await page.getByRole("button", { name: /^Revoke/ }).count()).toBe(2);
  });
});

describe("another key", () => {
  /** A view with a second key, `Shop`. */
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

  it("is rotated: the new one is shown once, and the old one ends after the overlap", async () => {
    const { page, shop } = await enterWithShop();
    await button(page, "Rotate Shop").click();
    const overlap = dialog(page).getByRole("combobox", { name: "The old key stays valid for" });
    await overlap.selectOption({ label: "No time: it ends now" });
    await inDialog(page, "Rotate key").click();
    const next = await takeKey(page);
    expect(next).not.toBe(shop);
    expect(await statusOf(next)).toBe(200);
    expect(await statusOf(shop)).toBe(401);
    await row(page, "Shop").first().waitFor();
  });

  it("is revoked after a confirmation, and not without it", async () => {
    const { page, shop } = await enterWithShop();
    await button(page, "Revoke Shop").click();
    await dialog(page).getByRole("heading", { name: "Revoke “Shop”?" }).waitFor();
    await inDialog(page, "Keep it").click();
    expect(await statusOf(shop)).toBe(200);
    await button(page, "Revoke Shop").click();
    await inDialog(page, "Revoke key").click();
    await row(page, "Shop").waitFor({ state: "detached" });
    await page.getByRole("status").getByText("The key Shop was revoked.").waitFor();
    expect(await statusOf(shop)).toBe(401);
    await row(page, "test key").waitFor();
  });
});

describe("the key that is signed in", () => {
  it("is marked, and after its rotation the console continues with the new one", async () => {
    const { page, key } = await enter();
    await row(page, "test key").getByText("This key").waitFor();
    await button(page, "Rotate test key").click();
    await dialog(page).getByText("You are signed in with this key").waitFor();
    const overlap = dialog(page).getByRole("combobox", { name: "The old key stays valid for" });
    await overlap.selectOption({ label: "No time: it ends now" });
    await inDialog(page, "Rotate key").click();
    const next = await takeKey(page);
    await row(page, "test key").getByText("This key").waitFor();
    expect(await statusOf(key)).toBe(401);
    expect(await page.evaluate<string>("JSON.stringify({ ...sessionStorage })")).toContain(next);
    await page.reload();
    await row(page, "test key").getByText("This key").waitFor();
  });

  it("is revoked after a warning, and the sign-in form says what happened", async () => {
    const { page, key } = await enter();
    await button(page, "Revoke test key").click();
    await dialog(page).getByText("revoking it signs you out").waitFor();
    await inDialog(page, "Revoke my own key").click();
    await page.getByRole("alert").getByText("You revoked the key “test key”").waitFor();
    await credentialField(page).waitFor();
    expect(await statusOf(key)).toBe(401);
    expect(await page.evaluate<string>("JSON.stringify({ ...sessionStorage })")).not.toContain(key);
  });
});

it("a key lists only the keys of its mode", async () => {
  const tenant = await stage.tenant();
  await tenant.key({ mode: "live" });
  const { page } = await stage.visit();
  await signIn(page, await tenant.key(), "keys");
  await row(page, "test key").waitFor();
  expect(await row(page, "live key").count()).toBe(0);
});

it("the account view shows the allowed websites, the limits with their use, and the audit log", async () => {
  const tenant = await stage.tenant();
  const { page } = await stage.visit();
  await signIn(page, await tenant.key(), "account");
  await page.getByText("antcpt.com", { exact: true }).waitFor();
  expect(await page.getByRole("meter", { name: "Tasks in flight" }).count()).toBe(1);
  await page.getByText("Live tasks this month (UTC)").waitFor();
  await page.getByRole("row").filter({ hasText: "Key created" }).getByText("Operator").waitFor();
});
