// Signing in to the console with an API key or the operator's token, the views that a key's scopes and mode allow, and the storage of the
// credential.

import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { KEY_ENTROPY_BYTES, mintKey } from "../../src/tenants/keys.ts";
import { ADMIN_TOKEN } from "../e2e/support.ts";
import {
  credentialField,
  paste,
  revokeKey,
  sessionStorageOf,
  signIn,
  submitTask,
  viewHeading,
} from "./support/console.ts";
import { browserStage } from "./support/stage.ts";
import { watchTraffic } from "./support/traffic.ts";

const stage = browserStage();

const views = (page: Page) => page.getByRole("navigation", { name: "Console" }).getByRole("link").allTextContents();

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

describe("signing in with an API key", () => {
  it("opens the first view, and shows the tenant, the name and the mode of the key", async () => {
    const { page, tenant } = await stage.enter();
    await viewHeading(page, "Tasks").waitFor();
    await expect.poll(() => page.title()).toBe("Tasks · Solvegate console");
    expect(await views(page)).toEqual(["Tasks", "Overview", "Try it", "Webhook", "Keys", "Account"]);
    const banner = page.getByRole("banner");
    await banner.getByText(tenant.id).waitFor();
    await banner.getByText("test key").waitFor();
    await banner.getByText("Test mode", { exact: true }).waitFor();
  });

  it("accepts a key with spaces and a line break inside, and opens the view that the URL names", async () => {
    const key = await (await stage.tenant()).key();
    const { page } = await stage.visit();
    await page.goto("/console#/webhook");
    await credentialField(page).focus();
    await paste(page, ` Bearer ${key.slice(0, 30)}\n${key.slice(30)} \r\n`);
    await page.keyboard.press("Enter");
    await viewHeading(page, "Webhook").waitFor();
  });
});

describe("signing in with the operator's token", () => {
  it("opens the operator's views", async () => {
    const { page } = await stage.visit();
    await signIn(page, ADMIN_TOKEN);
    await viewHeading(page, "Tenants").waitFor();
    expect(await views(page)).toEqual(["Tenants", "Upstream", "Usage"]);
    await page.getByRole("banner").getByText("Operator").waitFor();
  });

  it("does not open a tenant's view that the URL names", async () => {
    const { page } = await stage.visit();
    await signIn(page, ADMIN_TOKEN, "keys");
    await page.getByRole("heading", { name: "This page does not exist" }).waitFor();
    await page.getByRole("link", { name: "Go to the first view" }).click();
    await viewHeading(page, "Tenants").waitFor();
  });
});

