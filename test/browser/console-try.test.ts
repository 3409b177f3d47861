// Try it: from the form to a task that is ready, what the gateway refuses and why, a submission whose answer is lost, and what was
// typed, which is never lost.

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ask } from "../e2e/support.ts";
import { copied, paste, revokeKey, signIn } from "./support/console.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage({ POLL_INTERVAL_MS: "1000" });

const field = (page: Page, name: string) => page.getByRole("textbox", { name });
const make = (page: Page) => page.getByRole("button", { name: "Make the task" });
const outcome = (page: Page, word: string) => page.getByRole("heading", { name: `The task ${word}` });

async function enter(scopes?: readonly string[]) {
  const tenant = await stage.tenant();
  const key = await tenant.key(scopes === undefined ? {} : { scopes });
  const visit = await stage.visit();
  await signIn(visit.page, key, "try");
  return { ...visit, tenant, key };
}

/** The ids of a key's tasks. */
async function tasksOf(key: string): Promise<string[]> {
  const { body } = await ask(stage.gateway, "GET", "/v1/tasks", { token: key });
  return (body as { tasks: { id: string }[] }).tasks.map(({ id }) => id);
}

/** What stands in the form's fields. */
async function typed(page: Page): Promise<string[]> {
  return await page.getByRole("textbox").evaluateAll((fields) => fields.map((one) => (one as { value: string }).value));
}

describe("a trial", () => {
  it("goes from the form, as it stands, to a task that is ready", async () => {
    const { page, key } = await enter();
    await page.getByRole("heading", { name: "Nothing has run yet" }).waitFor();
    await make(page).click();
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
  ])("plays what is chosen: %s", async (scenario, word, told) => {
    const { page } = await enter();
    await page.getByRole("combobox", { name: "What the sandbox plays" }).selectOption({ label: scenario });
    await make(page).click();
    await outcome(page, word).waitFor();
    if (word === "Failed") await page.getByText(told, { exact: true }).waitFor();
    else expect(await field(page, "Website key").inputValue()).toBe(told);
  });

  it("by a key that cannot read tasks ends in its own answer", async () => {
    const { page } = await enter(["tasks:write"]);
    await make(page).click();
    await outcome(page, "Ready").waitFor();
    expect(await page.getByRole("link", { name: "Open the task" }).count()).toBe(0);
  });

  it("is copied as curl, without the key", async () => {
    const { page, key } = await enter();
    await field(page, "Website title").fill("It's a title");
    await paste(page, "");
    await page.getByRole("button", { name: "Copy as curl" }).click();
    await page.getByRole("status").getByText("Copied the call as curl.").waitFor();
    const curl = await copied(page);
    expect(curl).toContain(`curl -s ${stage.gateway.url}/v1/tasks`);
    expect(curl).toContain("Bearer $SOLVEGATE_KEY");
    expect(curl).not.toContain(key);
    // The quote is what a shell needs for one inside quotes.
    expect(curl).toContain("It'\\''s a title");
  });
});

describe("what the gateway refuses", () => {
  it("a website that is not on the tenant's list: the host is named, and what to do", async () => {
    const { page, expectStatus } = await enter();
    expectStatus(403, "/v1/tasks");
    await field(page, "Website URL").fill("https://not-allowed.example/login");
    const before = await typed(page);
    await make(page).click();
    const alert = page.getByRole("alert");
    await alert.getByText("not-allowed.example").waitFor();
    expect(await alert.textContent()).toContain("ask the operator to put it on the list");
    expect(await typed(page)).toEqual(before);
  });

  it("a field that breaks a rule: the fault stands beside it, tied to it, and the rest as it was", async () => {
    const { page, expectStatus } = await enter();
    expectStatus(400, "/v1/tasks");
    for (const [name, text] of [
      ["Website URL", "antcpt.com/score_detector"],
      ["Website key", ""],
      ["Page action", "x".repeat(129)],
      ["Deadline in seconds", "5"],
      ["Deadline in seconds", "soon"],
      ["Webhook URL", "hooks.example"],
    ] as const) {
      const one = field(page, name);
      const sound = await one.inputValue();
      await one.fill(text);
      const before = await typed(page);
      await make(page).click();
      await page.locator(`[aria-invalid="true"]`).waitFor();
      expect([name, await one.getAttribute("aria-invalid")]).toEqual([name, "true"]);
      const described = (await one.getAttribute("aria-describedby"))?.split(" ")[0];
      expect((await page.locator(`[id="${described}"]`).textContent())?.length).toBeGreaterThan(10);
      expect(await typed(page)).toEqual(before);
      await one.fill(sound);
      await make(page).click();
      await outcome(page, "Processing").waitFor();
    }
  });
});

describe("nothing typed is lost", () => {
  const TITLE = "A title of my own";

  it("when the answer to a submission is lost: the second click makes no second task", async () => {
    const { page, key, expectOutage } = await enter();
    expectOutage();
    await field(page, "Website title").fill(TITLE);
    await page.route("**/v1/tasks", async (route) => {
      await route.fetch();
      await route.abort();
    });
    await make(page).click();
    await page.getByRole("alert").getByText("The gateway does not answer.").waitFor();
    expect(await field(page, "Website title").inputValue()).toBe(TITLE);

    await page.unroute("**/v1/tasks");
    await make(page).click();
    await outcome(page, "Ready").waitFor();
    expect(await tasksOf(key)).toHaveLength(1);

    // The next click is another wish.
    await make(page).click();
    await expect.poll(() => tasksOf(key), { timeout: 30_000 }).toHaveLength(2);
  });

  it("when the key is revoked in the middle: one signs in again, at the same place with the same words", async () => {
    const { page, tenant, key, expectStatus } = await enter();
    expectStatus(401, "/v1/tasks");
    await field(page, "Website title").fill(TITLE);
    await page.getByRole("combobox").selectOption({ label: "Solved at once" });
    const before = await typed(page);
    await revokeKey(stage.gateway, key);
    await make(page).click();
    await page.getByRole("alert").getByText("This key no longer works").waitFor();
    expect(await page.getByRole("alert").textContent()).toContain("what you have typed is kept");
    expect(await page.evaluate<string>("JSON.stringify({ ...sessionStorage })")).not.toContain(key);

    await page.getByLabel("API key", { exact: true }).fill(await tenant.key());
    await page.getByRole("button", { name: "Sign in" }).click();
    await make(page).waitFor();
    expect(await typed(page)).toEqual(before);
    await make(page).click();
    await outcome(page, "Ready").waitFor();
  });

  it("by a reload or another view; and it is forgotten by signing out, and not shown to another tenant", async () => {
    const { page, tenant, expectStatus } = await enter();
    await field(page, "Website title").fill(TITLE);
    await page.reload();
    await make(page).waitFor();
    expect(await field(page, "Website title").inputValue()).toBe(TITLE);
    await page.getByRole("link", { name: "Keys" }).click();
    await page.getByRole("link", { name: "Try it" }).click();
    expect(await field(page, "Website title").inputValue()).toBe(TITLE);

    await page.getByRole("button", { name: "Sign out" }).click();
    const next = await tenant.key();
    await signIn(page, next, "try");
    expect(await field(page, "Website title").inputValue()).not.toBe(TITLE);

    await field(page, "Website title").fill(TITLE);
    expectStatus(401, "/v1/tasks");
    await revokeKey(stage.gateway, next);
    await make(page).click();
    await page.getByRole("alert").waitFor();
    await signIn(page, await (await stage.tenant()).key(), "try");
    expect(await field(page, "Website title").inputValue()).not.toBe(TITLE);
  });
});
