// The page of one task in the console: its timeline, its failure, its solution, its webhook and its actions.

import { createServer } from "node:http";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startReceiver, type WebhookReceiver } from "../../scripts/support/webhook-receiver.ts";
import { listening } from "../e2e/listening.ts";
import { ask, awaitTask } from "../e2e/support.ts";
import { copied, dialog, paste, signIn, submitTask } from "./support/console.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage();

/** The status of the receiver's next responses, by the path of the webhook URL. Each test has its own path. */
const statuses = new Map<string, number>();
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await startReceiver((_count, _body, path) => statuses.get(path) ?? 204);
});
afterAll(() => receiver.close());

/** A webhook URL of one test, which responds with `status` until `respondWith` changes it. */
function hook(status: number) {
  const url = `${receiver.url}/${crypto.randomUUID()}`;
  const respondWith = (next: number) => void statuses.set(new URL(url).pathname, next);
  respondWith(status);
  return { url, respondWith };
}

const status = (page: Page, word: string) => page.getByRole("heading", { level: 1, name: `Task ${word}` });
/** The rows of the table of events with a name, and with a result if one is given. */
const event = (page: Page, name: string, result = "") =>
  page
    .getByRole("table", { name: /Events of the task/ })
    .getByRole("row")
    .filter({ has: page.getByRole("cell", { name, exact: true }) })
    .filter({ hasText: result });
const attempt = (page: Page, result: string) =>
  page
    .getByRole("table", { name: /Webhook attempts/ })
    .getByRole("row")
    .filter({ hasText: result });
const button = (page: Page, name: string) => page.getByRole("button", { name });
/** The card with a heading. */
const card = (page: Page, name: string) =>
  page.locator("section").filter({ has: page.getByRole("heading", { name, exact: true }) });

/** The page of a new task of a new tenant. */
async function enter(scenario: string, extra: Readonly<Record<string, unknown>> = {}) {
  const visit = await stage.enter("account");
  // Created after signing in, which can take as long as some scenarios.
  const { id } = await submitTask(stage.gateway, visit.key, scenario, extra);
  await visit.page.goto(`/console#/tasks/${id}`);
  return { ...visit, id };
}

