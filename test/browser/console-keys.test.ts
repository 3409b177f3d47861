// The keys' view: a key is made with its scopes, shown once and works; it is rotated and revoked after a question; and what becomes of
// the key that is signed in.

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ask } from "../e2e/support.ts";
import { copied, paste, signIn } from "./support/console.ts";
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

describe("making a key", () => {
  it("gives one with the chosen scopes and life, shown once, that works at once", async () => {
    const { page } = await enter();
    await paste(page, "");
    await button(page, "Make a key").click();
    await dialog(page).getByRole("textbox", { name: "Name" }).fill("Monitoring");
    await dialog(page).getByRole("checkbox", { name: "tasks:write" }).uncheck();
    await dialog(page).getByRole("checkbox", { name: "account:read" }).check();
    await dialog(page).getByRole("combobox", { name: "It ends" }).selectOption({ label: "After 30 days" });
    await inDialog(page, "Make key").click();

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

  it("asks for a name and for a scope, and keeps what was typed", async () => {
    const { page } = await enter();
    await button(page, "Make a key").click();
    await inDialog(page, "Make key").click();
    await dialog(page).getByText("Give it a name that says what uses it.").waitFor();
    await dialog(page).getByRole("textbox", { name: "Name" }).fill("Shop");
    for (const scope of ["tasks:write", "tasks:read"]) {
      await dialog(page).getByRole("checkbox", { name: scope }).uncheck();
    }
    await inDialog(page, "Make key").click();
    await dialog(page).getByRole("alert").getByText("a key without a scope can do nothing").waitFor();
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });

    await button(page, "Make a key").click();
    expect(await dialog(page).getByRole("textbox", { name: "Name" }).inputValue()).toBe("Shop");
  });

  it("offers no scope that the key lacks itself", async () => {
    const { page, tenant } = await enter(["tasks:read", "account:read", "account:write"]);
    await tenant.key();
    await page.reload();
    await button(page, "Make a key").click();
    const scopes = await dialog(page).getByRole("checkbox").count();
    expect(scopes).toBe(3);
    expect(await dialog(page).getByRole("checkbox", { name: "tasks:write" }).count()).toBe(0);
    await inDialog(page, "Cancel").click();
    // The other key has all scopes: this one cannot rotate it, and is told why.
    await page.getByText("Some keys cannot be rotated with this one.").waitFor();
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

  it("is rotated: a new one is shown once, and the old one ends when it was told to", async () => {
    const { page, shop } = await enterWithShop();
    await button(page, "Rotate Shop").click();
    const overlap = dialog(page).getByRole("combobox", { name: "The old key works for" });
    await overlap.selectOption({ label: "Not at all: it ends now" });
    await inDialog(page, "Rotate key").click();
    const next = await takeKey(page);
    expect(next).not.toBe(shop);
    expect(await statusOf(next)).toBe(200);
    expect(await statusOf(shop)).toBe(401);
    await row(page, "Shop").first().waitFor();
  });

  it("is revoked after a question, and not without a yes", async () => {
    const { page, shop } = await enterWithShop();
    await button(page, "Revoke Shop").click();
    await dialog(page).getByRole("heading", { name: "Revoke “Shop”?" }).waitFor();
    await inDialog(page, "Keep it").click();
    expect(await statusOf(shop)).toBe(200);
    await button(page, "Revoke Shop").click();
    await inDialog(page, "Revoke key").click();
    await row(page, "Shop").waitFor({ state: "detached" });
    await page.getByRole("status").getByText("The key Shop is revoked.").waitFor();
    expect(await statusOf(shop)).toBe(401);
    await row(page, "test key").waitFor();
  });
});

describe("the key that is signed in", () => {
  it("is marked, and when it is rotated the console goes on with the new one", async () => {
    const { page, key } = await enter();
    await row(page, "test key").getByText("This key").waitFor();
    await button(page, "Rotate test key").click();
    await dialog(page).getByText("It is the key that you are signed in with").waitFor();
    const overlap = dialog(page).getByRole("combobox", { name: "The old key works for" });
    await overlap.selectOption({ label: "Not at all: it ends now" });
    await inDialog(page, "Rotate key").click();
    const next = await takeKey(page);
    await row(page, "test key").getByText("This key").waitFor();
    expect(await statusOf(key)).toBe(401);
    expect(await page.evaluate<string>("JSON.stringify({ ...sessionStorage })")).toContain(next);
    await page.reload();
    await row(page, "test key").getByText("This key").waitFor();
  });

  it("is revoked with a warning, and then the door says what happened", async () => {
    const { page, key } = await enter();
    await button(page, "Revoke test key").click();
    await dialog(page).getByText("revoking it signs you out").waitFor();
    await inDialog(page, "Revoke my own key").click();
    await page.getByRole("alert").getByText("You have revoked the key “test key”").waitFor();
    await page.getByLabel("API key", { exact: true }).waitFor();
    expect(await statusOf(key)).toBe(401);
    expect(await page.evaluate<string>("JSON.stringify({ ...sessionStorage })")).not.toContain(key);
  });
});