describe("a credential that the console rejects", () => {
  it.each([
    ["nothing", "", "Paste an API key"],
    ["a key without its last characters", unknownKey().slice(0, -3), "incomplete or mistyped"],
    ["a sentence", "please let me in", "neither an API key nor an operator token"],
  ])("is explained without a request when the field contains %s", async (_what, text, sentence) => {
    const { page } = await openForm();
    const traffic = watchTraffic(page, "/");
    await credentialField(page).fill(text);
    await signInButton(page).click();
    await page.getByRole("alert").getByText(sentence).waitFor();
    expect(await credentialField(page).inputValue()).toBe(text);
    expect(await credentialField(page).getAttribute("aria-invalid")).toBe("true");
    expect(traffic.calls).toEqual([]);
  });

  it("is explained and stays in the field when the gateway rejects it", async () => {
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

  it("is not called wrong when the gateway fails or cannot be reached, and works at the next attempt", async () => {
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
    await viewHeading(page, "Tasks").waitFor();
  });
});

describe("a key with limited scopes", () => {
  it.each([
    { scopes: ["tasks:read"], shown: ["Tasks", "Account"] },
    { scopes: ["tasks:write"], shown: ["Try it", "Account"] },
    { scopes: ["account:read"], shown: ["Overview", "Webhook", "Keys", "Account"] },
    { scopes: ["account:write"], shown: ["Webhook", "Keys", "Account"] },
  ])("opens the views $shown with the scopes $scopes", async ({ scopes, shown }) => {
    const { page } = await stage.enter(undefined, { scopes });
    await viewHeading(page, shown[0] ?? "").waitFor();
    expect(await views(page)).toEqual(shown);
  });

  it("explains at the URL of a view that is not offered which scope it needs", async () => {
    const { page } = await stage.enter("keys", { scopes: ["tasks:read"] });
    await page.getByRole("heading", { name: "This key may not open this view" }).waitFor();
    expect(await page.getByRole("main").textContent()).toContain("account:read or account:write");
  });

  it("offers no button that changes anything when it may only read", async () => {
    const tenant = await stage.tenant();
    const { id } = await submitTask(stage.gateway, await tenant.key(), "sandbox-never", { timeoutSeconds: 300 });
    const { page } = await stage.visit();
    await signIn(page, await tenant.key({ scopes: ["tasks:read", "account:read"] }), `tasks/${id}`);
    const buttons = () => page.getByRole("main").getByRole("button").allTextContents();
    await page.getByRole("table").first().waitFor();
    await expect.poll(async () => (await buttons()).filter((text) => !text.startsWith("Copy"))).toEqual([]);

    await page.goto("/console#/webhook");
    await page.getByText("No endpoint is set.").waitFor();
    await expect.poll(buttons).toEqual(["Failed", "Pending", "Delivered"]);

    await page.goto("/console#/keys");
    await page.getByRole("table").waitFor();
    await expect.poll(async () => (await buttons()).filter((text) => text !== "Copy")).toEqual([]);
  });

  it("shows no test tasks and offers no task that costs money when it is a live key", async () => {
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

describe("the console's session", () => {
  it("is kept only in sessionStorage, survives a reload, and ends when the user signs out", async () => {
    const key = await (await stage.tenant()).key();
    const { page } = await stage.visit();
    const urls: string[] = [];
    page.on("request", (request) => urls.push(request.url()));
    page.on("framenavigated", (frame) => urls.push(frame.url()));
    await signIn(page, key);
    for (const name of ["Overview", "Try it", "Webhook", "Keys"]) {
      await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name }).click();
      await viewHeading(page, name).waitFor();
    }
    expect(urls.join("\n")).not.toContain(key);
    const elsewhere = "JSON.stringify([{ ...localStorage }, document.cookie, location.href, history.state, name])";
    expect(await page.evaluate<string>(elsewhere)).not.toContain(key);
    expect(await sessionStorageOf(page)).toContain(key);
    expect(await page.context().cookies()).toEqual([]);

    await page.reload();
    await viewHeading(page, "Keys").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await credentialField(page).waitFor();
    expect(await sessionStorageOf(page)).not.toContain(key);
    await page.reload();
    await credentialField(page).waitFor();
  });

  it.each(["tenant", "operator"] as const)("of a %s continues in a new tab and ends in all tabs", async (role) => {
    const credential = role === "operator" ? ADMIN_TOKEN : await (await stage.tenant()).key();
    const { page } = await stage.visit();
    await signIn(page, credential);
    const other = await page.context().newPage();
    await other.goto("/console");
    await viewHeading(other, role === "operator" ? "Tenants" : "Tasks").waitFor();

    await other.getByRole("button", { name: "Sign out" }).click();
    await credentialField(other).waitFor();
    await page.getByRole("alert").getByText("You signed out in another tab.").waitFor();
    for (const one of [page, other]) expect(await sessionStorageOf(one)).not.toContain(credential);
  });

  it("does not continue in a new tab after the last tab was closed", async () => {
    const { page } = await stage.enter();
    const other = await page.context().newPage();
    await page.close();
    await other.goto("/console");
    await credentialField(other).waitFor();
  });

  it("ends when the key is revoked, and continues in the same view with another key", async () => {
    const tenant = await stage.tenant();
    const key = await tenant.key();
    const { page, expectStatus } = await stage.visit();
    expectStatus(401, "/v1/tasks");
    // The gateway closes the event stream too, and the client may reconnect before the session ends.
    expectStatus(401, "/v1/stream");
    await signIn(page, key, "tasks?status=ready");
    await page.getByRole("heading", { name: "No task matches" }).waitFor();
    await revokeKey(stage.gateway, key);
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByRole("alert").getByText("This key no longer works").waitFor();
    expect(await sessionStorageOf(page)).not.toContain(key);
    await credentialField(page).fill(await tenant.key());
    await signInButton(page).click();
    await page.getByRole("heading", { name: "No task matches" }).waitFor();
  });
});

it("the console's first load after signing in is under 70 KiB gzipped", async () => {
  const { page } = await stage.visit();
  const sizes: Promise<[path: string, size: number]>[] = [];
  page.on("response", (response) => {
    if (!response.ok() || response.url().includes("/v1/")) return;
    const { pathname } = new URL(response.url());
    sizes.push(response.body().then((body) => [pathname, gzipSync(body).length]));
  });
  await signIn(page, await (await stage.tenant()).key());
  await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
  await page.waitForLoadState("networkidle");
  const loaded = new Map(await Promise.all(sizes));

  expect([...loaded.keys()].map((path) => path.split(".").at(-1))).toEqual(expect.arrayContaining(["js", "css"]));
  // The plots and the operator's views are loaded when they are shown.
  expect([...loaded.keys()].filter((path) => /plots|operator/.test(path))).toEqual([]);
  const total = [...loaded.values()].reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(10 * 1_024);
  expect(total).toBeLessThan(70 * 1_024);
});
