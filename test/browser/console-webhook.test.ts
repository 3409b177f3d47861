// The webhook view: the endpoint is set, tested, disabled by its receiver, enabled again and removed, deliveries are listed, and the secret
// is shown and rotated.

import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type Server as TcpServer } from "node:net";
import type { Page } from "playwright-core";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startReceiver, type WebhookReceiver } from "../../scripts/support/webhook-receiver.ts";
import { listening } from "../e2e/listening.ts";
import { ask, awaitTask } from "../e2e/support.ts";
import { copied, dialog, paste, signIn, submitTask } from "./support/console.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage();

/** The status of the receiver's next responses. */
let answer = 204;
let receiver: WebhookReceiver;
/** A receiver that redirects, and one that closes every connection without a response. */
let redirector: Server;
let silent: TcpServer;
let redirecting: string;
let unresponsive: string;
beforeAll(async () => {
  receiver = await startReceiver(() => answer);
  redirector = createServer((_request, response) => response.writeHead(302, { location: receiver.url }).end());
  silent = createTcpServer((socket) => socket.destroy());
  [redirecting, unresponsive] = [await listening(redirector), await listening(silent)];
});
afterAll(async () => {
  await receiver.close();
  redirector.close();
  silent.close();
});

const url = (page: Page) => page.getByRole("textbox", { name: "Endpoint URL" });
const button = (page: Page, name: string) => page.getByRole("button", { name });
const badge = (page: Page, word: string) => page.getByRole("heading", { name: `Endpoint ${word}` });

/** The webhook view, with an endpoint if one is given. */
async function enter(endpointUrl?: string) {
  answer = 204;
  const tenant = await stage.tenant();
  const key = await tenant.key();
  if (endpointUrl !== undefined) {
    const { status } = await ask(stage.gateway, "PUT", "/v1/webhook", { token: key, body: { url: endpointUrl } });
    expect(status).toBe(200);
  }
  const visit = await stage.visit();
  await signIn(visit.page, key, "webhook");
  await badge(visit.page, endpointUrl === undefined ? "Not set" : "Enabled").waitFor();
  return { ...visit, tenant, key };
}

/** The endpoint as the API shows it. */
async function endpoint(key: string): Promise<unknown> {
  return (await ask(stage.gateway, "GET", "/v1/webhook", { token: key })).body;
}

describe("the endpoint in the webhook view", () => {
  it("is set, and is removed only after a confirmation", async () => {
    const { page, key } = await enter();
    expect(await button(page, "Send a test").count()).toBe(0);
    await url(page).fill(` ${receiver.url} `);
    await button(page, "Save endpoint").click();
    await badge(page, "Enabled").waitFor();
    await page.getByRole("status").getByText("The endpoint was saved.").waitFor();
    expect(await endpoint(key)).toMatchObject({ url: receiver.url, disabledAt: null });

    await button(page, "Remove endpoint").click();
    await dialog(page).getByRole("button", { name: "Keep it" }).click();
    expect(await endpoint(key)).toMatchObject({ url: receiver.url });
    await button(page, "Remove endpoint").click();
    await dialog(page).getByRole("button", { name: "Remove endpoint" }).click();
    await badge(page, "Not set").waitFor();
    await expect.poll(() => url(page).inputValue()).toBe("");
    expect(await endpoint(key)).toMatchObject({ url: null });
  });

  it.each([
    { text: "hooks.shop.example", sentence: "Enter a complete URL", status: null },
    { text: "https://user:word@hooks.example/", sentence: "credentials", status: 403 },
  ])("is rejected with an explanation, and stays in the field: $text", async ({ text, sentence, status }) => {
    const { page, key, expectStatus } = await enter();
    if (status !== null) expectStatus(status, "/v1/webhook");
    await url(page).fill(text);
    await button(page, "Save endpoint").click();
    await page.getByRole("main").getByText(sentence).first().waitFor();
    expect(await url(page).inputValue()).toBe(text);
    expect(await endpoint(key)).toMatchObject({ url: null });
  });

  it("keeps what was typed while another view is shown", async () => {
    const { page } = await enter();
    await url(page).fill("https://hooks.example/half-ty");
    await page.getByRole("link", { name: "Keys" }).click();
    await page.getByRole("link", { name: "Webhook" }).click();
    expect(await url(page).inputValue()).toBe("https://hooks.example/half-ty");
  });

  it("is shown as disabled with the reason, and is enabled when it is saved", async () => {
    const { page, key } = await enter(receiver.url);
    answer = 410;
    const { id } = await submitTask(stage.gateway, key, "sandbox-instant");
    await awaitTask(stage.gateway, key, id);
    await expect.poll(() => endpoint(key), { timeout: 30_000 }).toMatchObject({ disabledAt: expect.any(String) });
    const { disabledReason } = (await endpoint(key)) as { disabledReason: string };

    await page.reload();
    await badge(page, "Disabled").waitFor();
    const notice = page.locator(".notice", { hasText: "Disabled since" });
    expect(await notice.textContent()).toContain(disabledReason);
    expect(await notice.textContent()).toContain("Saving the endpoint enables it again");
    expect(await url(page).inputValue()).toBe(receiver.url);

    answer = 204;
    await button(page, "Save and enable").click();
    await badge(page, "Enabled").waitFor();
    expect(await endpoint(key)).toMatchObject({ url: receiver.url, disabledAt: null });
  });
});