describe("the page of a running task", () => {
  it("follows the task from its acceptance to its webhook without a reload", async () => {
    const extra = { webhookUrl: hook(204).url, metadata: { order: "1042" } };
    const { page } = await enter("sandbox-delay-6000", extra);
    await page.evaluate("globalThis.notReloaded = true");
    await status(page, "Processing").waitFor();
    await page.getByRole("img", { name: /^Running/ }).waitFor();

    await status(page, "Ready").waitFor();
    await attempt(page, "HTTP 204").waitFor();
    const events = await page.locator(".events td.cell-event").allTextContents();
    const polls = events.filter((one) => one === "Poll").length;
    expect(polls).toBeGreaterThanOrEqual(1);
    expect(events.filter((one) => one !== "Poll")).toEqual(["Accepted", "Admitted", "Submitted", "Ready"]);
    // The drawing has accessible names and a legend.
    await page.getByRole("img", { name: /^From acceptance to the end/ }).waitFor();
    await page.getByRole("img", { name: /^Validity of the solution/ }).waitFor();
    expect(await page.getByRole("list", { name: "Legend" }).textContent()).toContain("With the upstream");
    await card(page, "Webhook").getByText("Delivered").waitFor();
    await card(page, "Metadata").getByText("1042").waitFor();
    expect(await page.evaluate("globalThis.notReloaded")).toBe(true);
  });

  it("cancels the task only after a confirmation", async () => {
    const { page, key, id } = await enter("sandbox-never", { timeoutSeconds: 300 });
    await status(page, "Processing").waitFor();
    await button(page, "Cancel task").click();
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
});

describe("the page of a ready task", () => {
  it("shows the solution with a button that copies it, and then that the solution was claimed", async () => {
    const { page, key, id } = await enter("sandbox-instant");
    const solution = card(page, "Solution");
    await solution.getByText("Valid for").waitFor();
    await paste(page, "");
    await solution.getByRole("button", { name: "Copy gRecaptchaResponse" }).click();
    await page.getByRole("status").getByText("Copied gRecaptchaResponse.").waitFor();
    const task = await awaitTask(stage.gateway, key, id);
    expect(await copied(page)).toBe(task.solution?.gRecaptchaResponse);

    const claim = await ask(stage.gateway, "POST", `/v1/tasks/${id}/claim`, { token: key });
    expect(claim.status).toBe(200);
    await page.reload();
    await solution.getByText("Claimed: it was handed out once and deleted.").waitFor();
    await event(page, "Solution claimed").waitFor();
  });

  it("shows the cookies of the solution", async () => {
    const key = await (await stage.tenant()).key();
    const { id } = await submitTask(stage.gateway, key, "sandbox-instant");
    const { page } = await stage.visit();
    await page.route(`**/v1/tasks/${id}`, async (route) => {
      const response = await route.fetch();
      const task = (await response.json()) as { solution: object };
      await route.fulfill({ response, json: { ...task, solution: { ...task.solution, cookies: { NID: "511=abc" } } } });
    });
    await signIn(page, key, `tasks/${id}`);
    await card(page, "Solution").getByText("Cookie NID").waitFor();
    await paste(page, "");
    await card(page, "Solution").getByRole("button", { name: "Copy Cookie NID" }).click();
    await expect.poll(() => copied(page)).toBe("NID=511=abc");
  });

  it("shows the task as raw JSON, and creates another task with the same request", async () => {
    const extra = { reference: "order-1042", metadata: { order: "1042" }, timeoutSeconds: 45 };
    const { page, key, id } = await enter("sandbox-instant", extra);
    await status(page, "Ready").waitFor();
    await page.getByRole("heading", { name: "Raw JSON" }).click();
    expect(JSON.parse((await page.locator("pre").textContent()) ?? "")).toMatchObject({
      task: { id, metadata: { order: "1042" } },
      events: expect.arrayContaining([expect.objectContaining({ type: "accepted" })]),
    });

    await button(page, "Run again").click();
    await dialog(page).getByRole("button", { name: "Create task" }).click();
    await page.getByText(id, { exact: true }).waitFor({ state: "detached" });
    await status(page, "Ready").waitFor();
    const next = new URL(page.url()).hash.replace("#/tasks/", "");
    const first = await awaitTask(stage.gateway, key, id);
    const second = await awaitTask(stage.gateway, key, next);
    expect(second).toMatchObject({ task: first.task, metadata: first.metadata });
    const seconds = (task: typeof first) => Date.parse(task.deadlineAt) - Date.parse(task.createdAt);
    expect(seconds(second)).toBe(45_000);
  });
});

describe("the page of a failed task", () => {
  it.each([
    ["sandbox-reject-ERROR_RECAPTCHA_INVALID_SITEKEY", "upstream_rejected", "ERROR_RECAPTCHA_INVALID_SITEKEY"],
    ["sandbox-fail-ERROR_CAPTCHA_UNSOLVABLE", "unsolvable", "ERROR_CAPTCHA_UNSOLVABLE"],
  ])("shows the API's error message first: %s", async (scenario, code, upstreamCode) => {
    const { page, key, id } = await enter(scenario);
    await status(page, "Failed").waitFor();
    const { error } = await awaitTask(stage.gateway, key, id);
    const notice = page.getByRole("main").locator(".notice", { has: page.getByText(code, { exact: true }) });
    await notice.getByText(upstreamCode, { exact: true }).waitFor();
    const paragraphs = await notice.getByRole("paragraph").allTextContents();
    expect(paragraphs).toHaveLength(3);
    expect(paragraphs[0]).toBe(error?.message);
    await card(page, "Solution").getByText("None: the task ended without one.").waitFor();
  });
});

describe("the webhook on the page of a task", () => {
  it("shows each attempt once with its response, until the webhook is delivered", async () => {
    const { url, respondWith } = hook(500);
    const { page } = await enter("sandbox-instant", { webhookUrl: url });
    await attempt(page, "HTTP 500").first().waitFor();
    await card(page, "Webhook").getByText("Pending").waitFor();
    await card(page, "Webhook").getByText("Next attempt").waitFor();
    expect(await event(page, "Webhook attempt").count()).toBe(0);

    respondWith(204);
    await attempt(page, "HTTP 204").waitFor();
    await card(page, "Webhook").getByText("Delivered").waitFor();
    await card(page, "Webhook").getByText("Next attempt").waitFor({ state: "detached" });
  });

  it("is redelivered after a confirmation, with the same webhook-id", async () => {
    // 410 from a task's own URL ends the attempts.
    const { url, respondWith } = hook(410);
    const { page, id } = await enter("sandbox-instant", { webhookUrl: url });
    await card(page, "Webhook").getByText("Given up").waitFor();

    respondWith(204);
    await button(page, "Redeliver webhook").click();
    await dialog(page).getByText(url).waitFor();
    await dialog(page).getByRole("button", { name: "Send again" }).click();
    await attempt(page, "HTTP 204").waitFor();
    await card(page, "Webhook").getByText("Delivered").waitFor();
    await attempt(page, "HTTP 410").waitFor();
    const [first, second] = receiver.received.filter(({ body }) => body.includes(id));
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
  });

  it("shows the body of a response", async () => {
    const server = createServer((_request, response) => response.writeHead(503).end('{"error":"busy"}'));
    try {
      const { page } = await enter("sandbox-instant", { webhookUrl: await listening(server) });
      await attempt(page, '{"error":"busy"}').first().waitFor();
    } finally {
      server.close();
    }
  });

  it("can be redelivered only when the task is final and has a webhook URL or an endpoint", async () => {
    const { page, key } = await enter("sandbox-instant");
    await card(page, "Webhook").getByText("None: the task has no webhook URL").waitFor();
    expect(await button(page, "Redeliver webhook").count()).toBe(0);
    await ask(stage.gateway, "PUT", "/v1/webhook", { token: key, body: { url: receiver.url } });
    await page.reload();
    await button(page, "Redeliver webhook").click();
    await dialog(page).getByRole("button", { name: "Send again" }).click();
    await attempt(page, "HTTP 204").waitFor();

    const running = await submitTask(stage.gateway, key, "sandbox-never", { webhookUrl: receiver.url });
    await page.goto(`/console#/tasks/${running.id}`);
    await status(page, "Processing").waitFor();
    expect(await button(page, "Redeliver webhook").count()).toBe(0);
  });
});
