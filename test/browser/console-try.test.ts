// The view Try it: from the form to a ready task, tasks that the gateway rejects, a creation whose response is lost, and drafts.

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ask } from "../e2e/support.ts";
import { copied, credentialField, paste, revokeKey, sessionStorageOf, signIn } from "./support/console.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage();

const field = (page: Page, name: string) => page.getByRole("textbox", { name });
const create = (page: Page) => page.getByRole("button", { name: "Create task" });
const outcome = (page: Page, word: string) => page.getByRole("heading", { name: `The task ${word}` });

const enter = (scopes?: readonly string[]) => stage.enter("try", scopes === undefined ? {} : { scopes });

/** The ids of a key's tasks. */
async function tasksOf(key: string): Promise<string[]> {
  const { body } = await ask(stage.gateway, "GET", "/v1/tasks", { token: key });
  return (body as { tasks: { id: string }[] }).tasks.map(({ id }) => id);
}

/** The texts of the form's fields. */
async function typed(page: Page): Promise<string[]> {
  return await page.getByRole("textbox").evaluateAll((fields) => fields.map((one) => (one as { value: string }).value));
}

describe("Try it", () => {
  it("creates a test task that becomes ready, for a website that the tenant may use, with one click", async () => {
    const { page, key } = await enter();
    await page.getByRole("heading", { name: "No task yet" }).waitFor();
    await create(page).click();
    await outcome(page, "Processing").waitFor();
    await outcome(page, "Ready").waitFor();
    await page.getByRole("table").locator("tbody tr").filter({ hasText: "Ready" }).first().waitFor();
    await page.getByRole("textbox", { name: "gRecaptchaResponse" }).waitFor();

    const [id] = await tasksOf(key);
    await page.getByRole("link", { name: "Open the task" }).click();
    await page.getByText(id ?? "", { exact: true }).waitFor();
  });

  it.each([
    ["Rejected at submission", "Failed", "upstream_rejected"],
    ["Unsolvable", "Failed", "unsolvable"],
    ["Solved at once", "Ready", "sandbox-instant"],
  ])("creates a task of the chosen scenario: %s", async (scenario, word, expected) => {
    const { page } = await enter();
    await page.getByRole("combobox", { name: "Scenario" }).selectOption({ label: scenario });
    await create(page).click();
    await outcome(page, word).waitFor();
    if (word === "Failed") await page.getByText(expected, { exact: true }).waitFor();
    else expect(await field(page, "Website key").inputValue()).toBe(expected);
  });

  it("shows the outcome from the response to the creation when the key may not read tasks", async () => {
    const { page } = await enter(["tasks:write"]);
    await create(page).click();
    await outcome(page, "Ready").waitFor();
    expect(await page.getByRole("link", { name: "Open the task" }).count()).toBe(0);
  });

  it("copies the request as curl without the key", async () => {
    const { page, key } = await enter();
    await field(page, "Reference").fill("it's mine");
    await paste(page, "");
    await page.getByRole("button", { name: "Copy as curl" }).click();
    await page.getByRole("status").getByText("Copied the call as curl.").waitFor();
    const curl = await copied(page);
    expect(curl).toContain(`curl -s ${stage.gateway.url}/v1/tasks`);
    expect(curl).toContain("Bearer $SOLVEGATE_KEY");
    expect(curl).not.toContain(key);
    // A quote is quoted for the shell.
    expect(curl).toContain("it'\\''s mine");
  });
});