describe("a test of the endpoint", () => {
  it.each([
    [204, "The receiver answered HTTP 204", "Webhooks are delivered"],
    [500, "The receiver answered HTTP 500", "Only 2xx counts as delivered"],
    [410, "The receiver answered HTTP 410", "disables the endpoint"],
  ])("shows the status %i and explains it", async (status, sentence, meaning) => {
    const { page } = await enter(receiver.url);
    answer = status;
    await button(page, "Send a test").click();
    const result = page.getByRole("status").filter({ hasText: sentence });
    await result.waitFor();
    expect(await result.textContent()).toContain(meaning);
    expect(JSON.parse(receiver.received.at(-1)?.body ?? "null")).toMatchObject({ type: "webhook.test" });
  });

  it("explains a redirect and a missing response", async () => {
    const { page } = await enter(redirecting);
    await button(page, "Send a test").click();
    await page.getByText("Redirects are not followed").waitFor();

    await url(page).fill(unresponsive);
    await button(page, "Save endpoint").click();
    await page.getByRole("status").getByText("The endpoint was saved.").waitFor();
    await button(page, "Send a test").click();
    await page.getByText(/No response after/).waitFor();
    await page.getByText("Check that the URL is right").waitFor();
  });
});

/** The ids of the tasks whose webhook has a state. */
async function tasksBy(key: string, webhookState: string): Promise<string[]> {
  const { body } = await ask(stage.gateway, "GET", `/v1/tasks?webhookState=${webhookState}`, { token: key });
  return (body as { tasks: { id: string }[] }).tasks.map(({ id }) => id);
}

describe("the deliveries in the webhook view", () => {
  it("are listed by their state, beginning with failed ones", async () => {
    const { page, key } = await enter(receiver.url);
    await page.getByText("No webhook failed in the last 30 days.").waitFor();
    const { id } = await submitTask(stage.gateway, key, "sandbox-instant");
    await expect.poll(() => tasksBy(key, "delivered")).toEqual([id]);
    await button(page, "Delivered").click();
    await page.locator(`[title="${id}"]`).waitFor();

    // 410 from a task's own URL ends the attempts.
    answer = 410;
    const failed = await submitTask(stage.gateway, key, "sandbox-instant", { webhookUrl: `${receiver.url}/own` });
    await expect.poll(() => tasksBy(key, "exhausted")).toEqual([failed.id]);
    await button(page, "Failed").click();
    await page.locator(`[title="${failed.id}"]`).click();
    await page.getByRole("heading", { level: 1, name: "Task Ready" }).waitFor();
  });
});

describe("the signing secret in the webhook view", () => {
  it("is shown on request, is rotated after a confirmation, and signs together with the old one for the overlap", async () => {
    const { page, tenant } = await enter(receiver.url);
    expect(await page.content()).not.toContain(tenant.webhookSecret);
    await button(page, "Show secret").click();
    const secret = page.getByRole("textbox", { name: "Signing secret", exact: true });
    expect(await secret.inputValue()).toBe(tenant.webhookSecret);
    await paste(page, "");
    await page.getByRole("button", { name: "Copy Signing secret" }).click();
    await expect.poll(() => copied(page)).toBe(tenant.webhookSecret);

    await button(page, "Rotate secret").click();
    await dialog(page).getByRole("combobox", { name: "The old secret signs for" }).selectOption({ label: "1 hour" });
    await dialog(page).getByRole("button", { name: "Rotate secret" }).click();
    const previous = page.getByRole("textbox", { name: "Previous signing secret" });
    await previous.waitFor();
    expect(await previous.inputValue()).toBe(tenant.webhookSecret);
    const next = await secret.inputValue();
    expect(next).toMatch(/^whsec_/);
    expect(await page.evaluate<string>("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")).not.toContain(
      next,
    );
    await button(page, "Hide secret").click();
    await secret.waitFor({ state: "detached" });

    await button(page, "Send a test").click();
    await page.getByText("Webhooks are delivered").waitFor();
    const { body, headers } = receiver.received.at(-1) ?? { body: "", headers: {} };
    for (const one of [next, tenant.webhookSecret]) {
      expect(new Webhook(one).verify(body, headers as Record<string, string>)).toMatchObject({ type: "webhook.test" });
    }
  });
});
