// Signing in to the console: with an API key or the operator's token, what a key's scopes and mode show, and where the credential is
// kept.

import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { KEY_ENTROPY_BYTES, mintKey } from "../../src/tenants/keys.ts";
import { ADMIN_TOKEN } from "../e2e/support.ts";
import { credentialField, paste, revokeKey, signIn, submitTask } from "./support/console.ts";
import { browserStage } from "./support/stage.ts";
import { watchTraffic } from "./support/traffic.ts";

const stage = browserStage();

const views = (page: Page) => page.getByRole("navigation", { name: "Console" }).getByRole("link").allTextContents();
const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });
const storage = (page: Page) => page.evaluate<string>("JSON.stringify({ ...sessionStorage })");
const signInButton = (page: Page) => page.getByRole("button", { name: "Sign in" });

/** A well-formed key that the gateway never created. */
const unknownKey = () => mintKey("test", "acme", crypto.getRandomValues(new Uint8Array(KEY_ENTROPY_BYTES)));

/** A visit at the sign-in form. */
async function openForm() {
  const visit = await stage.visit();
  await visit.page.goto("/console");
  await credentialField(visit.page).waitFor();
  return visit;
}

describe("an API key", () => {
  it("opens the first view, and shows whose it is and its mode", async () => {
    const tenant = await stage.tenant();
    const { page } = await stage.visit();
    await signIn(page, await tenant.key());
    await heading(page, "Tasks").waitFor();
    expect(await page.title()).toBe("Tasks · Solvegate console");
    expect(await views(page)).toEqual(["Tasks", "Overview", "Try it", "Webhook", "Keys", "Account"]);
    const banner = page.getByRole("banner");
    await banner.getByText(tenant.id).waitFor();
    await banner.getByText("test key").waitFor();
    await banner.getByText("Test mode", { exact: true }).waitFor();
  });

  it("is accepted with blanks and a line break inside, and opens the view that the URL names", async () => {
    const key = await (await stage.tenant()).key();
    const { page } = await stage.visit();
    await page.goto("/console#/webhook");
    await credentialField(page).focus();
    await paste(page, ` Bearer ${key.slice(0, 30)}\n${key.slice(30)} \r\n`);
    await page.keyboard.press("Enter");
    await heading(page, "Webhook").waitFor();
  });
});

describe("the operator's token", () => {
  it("opens the operator's views", async () => {
    const { page } = await stage.visit();
    await signIn(page, ADMIN_TOKEN);
    await heading(page, "Tenants").waitFor();
    expect(await views(page)).toEqual(["Tenants", "Upstream", "Usage"]);
    await page.getByRole("banner").getByText("Operator").waitFor();
  });

  it("does not open a tenant's view that the URL names", async () => {
    const { page } = await stage.visit();
    await signIn(page, ADMIN_TOKEN, "keys");
    await page.getByRole("heading", { name: "This page does not exist" }).waitFor();
    await page.getByRole("link", { name: "Go to the first one" }).click();
    await heading(page, "Tenants").waitFor();
  });
});

