// The operator's views: tenants, a tenant's page, the upstream accounts and the usage of all tenants.

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ADMIN_TOKEN, ask, askAdmin, awaitTask } from "../e2e/support.ts";
import {
  button,
  dialog,
  dialogButton,
  rows,
  showRefusedAccount,
  signIn,
  submitTask,
  viewHeading,
} from "./support/console.ts";
import { browserStage } from "./support/stage.ts";

// These views show all tenants, so this file has its own gateway.
const stage = browserStage({});

const tab = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Tenant" }).getByRole("link", { name, exact: true });

async function enter(route?: string) {
  const visit = await stage.visit();
  await signIn(visit.page, ADMIN_TOKEN, route);
  return visit;
}

/** The tenant as the API shows it. */
async function tenantOf(id: string) {
  return (await askAdmin(stage.gateway, "GET", `/admin/tenants/${id}`)) as { status: number; body: unknown };
}

/** A tenant with one test task that is ready in its ledger too. */
async function tenantWithReadyTask() {
  const tenant = await stage.tenant();
  const key = await tenant.key();
  const { id } = await submitTask(stage.gateway, key, "sandbox-instant");
  await awaitTask(stage.gateway, key, id);
  const usage = async () => (await ask(stage.gateway, "GET", "/v1/usage", { token: key })).body;
  await expect.poll(usage).toMatchObject({ days: expect.arrayContaining([expect.objectContaining({ ready: 1 })]) });
  return { tenant, task: id };
}

describe("the operator's view of tenants", () => {
  it("creates a tenant and its first key, and shows an error beside its field", async () => {
    const { page, expectStatus } = await enter();
    expectStatus(400, "/admin/tenants");
    await button(page, "Create tenant").click();
    await dialog(page).getByLabel("Id").fill("New Tenant");
    await dialog(page).getByLabel("Name").fill("New tenant");
    await dialog(page).getByLabel("Allowed websites").fill("antcpt.com\n*.shop.example");
    await dialog(page).getByLabel("Live tasks a month").fill("500");
    await dialogButton(page, "Create tenant").click();
    await expect.poll(() => dialog(page).getByLabel("Id").getAttribute("aria-invalid")).toBe("true");
    await dialog(page).getByLabel("Id").fill("new-tenant");
    await dialogButton(page, "Create tenant").click();

    const secret = dialog(page).getByRole("textbox", { name: "Test signing secret" });
    await secret.waitFor();
    expect(await secret.inputValue()).toMatch(/^whsec_/);
    expect((await tenantOf("new-tenant")).body).toMatchObject({
      name: "New tenant",
      allowedHosts: ["antcpt.com", "*.shop.example"],
      limits: { monthlyTasks: 500 },
    });

    await dialogButton(page, "Create its first key").click();
    await button(page, "Create key").click();
    await dialog(page).getByRole("button", { name: "Live" }).click();
    await dialog(page).getByRole("textbox", { name: "Name" }).fill("Production");
    await dialogButton(page, "Create key").click();
    const key = await dialog(page).getByRole("textbox", { name: "API key" }).inputValue();
    expect(key).toMatch(/^sg_live_new-tenant_/);
    await dialogButton(page, "I have stored it").click();
    await page.getByRole("row").filter({ hasText: "Production" }).getByText("Live mode").waitFor();
    expect((await ask(stage.gateway, "GET", "/v1/keys/current", { token: key })).status).toBe(200);
  });

  it("sends only the settings that were edited", async () => {
    const { id } = await stage.tenant();
    const { page } = await enter();
    await page.getByRole("row").filter({ hasText: id }).getByRole("link").click();
    await viewHeading(page, id).waitFor();
    expect(await button(page, "Save settings").isDisabled()).toBe(true);
    // Another operator changes the name meanwhile.
    await askAdmin(stage.gateway, "PATCH", `/admin/tenants/${id}`, { name: "Renamed" });
    await page.getByLabel("Allowed websites").fill("antcpt.com\nshop.example");
    // A text that is not a number must not remove the quota.
    const quota = page.getByLabel("Live tasks a month");
    await quota.fill("many");
    await expect.poll(() => quota.getAttribute("aria-invalid")).toBe("true");
    expect(await button(page, "Save settings").isDisabled()).toBe(true);
    await quota.fill("");
    await page.getByLabel("Tasks in flight").fill("7");
    await button(page, "Save settings").click();
    await page.getByRole("status").getByText("The settings were saved.").waitFor();
    await viewHeading(page, "Renamed").waitFor();
    expect((await tenantOf(id)).body).toMatchObject({
      name: "Renamed",
      allowedHosts: ["antcpt.com", "shop.example"],
      limits: { maxInFlight: 7, monthlyTasks: null },
    });
  });

  it("suspends a tenant after its id was typed, and resumes it", async () => {
    const { id } = await stage.tenant();
    const { page } = await enter(`tenants/${id}`);
    await button(page, "Suspend").click();
    expect(await dialogButton(page, "Suspend").isDisabled()).toBe(true);
    await dialog(page).getByRole("textbox").fill(id);
    await dialogButton(page, "Suspend").click();
    await page.getByText("Suspended", { exact: true }).waitFor();
    expect((await tenantOf(id)).body).toMatchObject({ suspended: true });
    await button(page, "Resume").click();
    await page.getByText("Active", { exact: true }).waitFor();
    expect((await tenantOf(id)).body).toMatchObject({ suspended: false });
  });

  it("deletes a tenant only after its id was typed", async () => {
    const { id } = await stage.tenant();
    const { page } = await enter(`tenants/${id}`);
    await button(page, "Delete").click();
    await dialog(page).getByRole("textbox").fill("another-id");
    expect(await dialogButton(page, "Delete tenant").isDisabled()).toBe(true);
    await dialog(page).getByRole("textbox").press("Enter");
    expect((await tenantOf(id)).status).toBe(200);
    await dialog(page).getByRole("textbox").fill(id);
    await dialogButton(page, "Delete tenant").click();
    await viewHeading(page, "Tenants").waitFor();
    await page.getByRole("row").filter({ hasText: id }).waitFor({ state: "detached" });
    expect((await tenantOf(id)).status).toBe(404);
  });

  it("explains that a tenant does not exist", async () => {
    const { page, expectStatus } = await stage.visit();
    expectStatus(404, "/admin/tenants/no-such-tenant");
    await signIn(page, ADMIN_TOKEN, "tenants/no-such-tenant");
    await page.getByRole("heading", { name: "There is no such tenant" }).waitFor();
  });
});

