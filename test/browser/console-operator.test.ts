// The operator's views: tenants, a tenant's page, the upstream accounts and the usage of all tenants.

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ADMIN_TOKEN, ask, askAdmin, awaitTask } from "../e2e/support.ts";
import { signIn, submitTask } from "./support/console.ts";
import { browserStage } from "./support/stage.ts";

// A gateway of its own: these views show all tenants.
const stage = browserStage({});

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const dialog = (page: Page) => page.getByRole("dialog");
const inDialog = (page: Page, name: string) => dialog(page).getByRole("button", { name, exact: true });
const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name });
const tab = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Tenant" }).getByRole("link", { name, exact: true });

async function enter(route?: string) {
  const visit = await stage.visit();
  await signIn(visit.page, ADMIN_TOKEN, route);
  return visit;
}

/** What the API says of a tenant. */
async function tenantOf(id: string) {
  return (await askAdmin(stage.gateway, "GET", `/admin/tenants/${id}`)) as { status: number; body: unknown };
}

describe("tenants", () => {
  it("are created, with an error beside its field, and lead to the first key", async () => {
    const { page, expectStatus } = await enter();
    expectStatus(400, "/admin/tenants");
    await button(page, "Create tenant").click();
    await dialog(page).getByLabel("Id").fill("New Tenant");
    await dialog(page).getByLabel("Name").fill("New tenant");
    await dialog(page).getByLabel("Allowed websites").fill("antcpt.com\n*.shop.example");
    await dialog(page).getByLabel("Live tasks a month").fill("500");
    await inDialog(page, "Create tenant").click();
    await expect.poll(() => dialog(page).getByLabel("Id").getAttribute("aria-invalid")).toBe("true");
    await dialog(page).getByLabel("Id").fill("new-tenant");
    await inDialog(page, "Create tenant").click();

    const secret = dialog(page).getByRole("textbox", { name: "Test signing secret" });
    await secret.waitFor();
    expect(await secret.inputValue()).toMatch(/^whsec_/);
    expect((await tenantOf("new-tenant")).body).toMatchObject({
      name: "New tenant",
      allowedHosts: ["antcpt.com", "*.shop.example"],
      limits: { monthlyTasks: 500 },
    });

    await inDialog(page, "Create its first key").click();
    await button(page, "Create key").click();
    await dialog(page).getByRole("button", { name: "Live" }).click();
    await dialog(page).getByRole("textbox", { name: "Name" }).fill("Production");
    await inDialog(page, "Create key").click();
    const key = await dialog(page).getByRole("textbox", { name: "API key" }).inputValue();
    expect(key).toMatch(/^sg_live_new-tenant_/);
    await inDialog(page, "I have stored it").click();
    await page.getByRole("row").filter({ hasText: "Production" }).getByText("Live mode").waitFor();
    expect((await ask(stage.gateway, "GET", "/v1/keys/current", { token: key })).status).toBe(200);
  });

  it("are listed, and changed in their settings: only what was edited is sent", async () => {
    const { id } = await stage.tenant();
    const { page } = await enter();
    await page.getByRole("row").filter({ hasText: id }).getByRole("link").click();
    await heading(page, id).waitFor();
    expect(await button(page, "Save settings").isDisabled()).toBe(true);
    // Someone else changes the name meanwhile.
    await askAdmin(stage.gateway, "PATCH", `/admin/tenants/${id}`, { name: "Renamed" });
    await page.getByLabel("Allowed websites").fill("antcpt.com\nshop.example");
    // A text that is not a number must not remove the quota.
    await page.getByLabel("Live tasks a month").fill("many");
    expect(await page.getByLabel("Live tasks a month").getAttribute("aria-invalid")).toBe("true");
    expect(await button(page, "Save settings").isDisabled()).toBe(true);
    await page.getByLabel("Live tasks a month").fill("");
    await page.getByLabel("Tasks in flight").fill("7");
    await button(page, "Save settings").click();
    await heading(page, "Renamed").waitFor();
    expect((await tenantOf(id)).body).toMatchObject({
      name: "Renamed",
      allowedHosts: ["antcpt.com", "shop.example"],
      limits: { maxInFlight: 7, monthlyTasks: null },
    });
  });

  it("are suspended after their id was typed, and resumed", async () => {
    const { id } = await stage.tenant();
    const { page } = await enter(`tenants/${id}`);
    await button(page, "Suspend").click();
    expect(await inDialog(page, "Suspend").isDisabled()).toBe(true);
    await dialog(page).getByRole("textbox").fill(id);
    await inDialog(page, "Suspend").click();
    await page.getByText("Suspended", { exact: true }).waitFor();
    expect((await tenantOf(id)).body).toMatchObject({ suspended: true });
    await button(page, "Resume").click();
    await page.getByText("Active", { exact: true }).waitFor();
    expect((await tenantOf(id)).body).toMatchObject({ suspended: false });
  });

  it("are deleted only after their id was typed", async () => {
    const { id } = await stage.tenant();
    const { page } = await enter(`tenants/${id}`);
    await button(page, "Delete").click();
    await dialog(page).getByRole("textbox").fill("another-id");
    expect(await inDialog(page, "Delete tenant").isDisabled()).toBe(true);
    await dialog(page).getByRole("textbox").press("Enter");
    expect((await tenantOf(id)).status).toBe(200);
    await dialog(page).getByRole("textbox").fill(id);
    await inDialog(page, "Delete tenant").click();
    await heading(page, "Tenants").waitFor();
    await page.getByRole("row").filter({ hasText: id }).waitFor({ state: "detached" });
    expect((await tenantOf(id)).status).toBe(404);
  });

  it("that do not exist are explained", async () => {
    const { page, expectStatus } = await stage.visit();
    // Before the page asks for the tenant, or its message may come first.
    expectStatus(404, "/admin/tenants/no-such-tenant");
    await signIn(page, ADMIN_TOKEN, "tenants/no-such-tenant");
    await page.getByRole("heading", { name: "There is no such tenant" }).waitFor();
  });
});