describe("a credential that is not accepted", () => {
  it.each([
    ["an empty field", "", "Paste an API key"],
    ["a key that lost its end", unknownKey().slice(0, -3), "incomplete or mistyped"],
    ["a sentence", "please let me in", "neither an API key nor an operator token"],
  ])("is explained without a request when it is %s", async (_what, text, sentence) => {
    const { page } = await openForm();
    const traffic = watchTraffic(page, "/");
    await credentialField(page).fill(text);
    await signInButton(page).click();
    await page.getByRole("alert").getByText(sentence).waitFor();
    expect(await credentialField(page).inputValue()).toBe(text);
    expect(await credentialField(page).getAttribute("aria-invalid")).toBe("true");
    expect(traffic.calls).toEqual([]);
  });

  it("is explained and stays in the field when the gateway does not know it", async () => {
    const { page, expectStatus } = await openForm();
    expectStatus(401, "/v1/keys/current");
    expectStatus(401, "/admin/tenants");
    for (const [text, sentence] of [
      [unknownKey(), "The gateway does not accept this key"],
      ["a-token-of-another-gateway-1042", "The gateway does not accept this operator token"],
    ] as const) {
      await credentialField(page).fill(text);
      await signInButton(page).click();
      await page.getByRole("alert").getByText(sentence).waitFor();
      expect(await credentialField(page).inputValue()).toBe(text);
    }
    expect(await page.evaluate<number>("sessionStorage.length")).toBe(0);
  });

  it("is not blamed when the gateway fails or cannot be reached, and the next try works", async () => {
    const key = await (await stage.tenant()).key();
    const { page, expectStatus, expectOutage } = await openForm();
    expectStatus(500, "/v1/keys/current");
    expectOutage();
    await credentialField(page).fill(key);

    await page.route("**/v1/keys/current", (route) => route.fulfill({ status: 500, body: "worker threw" }));
    await signInButton(page).click();
    await page.getByRole("alert").getByText("The gateway could not answer this request.").waitFor();

    await page.unroute("**/v1/keys/current");
    await page.context().setOffline(true);
    await signInButton(page).click();
    await page.getByRole("alert").getByText("The gateway does not respond.").waitFor();
    expect(await credentialField(page).inputValue()).toBe(key);

    await page.context().setOffline(false);
    await signInButton(page).click();
    await heading(page, "Tasks").waitFor();
  });
});

describe("what a key does not allow is not offered", () => {
  it.each([
    { scopes: ["tasks:read"], shown: ["Tasks", "Account"] },
    { scopes: ["tasks:write"], shown: ["Try it", "Account"] },
    { scopes: ["account:read"], shown: ["Overview", "Webhook", "Keys", "Account"] },
    { scopes: ["account:write"], shown: ["Webhook", "Keys", "Account"] },
  ])("$scopes opens $shown", async ({ scopes, shown }) => {
    const { page } = await stage.visit();
    await signIn(page, await (await stage.tenant()).key({ scopes }));
    await heading(page, shown[0] ?? "").waitFor();
    expect(await views(page)).toEqual(shown);
  });

  it("the URL of a view that is not offered says which scope it needs", async () => {
    const { page } = await stage.visit();
    await signIn(page, await (await stage.tenant()).key({ scopes: ["tasks:read"] }), "keys");
    await page.getByRole("heading", { name: "This key may not open this view" }).waitFor();
    expect(await page.getByRole("main").textContent()).toContain("account:read or account:write");
  });

  it("a key that only reads has no button that changes anything", async () => {
    const tenant = await stage.tenant();
    const { id } = await submitTask(stage.gateway, await tenant.key(), "sandbox-never", { timeoutSeconds: 300 });
    const { page } = await stage.visit();
    await signIn(page, await tenant.key({ scopes: ["tasks:read", "account:read"] }), `tasks/${id}`);
    const buttons = () => page.getByRole("main").getByRole("button").allTextContents();
    await page.getByRole("table").first().waitFor();
    expect((await buttons()).filter((text) => !text.startsWith("Copy"))).toEqual([]);

    await page.goto("/console#/webhook");
    await page.getByText("No endpoint is set.").waitFor();
    expect(await buttons()).toEqual(["Failed", "Pending", "Delivered"]);

    await page.goto("/console#/keys");
    await page.getByRole("table").waitFor();
    expect((await buttons()).filter((text) => text !== "Copy")).toEqual([]);
  });

  it("a live key sees no test tasks, and is not offered to create tasks that cost money", async () => {
    const tenant = await stage.tenant();
    await submitTask(stage.gateway, await tenant.key(), "sandbox-instant");
    const { page } = await stage.visit();
    await signIn(page, await tenant.key({ mode: "live" }));
    await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
    await page.getByRole("banner").getByText("Live mode", { exact: true }).waitFor();

    await page.getByRole("link", { name: "Try it" }).click();
    await page.getByRole("heading", { name: "This needs a test key" }).waitFor();
    expect(await page.getByRole("textbox").count()).toBe(0);
    await page.getByRole("button", { name: "Use a test key" }).click();
    await page.getByRole("alert").getByText("Sign in with a test key").waitFor();
  });
});