describe("the operator's page of a tenant", () => {
  it("shows the tenant's tasks, usage and audit log by mode", async () => {
    const { tenant, task } = await tenantWithReadyTask();
    const { page } = await enter(`tenants/${tenant.id}`);
    await tab(page, "Tasks").click();
    await page.getByRole("heading", { name: "No live tasks" }).waitFor();
    await button(page, "Test").click();
    await page.locator(`[title="${task}"]`).waitFor();
    // The operator may not see solutions, so there is no page of a task.
    expect(await page.getByRole("table").getByRole("link").count()).toBe(0);

    await tab(page, "Usage").click();
    await button(page, "Test").click();
    await page.locator(".figure").filter({ hasText: "Tasks" }).getByText("1", { exact: true }).waitFor();

    await tab(page, "Audit log").click();
    await page.getByRole("row").filter({ hasText: "Key created" }).getByText("Operator").waitFor();
    await page.getByRole("row").filter({ hasText: "Tenant created" }).waitFor();
  });
});

describe("the operator's view of upstream accounts", () => {
  it("shows the state and the URL of each account", async () => {
    const { page } = await enter("upstream");
    const account = page.getByRole("listitem").filter({ has: page.getByRole("heading") });
    await account.getByText("Working", { exact: true }).waitFor();
    await account.getByText(stage.upstreamUrl).waitFor();
  });

  it("explains which accounts the upstream refuses and why", async () => {
    const { page } = await stage.visit();
    await showRefusedAccount(page);
    await signIn(page, ADMIN_TOKEN, "upstream");
    await page.getByText("1 of 2 accounts is refused by the upstream.").waitFor();
    const first = page.getByRole("listitem").filter({ hasText: "primary" });
    await first.getByText("ERROR_ZERO_BALANCE").waitFor();
    await first.getByText("Refused", { exact: true }).waitFor();
  });

  it("lists the last changes of state, newest first, and also that there was none", async () => {
    const { page } = await enter("upstream");
    await page.getByText("No account was refused yet.").waitFor();
    await showRefusedAccount(page);
    await page.reload();
    await rows(page).first().waitFor();
    const texts = await rows(page).allTextContents();
    expect(texts.map((text) => /(primary|reserve)(Refused|Working)(ERROR_\w+)?/.exec(text)?.[0])).toEqual([
      "primaryRefusedERROR_ZERO_BALANCE",
      "reserveWorking",
      "reserveRefusedERROR_IP_BLOCKED",
    ]);
  });
});

describe("the operator's view of usage", () => {
  it("plots and lists the usage of all tenants for a mode and a number of days", async () => {
    const { tenant } = await tenantWithReadyTask();
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
    await expect.poll(() => row.getByRole("cell").allTextContents()).toEqual(expect.arrayContaining(["1", "100 %"]));
    await button(page, "7 days").click();
    await row.getByRole("link").click();
    await viewHeading(page, tenant.id).waitFor();
    expect(await tab(page, "Usage").getAttribute("aria-current")).toBe("page");
  });
});
