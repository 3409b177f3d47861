// The list of tasks: newest first, live without a reload, by status, and the ways to one task. What an id that is none gets is a
// sentence, and it stays where it was typed.

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ask, awaitTask } from "../e2e/support.ts";
import { signIn, submitTask } from "./support/console.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage();

const rows = (page: Page) => page.getByRole("table").locator("tbody tr");
const idField = (page: Page) => page.getByRole("textbox", { name: "Task id" });
const filter = (page: Page, name: string) =>
  page.getByRole("navigation", { name: "Filter by status" }).getByRole("link", { name });

/** A tenant with its key, and a visit that is signed in with it. */
async function enter(route?: string) {
  const tenant = await stage.tenant();
  const key = await tenant.key();
  const visit = await stage.visit();
  await signIn(visit.page, key, route);
  return { ...visit, tenant, key };
}

describe("the list", () => {
  it("shows a task that is made elsewhere, and its change, without a reload", async () => {
    const { page, key } = await enter();
    await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
    await page.evaluate("globalThis.notReloaded = true");

    const { id } = await submitTask(stage.gateway, key);
    const row = rows(page).filter({ has: page.locator(`[title="${id}"]`) });
    await row.getByText(/Queued|Processing/).waitFor();
    await row.getByText("Ready", { exact: true }).waitFor();
    expect(await row.textContent()).toMatch(/antcpt\.com/);
    expect(await row.locator(".cell-solve").textContent()).toMatch(/^\d+\.\d+ s$/);
    expect(await page.evaluate("globalThis.notReloaded")).toBe(true);
    // What the eye sees, a screen reader is told.
    await page.getByRole("status").getByText("A task is ready.").waitFor();
  });

  it("has the newest first", async () => {
    const { page, key } = await enter();
    const ids: string[] = [];
    for (const scenario of ["sandbox-instant", "sandbox-instant", "sandbox-instant"]) {
      ids.unshift((await submitTask(stage.gateway, key, scenario)).id);
    }
    await rows(page).nth(2).waitFor();
    const shown = await rows(page)
      .getByRole("link")
      .evaluateAll((links) => links.map((link) => link.getAttribute("title")));
    expect(shown).toEqual(ids);
  });

  it("filters by a status that stands in the address", async () => {
    const tenant = await stage.tenant();
    const key = await tenant.key();
    const made = await Promise.all(
      ["sandbox-instant", "sandbox-reject-ERROR_RECAPTCHA_INVALID_SITEKEY", "sandbox-instant"].map((scenario) =>
        submitTask(stage.gateway, key, scenario),
      ),
    );
    await Promise.all(made.map(({ id }) => awaitTask(stage.gateway, key, id)));
    const { page } = await stage.visit();
    await signIn(page, key, "tasks?status=failed");

    await rows(page).filter({ hasText: "upstream_rejected" }).waitFor();
    expect(await rows(page).count()).toBe(1);
    expect(await filter(page, "Failed").getAttribute("aria-current")).toBe("true");

    await filter(page, "Ready").click();
    await rows(page).nth(1).waitFor();
    expect(await rows(page).locator(".cell-status").allTextContents()).toEqual(["Ready", "Ready"]);
    expect(new URL(page.url()).hash).toBe("#/tasks?status=ready");

    await page.goBack();
    await rows(page).filter({ hasText: "upstream_rejected" }).waitFor();
    await filter(page, "All").click();
    await rows(page).nth(2).waitFor();
    expect(await rows(page).count()).toBe(3);
  });

  it("says what to do where there is nothing to show", async () => {
    const { page, tenant } = await enter("tasks?status=queued");
    const main = page.getByRole("main");
    await page.getByRole("heading", { name: "No queued tasks" }).waitFor();
    await main.getByRole("link", { name: "Show all tasks" }).click();
    await main.getByRole("link", { name: "Make a test task" }).click();
    await page.getByRole("heading", { level: 1, name: "Try it" }).waitFor();

    const reader = await stage.visit();
    await signIn(reader.page, await tenant.key({ scopes: ["tasks:read"] }));
    await reader.page.getByRole("main").getByRole("link", { name: "POST /v1/tasks" }).waitFor();
    expect(await reader.page.getByRole("link", { name: "Make a test task" }).count()).toBe(0);
  });

  it("does not fall for an address that names no view, no status and no page", async () => {
    const { page, expectStatus } = await enter("nowhere/at/all");
    await page.getByRole("heading", { name: "There is nothing here" }).waitFor();
    await page.getByRole("link", { name: "Begin at the first one" }).click();
    await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
    await page.goto("/console#/tasks?status=lost");
    await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
    expect(await filter(page, "All").getAttribute("aria-current")).toBe("true");

    expectStatus(400, "/v1/tasks");
    await page.goto("/console#/tasks?before=yesterday");
    await page.getByRole("alert").getByText("cursor").waitFor();
    await filter(page, "All").click();
    await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
  });
});