describe("the session", () => {
  it("is kept in sessionStorage alone, survives a reload, and is gone after signing out", async () => {
    const key = await (await stage.tenant()).key();
    const { page } = await stage.visit();
    const urls: string[] = [];
    page.on("request", (request) => urls.push(request.url()));
    page.on("framenavigated", (frame) => urls.push(frame.url()));
    await signIn(page, key);
    for (const name of ["Overview", "Try it", "Webhook", "Keys"]) {
      await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name }).click();
      await heading(page, name).waitFor();
    }
    expect(urls.join("\n")).not.toContain(key);
    const elsewhere = "JSON.stringify([{ ...localStorage }, document.cookie, location.href, history.state, name])";
    expect(await page.evaluate<string>(elsewhere)).not.toContain(key);
    expect(await storage(page)).toContain(key);
    expect(await page.context().cookies()).toEqual([]);

    await page.reload();
    await heading(page, "Keys").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await credentialField(page).waitFor();
    expect(await storage(page)).not.toContain(key);
    await page.reload();
    await credentialField(page).waitFor();
  });

  it.each(["tenant", "operator"] as const)("of the %s continues in a new tab, and ends in all tabs", async (role) => {
    const credential = role === "operator" ? ADMIN_TOKEN : await (await stage.tenant()).key();
    const { page } = await stage.visit();
    await signIn(page, credential);
    const other = await page.context().newPage();
    await other.goto("/console");
    await heading(other, role === "operator" ? "Tenants" : "Tasks").waitFor();

    await other.getByRole("button", { name: "Sign out" }).click();
    await credentialField(other).waitFor();
    await page.getByRole("alert").getByText("You signed out in another tab.").waitFor();
    for (const one of [page, other]) expect(await storage(one)).not.toContain(credential);
  });

  it("is not handed to a new tab after the last tab was closed", async () => {
    const { page } = await stage.visit();
    await signIn(page, await (await stage.tenant()).key());
    const other = await page.context().newPage();
    await page.close();
    await other.goto("/console");
    await credentialField(other).waitFor();
  });

  it("ends when the key is revoked, and another key opens the same view", async () => {
    const tenant = await stage.tenant();
    const key = await tenant.key();
    const { page, expectStatus } = await stage.visit();
    expectStatus(401, "/v1/tasks");
    await signIn(page, key, "tasks?status=ready");
    await page.getByRole("heading", { name: "No task matches" }).waitFor();
    await revokeKey(stage.gateway, key);
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByRole("alert").getByText("This key no longer works").waitFor();
    expect(await storage(page)).not.toContain(key);
    await credentialField(page).fill(await tenant.key());
    await signInButton(page).click();
    await page.getByRole("heading", { name: "No task matches" }).waitFor();
  });
});

it("the first load, signed in, is under 70 KiB gzipped", async () => {
  const { page } = await stage.visit();
  const loaded = new Map<string, number>();
  page.on("response", async (response) => {
    if (!response.ok() || response.url().includes("/v1/")) return;
    loaded.set(new URL(response.url()).pathname, gzipSync(await response.body()).length);
  });
  await signIn(page, await (await stage.tenant()).key());
  await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
  await page.waitForLoadState("networkidle");

  expect([...loaded.keys()].map((path) => path.split(".").at(-1))).toEqual(expect.arrayContaining(["js", "css"]));
  // The plots and the operator's views are loaded when they are shown.
  expect([...loaded.keys()].filter((path) => /plots|operator/.test(path))).toEqual([]);
  const total = [...loaded.values()].reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(10 * 1_024);
  expect(total).toBeLessThan(70 * 1_024);
});
