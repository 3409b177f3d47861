// The console's list of tasks: its order, search and filters, and the pages of tasks that it leads to.

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ask, awaitTask } from "../e2e/support.ts";
import { rows, signIn, submitTask, viewHeading } from "./support/console.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage();

const search = (page: Page) => page.getByRole("searchbox", { name: "Task id or reference" });
const filter = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Filter by status" }).getByRole("link", { name });
const hash = (page: Page) => new URL(page.url()).hash;

describe("the list of tasks", () => {
  it("shows the newest task first, and a new task and its changes without a reload", async () => {
    const { page, key } = await stage.enter();
    await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
    await page.evaluate("globalThis.notReloaded = true");
    // The event of the second task makes the list load while the first one is still running.
    const first = await submitTask(stage.gateway, key, "sandbox-delay-6000");
    const second = await submitTask(stage.gateway, key, "sandbox-instant");
    await rows(page).nth(1).waitFor();
    const ids = await rows(page)
      .getByRole("link")
      .evaluateAll((links) => links.map((link) => link.getAttribute("title")));
    expect(ids).toEqual([second.id, first.id]);

    await rows(page).nth(1).getByText("Ready", { exact: true }).waitFor();
    // The tenant's list has the solve time a moment after the task is ready.
    await expect.poll(() => rows(page).nth(1).textContent()).toMatch(/antcpt\.comSolved in \d+\.\d+ s/);
    expect(await page.evaluate("globalThis.notReloaded")).toBe(true);
    // For screen readers.
    await page.getByRole("status").getByText("A task is ready.").waitFor();
  });

  it("explains when it is empty how to create a task, as far as the key allows", async () => {
    const { page, tenant } = await stage.enter("tasks?status=queued");
    const main = page.getByRole("main");
    await page.getByRole("heading", { name: "No task matches" }).waitFor();
    await main.getByRole("link", { name: "Show all tasks" }).click();
    await main.getByRole("link", { name: "Create a test task" }).click();
    await viewHeading(page, "Try it").waitFor();

    const reader = await stage.visit();
    await signIn(reader.page, await tenant.key({ scopes: ["tasks:read"] }));
    await reader.page.getByRole("main").getByRole("link", { name: "POST /v1/tasks" }).waitFor();
    expect(await reader.page.getByRole("link", { name: "Create a test task" }).count()).toBe(0);
  });

  it("explains a URL with an unknown view, status or page", async () => {
    const { page, expectStatus } = await stage.enter("nowhere/at/all");
    await page.getByRole("heading", { name: "This page does not exist" }).waitFor();
    await page.getByRole("link", { name: "Go to the first view" }).click();
    await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
    await page.goto("/console#/tasks?status=lost");
    await page.getByRole("heading", { name: "No tasks yet" }).waitFor();

    expectStatus(400, "/v1/tasks");
    await page.goto("/console#/tasks?before=yesterday");
    await page.getByRole("alert").getByText("cursor").waitFor();
    await filter(page, "All").click();
    await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
  });
});

describe("the filters and the search of the list of tasks", () => {
  /** The list of a failed task, a ready one with a reference, and another ready one. */
  async function enterWithTasks() {
    const key = await (await stage.tenant()).key();
    const failed = await submitTask(stage.gateway, key, "sandbox-reject-ERROR_RECAPTCHA_INVALID_SITEKEY");
    const named = await submitTask(stage.gateway, key, "sandbox-instant", { reference: "order-1042" });
    const other = await submitTask(stage.gateway, key, "sandbox-instant");
    for (const { id } of [failed, named, other]) await awaitTask(stage.gateway, key, id);
    const visit = await stage.visit();
    await signIn(visit.page, key);
    await rows(visit.page).nth(2).waitFor();
    return { ...visit, named, other };
  }

  it("show the tasks of one status, and keep the filter in the URL", async () => {
    const { page } = await enterWithTasks();
    await filter(page, "Failed").click();
    await expect.poll(() => rows(page).count()).toBe(1);
    await rows(page).filter({ hasText: "upstream_rejected" }).waitFor();
    expect(await filter(page, "Failed").getAttribute("aria-current")).toBe("true");
    expect(hash(page)).toBe("#/tasks?status=failed");
    await page.reload();
    await rows(page).filter({ hasText: "upstream_rejected" }).waitFor();
    await page.goBack();
    await rows(page).nth(2).waitFor();
  });

  it("find the tasks with a reference", async () => {
    const { page, named } = await enterWithTasks();
    await search(page).fill(" order-1042 ");
    await search(page).press("Enter");
    await page.locator(`[title="${named.id}"]`).waitFor();
    await expect.poll(() => rows(page).count()).toBe(1);
    await rows(page).getByText("order-1042").waitFor();
    await search(page).fill("");
    await page.getByRole("button", { name: "Search" }).click();
    await rows(page).nth(2).waitFor();
  });

  it("open a task by its id, in capitals and with quotes too", async () => {
    const { page, other } = await enterWithTasks();
    for (const text of [other.id, `"${other.id.toUpperCase()}",`]) {
      await page.goto("/console#/tasks");
      await search(page).fill(text);
      await search(page).press("Enter");
      await page.getByText(other.id, { exact: true }).waitFor();
    }
    await page.goto("/console#/tasks");
    await search(page).fill("tsk_12 34!");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByRole("alert").getByText("This is not a complete task id.").waitFor();
    expect(await search(page).getAttribute("aria-invalid")).toBe("true");
  });

  it("combine website, webhook state and days, and can be cleared", async () => {
    const { page } = await enterWithTasks();
    await page.getByRole("button", { name: "More filters" }).click();
    const form = page.locator(".filter-form");
    await form.getByLabel("Website").fill("Other.Example");
    await form.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("heading", { name: "No task matches" }).waitFor();
    expect(hash(page)).toBe("#/tasks?website=other.example");

    await form.getByLabel("Website").fill("antcpt.com");
    const today = new Date().toISOString().slice(0, 10);
    await form.getByLabel("From").fill(today);
    await form.getByLabel("To").fill(today);
    await form.getByRole("button", { name: "Apply" }).click();
    await rows(page).nth(2).waitFor();
    await form.getByLabel("Webhook").selectOption({ label: "Given up" });
    await form.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("heading", { name: "No task matches" }).waitFor();
    await form.getByRole("link", { name: "Clear" }).click();
    await rows(page).nth(2).waitFor();
    expect(hash(page)).toBe("#/tasks");
  });
});

it("the page of a task of another tenant or mode, or of an unknown id, explains that there is no such task", async () => {
  const foreignKey = await (await stage.tenant()).key();
  const foreign = await submitTask(stage.gateway, foreignKey, "sandbox-instant");
  const { page, tenant, expectStatus } = await stage.enter();
  const live = await ask(stage.gateway, "POST", "/v1/tasks", {
    token: await tenant.key({ mode: "live" }),
    body: { task: foreign.task },
  });
  expect(live.status).toBe(202);
  for (const id of [foreign.id, (live.body as { id: string }).id, `tsk_${"0".repeat(64)}`, "tsk_123"]) {
    expectStatus(404, `/v1/tasks/${id}`);
    await page.goto(`/console#/tasks/${id}`);
    await page.getByText(id, { exact: true }).waitFor();
    await page.getByRole("heading", { name: "There is no such task for this key" }).waitFor();
  }
  await page.getByRole("link", { name: "Back to the tasks" }).click();
  await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
});
