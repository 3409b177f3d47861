// One task in the console: its timeline while it runs and after, why it failed, canceling it, and a webhook that failed until it was
// sent again.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startReceiver, type WebhookReceiver } from "../../scripts/support/webhook-receiver.ts";
import { ask, awaitTask } from "../e2e/support.ts";
import { copied, paste, signIn, submitTask } from "./support/console.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage({ POLL_INTERVAL_MS: "1000" });

/** A receiver that answers as the test asks. */
let answer = 204;
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await startReceiver(() => answer);
});
afterAll(() => receiver.close());

const status = (page: Page, word: string) => page.getByRole("heading", { level: 1, name: `Task ${word}` });
/** The timeline's rows of an event, with a result where one is named. */
const event = (page: Page, name: string, result = "") =>
  page
    .getByRole("row")
    .filter({ has: page.getByRole("cell", { name, exact: true }) })
    .filter({ hasText: result });
const button = (page: Page, name: string) => page.getByRole("button", { name });
const dialog = (page: Page) => page.getByRole("dialog");
/** The card with a heading. */
const card = (page: Page, name: string) =>
  page.locator("section").filter({ has: page.getByRole("heading", { name, exact: true }) });

/** A key of a fresh tenant, a task of it, and the console open at that task. */
async function enter(scenario: string, extra: Readonly<Record<string, unknown>> = {}) {
  const key = await (await stage.tenant()).key();
  const { id } = await submitTask(stage.gateway, key, scenario, extra);
  const visit = await stage.visit();
  await signIn(visit.page, key, `tasks/${id}`);
  return { ...visit, key, id };
}

