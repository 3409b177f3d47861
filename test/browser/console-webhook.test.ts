// The webhook's view: an address is set, refused, tried, disabled by its receiver, enabled again and removed; the secret is rotated,
// shown once, and signs what comes after.

import { createServer, type Server } from "node:http";
import type { Page } from "playwright-core";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../scripts/support/gateway-process.ts";
import { startReceiver, type WebhookReceiver } from "../../scripts/support/webhook-receiver.ts";
import { ask, awaitTask } from "../e2e/support.ts";
import { copied, paste, signIn, submitTask } from "./support/console.ts";
import { browserStage } from "./support/stage.ts";

const stage = browserStage();

let answer = 204;
let receiver: WebhookReceiver;
/** One that sends its visitors on. */
let mover: Server;
beforeAll(async () => {
  receiver = await startReceiver(() => answer);
  mover = createServer((_request, response) => response.writeHead(302, { location: receiver.url }).end());
  await new Promise<void>((resolve) => mover.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  await receiver.close();
  mover.close();
});

const address = (page: Page) => page.getByRole("textbox", { name: "Endpoint URL" });
const button = (page: Page, name: string) => page.getByRole("button", { name });
const badge = (page: Page, word: string) => page.getByRole("heading", { name: `Address ${word}` });
const dialog = (page: Page) => page.getByRole("dialog");

/** Signed in at the webhook's view, with an address set where one is given. */
async function enter(url?: string) {
  answer = 204;
  const tenant = await stage.tenant();
  const key = await tenant.key();
  if (url !== undefined) {
    const { status } = await ask(stage.gateway, "PUT", "/v1/webhook", { token: key, body: { url } });
    expect(status).toBe(200);
  }
  const visit = await stage.visit();
  await signIn(visit.page, key, "webhook");
  await badge(visit.page, url === undefined ? "Not set" : "Enabled").waitFor();
  return { ...visit, tenant, key };
}

/** What the API says of the endpoint. */
async function endpoint(key: string): Promise<unknown> {
  return (await ask(stage.gateway, "GET", "/v1/webhook", { token: key })).body;
}

describe("the address", () => {
  it("is set, and removed after a question", async () => {
    const { page, key } = await enter();
    expect(await button(page, "Send a test").count()).toBe(0);
    await address(page).fill(` ${receiver.url} `);
    await button(page, "Save address").click();
    await badge(page, "Enabled").waitFor();
    await page.getByRole("status").getByText("The address is saved.").waitFor();
    expect(await endpoint(key)).toMatchObject({ url: receiver.url, disabledAt: null });

    await button(page, "Remove address").click();
    await dialog(page).getByRole("button", { name: "Keep it" }).click();
    expect(await endpoint(key)).toMatchObject({ url: receiver.url });
    await button(page, "Remove address").click();
    await dialog(page).getByRole("button", { name: "Remove address" }).click();
    await badge(page, "Not set").waitFor();
    expect(await address(page).inputValue()).toBe("");
    expect(await endpoint(key)).toMatchObject({ url: null });
  });

  it.each([
    { text: "hooks.shop.example", sentence: "Give a whole address", status: null },
    { text: "", sentence: "Give a whole address", status: null },
    { text: "https://user:word@hooks.example/", sentence: "Give a public https address", status: 403 },
    { text: "ftp://hooks.example/", sentence: "Give a public https address", status: 403 },
  ])("“$text” is refused with a sentence, and stays in the field", async ({ text, sentence, status }) => {
    const { page, key, expectStatus } = await enter();
    if (status !== null) expectStatus(status, "/v1/webhook");
    await address(page).fill(text);
    await button(page, "Save address").click();
    await page.getByRole("main").getByText(sentence).waitFor();
    expect(await address(page).inputValue()).toBe(text);
    expect(await endpoint(key)).toMatchObject({ url: null });
  });

  it("is kept as it was typed while another view is looked at", async () => {
    const { page } = await enter();
    await address(page).fill("https://hooks.example/half-ty");
    await page.getByRole("link", { name: "Keys" }).click();
    await page.getByRole("link", { name: "Webhook" }).click();
    expect(await address(page).inputValue()).toBe("https://hooks.example/half-ty");
  });

  it("that its receiver has disabled by 410 says so and why, and saving enables it again", async () => {
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
    expect(await notice.textContent()).toContain("Saving an address enables it again");
    expect(await address(page).inputValue()).toBe(receiver.url);

    answer = 204;
    await button(page, "Save and enable").click();
    await badge(page, "Enabled").waitFor();
    expect(await endpoint(key)).toMatchObject({ url: receiver.url, disabledAt: null });
  });
});

describe("a test", () => {
  it.each([
    [204, "It answered HTTP 204", "Webhooks get through"],
    [500, "It answered HTTP 500", "Only 2xx counts as delivered"],
    [410, "It answered HTTP 410", "disables the endpoint"],
  ])("answered %i shows the status and what it means", async (status, told, meaning) => {
    const { page } = await enter(receiver.url);
    answer = status;
    await button(page, "Send a test").click();
    const result = page.getByRole("status").filter({ hasText: told });
    await result.waitFor();
    expect(await result.textContent()).toContain(meaning);
    expect(JSON.parse(receiver.received.at(-1)?.body ?? "null")).toMatchObject({ type: "webhook.test" });
  });

  it("that is sent on by a redirect, or that nobody answers, says what to do", async () => {
    const at = mover.address();
    const moving = `http://127.0.0.1:${at !== null && typeof at === "object" ? at.port : 0}/`;
    const { page } = await enter(moving);
    await button(page, "Send a test").click();
    await page.getByText("Redirects are not followed").waitFor();

    await address(page).fill(`http://127.0.0.1:${await freePort()}/nobody`);
    await button(page, "Save address").click();
    await page.getByRole("status").getByText("The address is saved.").waitFor();
    await button(page, "Send a test").click();
    await page.getByText(/No answer after/).waitFor();
    await page.getByText("Check that the address is right").waitFor();
  });
});

describe("the secret", () => {
  it("is rotated, shown once in a dialog that no slip closes, copied, and signs from then on", async () => {
    const { page, tenant } = await enter(receiver.url);
    await paste(page, "");
    await button(page, "Rotate secret").click();
    await dialog(page).getByRole("combobox", { name: "The old secret signs for" }).selectOption({ label: "1 hour" });
    await dialog(page).getByRole("button", { name: "Rotate secret" }).click();

    const shown = dialog(page).getByRole("textbox", { name: "Signing secret" });
    await shown.waitFor();
    const secret = await shown.inputValue();
    expect(secret).toMatch(/^whsec_/);
    expect(secret).not.toBe(tenant.webhookSecret);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await page.mouse.click(2, 2);
    expect(await shown.inputValue()).toBe(secret);
    await dialog(page).getByRole("button", { name: "Copy Signing secret" }).click();
    await expect.poll(() => copied(page)).toBe(secret);

    await dialog(page).getByRole("button", { name: "I have stored it" }).click();
    await dialog(page).waitFor({ state: "detached" });
    expect(await page.content()).not.toContain(secret);
    expect(await page.evaluate<string>("JSON.stringify([{ ...localStorage }, { ...sessionStorage }])")).not.toContain(
      secret,
    );

    await button(page, "Send a test").click();
    await page.getByText("Webhooks get through").waitFor();
    const { body, headers } = receiver.received.at(-1) ?? { body: "", headers: {} };
    // The new one and, for its hour, the old one.
    for (const one of [secret, tenant.webhookSecret]) {
      expect(new Webhook(one).verify(body, headers as Record<string, string>)).toMatchObject({ type: "webhook.test" });
    }
  });

  it("stays as it is when the question is answered by Esc", async () => {
    const { page } = await enter(receiver.url);
    const calls: string[] = [];
    page.on("request", (request) => calls.push(request.url()));
    await button(page, "Rotate secret").click();
    await dialog(page).waitFor();
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "detached" });
    expect(await button(page, "Rotate secret").evaluate((one) => one === one.ownerDocument.activeElement)).toBe(true);
    expect(calls.filter((url) => url.includes("rotate"))).toEqual([]);
  });
});