describe("Try it, when the gateway rejects a task", () => {
  it("names the host that is not allowed, and keeps the form", async () => {
    const { page, expectStatus } = await enter();
    expectStatus(403, "/v1/tasks");
    await field(page, "Website URL").fill("https://not-allowed.example/login");
    const before = await typed(page);
    await create(page).click();
    const alert = page.getByRole("alert");
    await alert.getByText("not-allowed.example").waitFor();
    expect(await typed(page)).toEqual(before);
  });

  it("shows each error beside its field, and keeps the form", async () => {
    const { page, expectStatus } = await enter();
    expectStatus(400, "/v1/tasks");
    const taskLink = page.getByRole("link", { name: "Open the task" });
    let created: string | null = null;
    for (const [name, text] of [
      ["Website URL", "antcpt.com/score_detector"],
      ["Website key", ""],
      ["Page action", "x".repeat(129)],
      ["Time limit in seconds", "5"],
      ["Time limit in seconds", "soon"],
      ["Webhook URL", "hooks.example"],
    ] as const) {
      const one = field(page, name);
      const valid = await one.inputValue();
      await one.fill(text);
      const before = await typed(page);
      await create(page).click();
      await page.locator(`[aria-invalid="true"]`).waitFor();
      expect([name, await one.getAttribute("aria-invalid")]).toEqual([name, "true"]);
      const described = (await one.getAttribute("aria-describedby"))?.split(" ")[0];
      expect((await page.locator(`[id="${described}"]`).textContent())?.length).toBeGreaterThan(10);
      expect(await typed(page)).toEqual(before);
      await one.fill(valid);
      await create(page).click();
      const previous = created;
      await expect.poll(() => taskLink.getAttribute("href")).not.toBe(previous);
      created = await taskLink.getAttribute("href");
    }
  });
});

describe("what was typed into Try it", () => {
  const REFERENCE = "a-reference-of-my-own";

  it("is kept when the response to a creation is lost, and a second click creates no second task", async () => {
    const { page, key, expectOutage } = await enter();
    expectOutage();
    await field(page, "Reference").fill(REFERENCE);
    await page.route("**/v1/tasks", async (route) => {
      await route.fetch();
      await route.abort();
    });
    await create(page).click();
    await page.getByRole("alert").getByText("The gateway does not respond.").waitFor();
    expect(await field(page, "Reference").inputValue()).toBe(REFERENCE);

    await page.unroute("**/v1/tasks");
    await create(page).click();
    await outcome(page, "Ready").waitFor();
    expect(await tasksOf(key)).toHaveLength(1);

    // After a success, a click creates another task.
    await create(page).click();
    await expect.poll(() => tasksOf(key), { timeout: 30_000 }).toHaveLength(2);
  });

  it("is kept when the key is revoked, and is shown after the next sign-in", async () => {
    const { page, tenant, key, expectStatus } = await enter();
    expectStatus(401, "/v1/tasks");
    await field(page, "Reference").fill(REFERENCE);
    await page.getByRole("combobox").selectOption({ label: "Solved at once" });
    const before = await typed(page);
    await revokeKey(stage.gateway, key);
    await create(page).click();
    await page.getByRole("alert").getByText("This key no longer works").waitFor();
    expect(await page.getByRole("alert").textContent()).toContain("what you typed is kept");
    expect(await sessionStorageOf(page)).not.toContain(key);

    await credentialField(page).fill(await tenant.key());
    await page.getByRole("button", { name: "Sign in" }).click();
    await create(page).waitFor();
    expect(await typed(page)).toEqual(before);
    await create(page).click();
    await outcome(page, "Ready").waitFor();
  });

  it("survives a reload and other views, and is removed by signing out and for another tenant", async () => {
    const { page, tenant, expectStatus } = await enter();
    await field(page, "Reference").fill(REFERENCE);
    await page.reload();
    await create(page).waitFor();
    expect(await field(page, "Reference").inputValue()).toBe(REFERENCE);
    await page.getByRole("link", { name: "Keys" }).click();
    await page.getByRole("link", { name: "Try it" }).click();
    expect(await field(page, "Reference").inputValue()).toBe(REFERENCE);

    await page.getByRole("button", { name: "Sign out" }).click();
    const next = await tenant.key();
    await signIn(page, next, "try");
    expect(await field(page, "Reference").inputValue()).not.toBe(REFERENCE);

    await field(page, "Reference").fill(REFERENCE);
    expectStatus(401, "/v1/tasks");
    await revokeKey(stage.gateway, next);
    await create(page).click();
    await page.getByRole("alert").waitFor();
    await signIn(page, await (await stage.tenant()).key(), "try");
    expect(await field(page, "Reference").inputValue()).not.toBe(REFERENCE);
  });
});