describe("a task's id", () => {
  it("opens its task from the list", async () => {
    const { page, key } = await enter();
    const { id } = await submitTask(stage.gateway, key, "sandbox-instant");
    await rows(page).getByRole("link").first().click();
    await page.getByRole("heading", { level: 1, name: "Task" }).waitFor();
    expect(new URL(page.url()).hash).toBe(`#/tasks/${id}`);
    await page.getByRole("main").getByRole("link", { name: "Tasks" }).click();
    await rows(page).first().waitFor();
  });

  it("opens it however it was copied", async () => {
    const { page, key } = await enter();
    const { id } = await submitTask(stage.gateway, key, "sandbox-instant");
    const ways = {
      "as it is": id,
      "with blanks around it": `  ${id} `,
      "with the quotes and the comma of a JSON line": `"${id}",`,
      "in capitals": id.toUpperCase(),
      "in the compatible face's decimals": BigInt(`0x${id.slice(4)}`).toString(),
    };
    for (const written of Object.values(ways)) {
      await page.goto("/console#/tasks");
      await idField(page).fill(written);
      await idField(page).press("Enter");
      await page.getByText(id, { exact: true }).waitFor();
      await page.getByRole("heading", { name: "Timeline" }).waitFor();
    }
  });

  it("that is none gets a sentence, and stays in the field", async () => {
    const { page } = await enter();
    for (const [text, sentence] of [
      ["", "Paste a task's id"],
      [`tsk_${"a".repeat(31)}`, "here are 31"],
      ["order 1042", "This is not a task id"],
    ] as const) {
      await idField(page).fill(text);
      await page.getByRole("button", { name: "Open" }).click();
      await page.getByRole("alert").getByText(sentence).waitFor();
      expect(await idField(page).inputValue()).toBe(text);
      expect(await idField(page).getAttribute("aria-invalid")).toBe("true");
      await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
    }
  });

  it("of another tenant, of the other mode, or of nobody gets a sentence that says why it may be absent", async () => {
    const stranger = await (await stage.tenant()).key();
    const theirs = await submitTask(stage.gateway, stranger, "sandbox-instant");
    const { page, tenant, expectStatus } = await enter();
    const live = await ask(stage.gateway, "POST", "/v1/tasks", {
      token: await tenant.key({ mode: "live" }),
      body: { task: theirs.task },
    });
    expect(live.status).toBe(202);
    for (const id of [theirs.id, (live.body as { id: string }).id, `tsk_${"0".repeat(64)}`]) {
      expectStatus(404, `/v1/tasks/${id}`);
      await page.goto(`/console#/tasks/${id}`);
      await page.getByText(id, { exact: true }).waitFor();
      await page.getByRole("heading", { name: "There is no such task for this key" }).waitFor();
    }
    await page.getByRole("link", { name: "Back to the tasks" }).click();
    await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
  });

  it("that stands in the address and is none gets a sentence, and no call", async () => {
    const { page } = await enter("tasks/tsk_123");
    await page.getByRole("heading", { name: "This is not a task's address" }).waitFor();
    expect(await page.getByRole("main").textContent()).toContain("here are 3");
    await page.getByRole("link", { name: "Back to the tasks" }).click();
    await page.getByRole("heading", { name: "No tasks yet" }).waitFor();
  });
});