describe("a task that runs", () => {
  it("is followed from its acceptance to its webhook without a reload", async () => {
    answer = 204;
    const extra = { webhookUrl: receiver.url, metadata: { order: "1042" } };
    const { page, key, id } = await enter("sandbox-delay-6000", extra);
    await page.evaluate("globalThis.notReloaded = true");
    await status(page, "Processing").waitFor();
    await page.getByRole("img", { name: /^Running/ }).waitFor();

    await status(page, "Ready").waitFor();
    await event(page, "Webhook attempt", "HTTP 204").waitFor();
    const events = await page.locator(".cell-event").allTextContents();
    expect(events.slice(0, 3)).toEqual(["Accepted", "Admitted", "Submitted"]);
    const polls = events.filter((one) => one === "Poll").length;
    expect(polls).toBeGreaterThanOrEqual(1);
    expect(events.slice(3 + polls)).toEqual(["Ready", "Webhook attempt"]);

    const { body } = await ask(stage.gateway, "GET", `/v1/tasks/${id}/events`, { token: key });
    expect((body as { events: unknown[] }).events).toHaveLength(events.length);
    // The drawing says what it is, and where the same stands as text.
    await page.getByRole("img", { name: /^From acceptance to the end.*The table below tells each/ }).waitFor();
    await page.getByRole("img", { name: /^The solution's life/ }).waitFor();
    await card(page, "Webhook").getByText("Delivered").waitFor();
    await card(page, "Metadata").getByText("1042").waitFor();
    expect(await page.evaluate("globalThis.notReloaded")).toBe(true);
  });

  it("shows its solution, to be copied whole, and that it was claimed", async () => {
    const { page, key, id } = await enter("sandbox-instant");
    const solution = card(page, "Solution");
    await solution.getByText("Life left").waitFor();
    // The permission that a person gives.
    await paste(page, "");
    await solution.getByRole("button", { name: "Copy gRecaptchaResponse" }).click();
    await page.getByRole("status").getByText("Copied gRecaptchaResponse.").waitFor();
    const task = await awaitTask(stage.gateway, key, id);
    expect(await copied(page)).toBe(task.solution?.gRecaptchaResponse);

    const claim = await ask(stage.gateway, "POST", `/v1/tasks/${id}/claim`, { token: key });
    expect(claim.status).toBe(200);
    await page.reload();
    await solution.getByText("It was claimed").waitFor();
    await event(page, "Solution claimed").waitFor();
  });

  it("is canceled after a question, and not without a yes", async () => {
    const { page, key, id } = await enter("sandbox-never", { timeoutSeconds: 300 });
    await status(page, "Processing").waitFor();
    await button(page, "Cancel task").click();
    await dialog(page).getByRole("heading", { name: "Cancel this task?" }).waitFor();
    await dialog(page).getByRole("button", { name: "Keep it running" }).click();
    await dialog(page).waitFor({ state: "detached" });
    expect((await ask(stage.gateway, "GET", `/v1/tasks/${id}`, { token: key })).body).toMatchObject({
      status: "processing",
    });

    await button(page, "Cancel task").click();
    await dialog(page).getByRole("button", { name: "Cancel task" }).click();
    await status(page, "Canceled").waitFor();
    await event(page, "Canceled").waitFor();
    expect(await button(page, "Cancel task").count()).toBe(0);
  });

  it("that ends before the yes says that there is nothing to cancel", async () => {
    const { page, key, id, expectStatus } = await enter("sandbox-delay-4000");
    await button(page, "Cancel task").click();
    await awaitTask(stage.gateway, key, id);
    // The dialog stays as long as its reader thinks; the page learns of the end behind it.
    const yes = dialog(page).getByRole("button", { name: "Cancel task" });
    expectStatus(409, `/v1/tasks/${id}/cancel`);
    await yes.click();
    await dialog(page)
      .getByRole("alert")
      .getByText(/can no longer be canceled|finished/)
      .waitFor();
    await dialog(page).getByRole("button", { name: "Keep it running" }).click();
    await status(page, "Ready").waitFor();
  });
});

describe("a task that failed", () => {
  it.each([
    ["sandbox-reject-ERROR_RECAPTCHA_INVALID_SITEKEY", "upstream_rejected", "ERROR_RECAPTCHA_INVALID_SITEKEY"],
    ["sandbox-fail-ERROR_CAPTCHA_UNSOLVABLE", "unsolvable", "ERROR_CAPTCHA_UNSOLVABLE"],
  ])("by %s says %s, what it means and what to do", async (scenario, code, upstreamCode) => {
    const { page } = await enter(scenario);
    await status(page, "Failed").waitFor();
    const notice = page.getByRole("main").locator(".notice", { has: page.getByText(code, { exact: true }) });
    await notice.getByText(upstreamCode, { exact: true }).waitFor();
    // What happened, what to do, and the codes: three paragraphs, none empty.
    const paragraphs = await notice.getByRole("paragraph").allTextContents();
    expect(paragraphs.length).toBe(3);
    for (const paragraph of paragraphs) expect(paragraph.length).toBeGreaterThan(20);
    await event(page, "Failed").waitFor();
    await card(page, "Solution").getByText("There is none.").waitFor();
  });

  it("at its deadline shows every poll that was in vain", async () => {
    const { page } = await enter("sandbox-never", { timeoutSeconds: 10 });
    await status(page, "Failed").waitFor();
    await page.locator(".notice").getByText("timeout", { exact: true }).waitFor();
    const polls = await event(page, "Poll", "processing").count();
    expect(polls).toBeGreaterThan(1);
    expect(await page.locator(".figure", { hasText: "Polls" }).locator("dd").textContent()).toBe(String(polls));
  });
});

describe("a webhook that fails", () => {
  it("shows each attempt with its answer, and the next one's time, until it is delivered", async () => {
    answer = 500;
    const { page } = await enter("sandbox-instant", { webhookUrl: receiver.url });
    await event(page, "Webhook attempt", "HTTP 500").first().waitFor();
    await event(page, "Next webhook attempt", "Planned").waitFor();
    await card(page, "Webhook").getByText("Pending").waitFor();
    await card(page, "Webhook").getByText("HTTP 500").waitFor();

    answer = 204;
    await event(page, "Webhook attempt", "HTTP 204").waitFor();
    await card(page, "Webhook").getByText("Delivered").waitFor();
    expect(await event(page, "Next webhook attempt").count()).toBe(0);
    expect(await event(page, "Webhook attempt", "HTTP 500").count()).toBeGreaterThanOrEqual(1);
  });

  it("and has ended is sent again after a question, under the same id", async () => {
    // 410 from a task's own address ends the attempts.
    answer = 410;
    const before = receiver.received.length;
    const { page } = await enter("sandbox-instant", { webhookUrl: receiver.url });
    await card(page, "Webhook").getByText("Gave up").waitFor();

    answer = 204;
    await button(page, "Redeliver webhook").click();
    await dialog(page).getByText(receiver.url).waitFor();
    await dialog(page).getByRole("button", { name: "Send again" }).click();
    await event(page, "Webhook attempt", "HTTP 204").waitFor();
    await card(page, "Webhook").getByText("Delivered").waitFor();
    await event(page, "Webhook attempt", "HTTP 410").waitFor();
    const [first, second] = receiver.received.slice(before);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
  });

  it("that nobody asked for cannot be sent again, and the reason is told", async () => {
    const { page, id, expectStatus } = await enter("sandbox-instant");
    await card(page, "Webhook").getByText("None was sent").waitFor();
    expectStatus(409, `/v1/tasks/${id}/redeliver`);
    await button(page, "Redeliver webhook").click();
    await dialog(page).getByRole("button", { name: "Send again" }).click();
    await dialog(page).getByRole("alert").waitFor();
    expect(await dialog(page).getByRole("alert").textContent()).toMatch(/endpoint|address/);
    await dialog(page).getByRole("button", { name: "Do not send" }).click();
    await status(page, "Ready").waitFor();
  });
});
