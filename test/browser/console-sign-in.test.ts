// The console's door: which keys open it, what is said to those that do not, what a key's scopes and mode show, and where the key is
// kept.

import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { KEY_ENTROPY_BYTES, mintKey } from "../../src/tenants/keys.ts";
import { paste, revokeKey, signIn, submitTask } from "./support/console.ts";
import { browserStage } from "./support/stage.ts";
import { watchTraffic } from "./support/traffic.ts";

const stage = browserStage();

const field = (page: Page) => page.getByLabel("API key", { exact: true });
const views = (page: Page) => page.getByRole("navigation", { name: "Console" }).getByRole("link").allTextContents();
const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });

/** A sound key that the gateway has never made. */
const unknownKey = () => mintKey("test", "acme", crypto.getRandomValues(new Uint8Array(KEY_ENTROPY_BYTES)));

/** The door, before anything is typed. */
async function openDoor() {
  const visit = await stage.visit();
  await visit.page.goto("/console");
  await field(visit.page).waitFor();
  return visit;
}

describe("a key that opens the console", () => {
  it("shows its first view, whose it is, and its mode", async () => {
    const tenant = await stage.tenant();
    const { page } = await stage.visit();
    await signIn(page, await tenant.key());
    await heading(page, "Tasks").waitFor();
    expect(await page.title()).toBe("Tasks · Solvegate console");
    expect(await views(page)).toEqual(["Tasks", "Overview", "Try it", "Webhook", "Keys"]);
    const side = page.getByRole("banner");
    await side.getByText(tenant.id).waitFor();
    await side.getByText("test key").waitFor();
    await side.getByText("Test", { exact: true }).waitFor();
  });

  it.each([
    ["blanks and line breaks around it", (key: string) => ` \n\t${key} \r\n`],
    ["a line break inside, as terminals make them", (key: string) => `${key.slice(0, 30)}\n${key.slice(30)}`],
    ["the word Bearer before it", (key: string) => `Bearer ${key}`],
  ])("is taken with %s", async (_what, written) => {
    const key = await (await stage.tenant()).key();
    const { page } = await openDoor();
    await field(page).focus();
    await paste(page, written(key));
    await page.keyboard.press("Enter");
    await heading(page, "Tasks").waitFor();
  });

  it("leads to the place that the address names", async () => {
    const { page } = await stage.visit();
    await signIn(page, await (await stage.tenant()).key(), "webhook");
    await heading(page, "Webhook").waitFor();
  });
});

describe("a key that does not open the console", () => {
  it.each([
    ["nothing at all", "", "Paste your key here"],
    ["only blanks", "   ", "Paste your key here"],
    ["another service's key", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "This is not a Solvegate key"],
    ["a key that lost its end", unknownKey().slice(0, -3), "This key is not whole"],
    ["a key with a mistyped character", `${unknownKey().slice(0, -1)}-`, "This key is not whole"],
  ])("%s gets a sentence without a call, and stays in the field", async (_what, text, sentence) => {
    const { page } = await openDoor();
    const traffic = watchTraffic(page);
    await field(page).fill(text);
    await page.getByRole("button", { name: "Sign in" }).click();
    expect(await page.getByRole("alert").textContent()).toContain(sentence);
    expect(await field(page).inputValue()).toBe(text);
    expect(await field(page).getAttribute("aria-invalid")).toBe("true");
    expect(traffic.calls).toEqual([]);
  });

  it.each([
    ["one that the gateway has never made", async () => unknownKey()],
    [
      "one that was revoked",
      async () => {
        const key = await (await stage.tenant()).key();
        await revokeKey(stage.gateway, key);
        return key;
      },
    ],
  ])("%s gets a sentence, and stays in the field", async (_what, make) => {
    const key = await make();
    const { page, expectStatus } = await openDoor();
    expectStatus(401, "/v1/keys/current");
    await field(page).fill(key);
    await page.getByRole("button", { name: "Sign in" }).click();
    const alert = page.getByRole("alert");
    await alert.getByText("The gateway does not take this key").waitFor();
    expect(await alert.textContent()).toContain("Use another key");
    expect(await field(page).inputValue()).toBe(key);
    expect(await page.evaluate<number>("sessionStorage.length")).toBe(0);
  });

  it("a gateway that answers 500, or nothing, is told from a bad key, and the second try works", async () => {
    const key = await (await stage.tenant()).key();
    const { page, expectStatus, expectOutage } = await openDoor();
    expectStatus(500, "/v1/keys/current");
    expectOutage();
    const button = page.getByRole("button", { name: "Sign in" });
    await field(page).fill(key);

    await page.route("**/v1/keys/current", (route) => route.fulfill({ status: 500, body: "worker threw" }));
    await button.click();
    await page.getByRole("alert").getByText("The gateway failed to answer as it should.").waitFor();
    expect(await field(page).inputValue()).toBe(key);

    await page.unroute("**/v1/keys/current");
    await page.context().setOffline(true);
    await button.click();
    await page.getByRole("alert").getByText("The gateway does not answer.").waitFor();
    expect(await field(page).inputValue()).toBe(key);

    await page.context().setOffline(false);
    await button.click();
    await heading(page, "Tasks").waitFor();
  });
});