describe("a tenant's page", () => {
  it("shows its tasks, usage and audit log, by mode", async () => {
    const tenant = await stage.tenant();
    const key = await tenant.key();
    const { id: task } = await submitTask(stage.gateway, key, "sandbox-instant");
    await awaitTask(stage.gateway, key, task);
    const { page } = await enter(`tenants/${tenant.id}`);
    await tab(page, "Tasks").click();
    await page.getByRole("heading", { name: "No live tasks" }).waitFor();
    await button(page, "Test").click();
    await page.locator(`[title="${task}"]`).waitFor();
    // There is no page of a task for the operator, who may not see solutions.
    expect(await page.getByRole("table").getByRole("link").count()).toBe(0);

    await tab(page, "Usage").click();
    await button(page, "Test").click();
    await page.locator(".figure").filter({ hasText: "Tasks" }).getByText("1", { exact: true }).waitFor();

    await tab(page, "Audit log").click();
    await page.getByRole("row").filter({ hasText: "Key created" }).getByText("Operator").waitFor();
    await page.getByRole("row").filter({ hasText: "Tenant created" }).waitFor();
  });
});

describe("the upstream accounts", () => {
  it("are shown in order, with the state of each", async () => {
    const { page } = await enter("upstream");
    const account = page.getByRole("listitem").filter({ has: page.getByRole("heading") });
    await account.getByText("Working", { exact: true }).waitFor();
    await account.getByText(stage.upstreamUrl).waitFor();
  });

  it("that are refused are explained", async () => {
    const visit = await stage.visit();
    const { page } = visit;
    const time = new Date().toISOString();
    const refused = { state: "refused", code: "ERROR_ZERO_BALANCE", since: time, nextProbeAt: time };
    const common = { url: "https://upstream.example", lastSuccessAt: null, tasksLastHour: 12 };
    await page.route("**/admin/upstream", (route) =>
      route.fulfill({
        json: {
          accounts: [
            { name: "primary", ...common, ...refused },
            { name: "reserve", ...common, state: "ok", code: null, since: null, nextProbeAt: null },
          ],
        },
      }),
    );
    await signIn(page, ADMIN_TOKEN, "upstream");
    await page.getByText("1 of 2 accounts is refused by the upstream.").waitFor();
    const first = page.getByRole("listitem").filter({ hasText: "primary" });
    await first.getByText("ERROR_ZERO_BALANCE").waitFor();
    await first.getByText("Refused", { exact: true }).waitFor();
  });
});

describe("the usage of all tenants", () => {
  it("is plotted and listed by tenant, for a mode and a number of days", async () => {
    const tenant = await stage.tenant();
    const key = await tenant.key();
    const { id } = await submitTask(stage.gateway, key, "sandbox-instant");
    await awaitTask(stage.gateway, key, id);
    const { page } = await enter("usage");
    await page.getByRole("heading", { name: "No live tasks in the last 30 days" }).waitFor();
    await button(page, "Test").click();
    await page
      .getByRole("img", { name: /^Tasks per day/ })
      .locator("canvas")
      .waitFor();
    const row = page
      .getByRole("table", { name: /Usage by tenant/ })
      .getByRole("row")
      .filter({ hasText: tenant.id });
    expect(await row.getByRole("cell").allTextContents()).toEqual(expect.arrayContaining(["1", "100 %"]));
    await button(page, "7 days").click();
    await row.getByRole("link").click();
    await heading(page, tenant.id).waitFor();
    expect(await tab(page, "Usage").getAttribute("aria-current")).toBe("page");
  });
});