describe("what a key does not allow is not offered", () => {
  it.each([
    { scopes: ["tasks:read"], shown: ["Tasks"], first: "Tasks" },
    { scopes: ["tasks:write"], shown: ["Try it"], first: "Try it" },
    { scopes: ["account:read"], shown: ["Overview", "Webhook", "Keys"], first: "Overview" },
    { scopes: ["account:write"], shown: ["Webhook", "Keys"], first: "Webhook" },
    { scopes: ["tasks:read", "tasks:write"], shown: ["Tasks", "Try it"], first: "Tasks" },
  ])("$scopes opens $shown", async ({ scopes, shown, first }) => {
    const { page } = await stage.visit();
    await signIn(page, await (await stage.tenant()).key({ scopes }));
    await heading(page, first).waitFor();
    expect(await views(page)).toEqual(shown);
  });

  it("a closed view's address says which scope it needs", async () => {
    const { page } = await stage.visit();
    await signIn(page, await (await stage.tenant()).key({ scopes: ["tasks:read"] }), "keys");
    await page.getByRole("heading", { name: "This key does not open this view" }).waitFor();
    expect(await page.getByRole("main").textContent()).toContain("account:read or account:write");
  });

  it("a key that only reads has nothing to press but to look", async () => {
    const tenant = await stage.tenant();
    const { id } = await submitTask(stage.gateway, await tenant.key(), "sandbox-never", { timeoutSeconds: 300 });
    const { page } = await stage.visit();
    await signIn(page, await tenant.key({ scopes: ["tasks:read", "account:read"] }), `tasks/${id}`);
    const buttons = page.getByRole("main").getByRole("button");
    await page.getByRole("table").waitFor();
    expect((await buttons.allTextContents()).filter((text) => text !== "Copy")).toEqual([]);

    await page.goto("/console#/webhook");
    await page.getByText("None is set.").waitFor();
    expect(await buttons.count()).toBe(0);

    await page.goto("/console#/keys");
    await page.getByRole("table").waitFor();
    expect((await buttons.allTextContents()).filter((text) => text !== "Copy")).toEqual([]);
  });

  it("a live key does not see test tasks, and is not offered a trial that would cost money", async () => {
    const tenant = await stage.tenant();
    await submitTask(stage.gateway, await tenant.key(), "sandbox-instant");
    const { page } = await stage.visit();
    await signIn(page, await tenant.key({ mode: "live" }));
    await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
    await page.getByRole("banner").getByText("Live", { exact: true }).waitFor();

    await page.getByRole("link", { name: "Try it" }).click();
    await page.getByRole("heading", { name: "This needs a test key" }).waitFor();
    expect(await page.getByRole("textbox").count()).toBe(0);
    await page.getByRole("button", { name: "Use a test key" }).click();
    await page.getByRole("alert").getByText("Sign in with a test key").waitFor();
  });
});

describe("where the key is kept", () => {
  it("in the tab's session alone: no other store, no address, no other tab; and nothing of it after signing out", async () => {
    const key = await (await stage.tenant()).key();
    const { page } = await stage.visit();
    const addresses: string[] = [];
    page.on("request", (request) => addresses.push(request.url()));
    page.on("framenavigated", (frame) => addresses.push(frame.url()));
    await signIn(page, key);
    for (const name of ["Overview", "Try it", "Webhook", "Keys"]) {
      await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name }).click();
      await heading(page, name).waitFor();
    }
    expect(addresses.join("\n")).not.toContain(key);
    const elsewhere = "JSON.stringify([{ ...localStorage }, document.cookie, location.href, history.state, name])";
    expect(await page.evaluate<string>(elsewhere)).not.toContain(key);
    expect(await page.evaluate<string>("JSON.stringify({ ...sessionStorage })")).toContain(key);
    expect(await page.context().cookies()).toEqual([]);

    const other = await page.context().newPage();
    await other.goto("/console");
    await field(other).waitFor();
    await other.close();

    await page.reload();
    await heading(page, "Keys").waitFor();

    await page.getByRole("button", { name: "Sign out" }).click();
    await field(page).waitFor();
    expect(await page.evaluate<string>("JSON.stringify({ ...sessionStorage })")).not.toContain(key);
    await page.reload();
    await field(page).waitFor();
    await page.goBack();
    await field(page).waitFor();
  });
});

it("the first load, signed in, is under 60 KiB gzipped", async () => {
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
  // The plots come with the overview.
  expect([...loaded.keys()].filter((path) => path.includes("plots"))).toEqual([]);
  const total = [...loaded.values()].reduce((sum, size) => sum + size, 0);
  expect(total).toBeGreaterThan(10 * 1_024);
  expect(total).toBeLessThan(60 * 1_024);
});
