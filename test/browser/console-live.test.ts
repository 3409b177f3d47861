// A live view asks politely: one request at a time, more and more seldom where nothing changes, nothing while nobody sees it. And what
// a failing gateway does to it: a sentence, what was shown stays, and it recovers. The page's clock is the test's; the gateway is not.

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { revokeKey, signIn, submitTask } from "./support/console.ts";
import { browserStage } from "./support/stage.ts";
import { flushTraffic, watchTraffic } from "./support/traffic.ts";

const stage = browserStage();

/** Longer (ms) than any pause of the console. */
const LONG_MS = 600_000;

/** Longer (ms) than the first pause, and shorter than the console waits for an answer. */
const SHORT_MS = 10_000;

const LIST = /\/v1\/tasks\?/;
const rows = (page: Page) => page.getByRole("table").locator("tbody tr");

/**
 * Signed in at the list of one finished task, with a clock that stands still until the test moves it on, and nothing under way. What
 * is drawn first needs a frame, so whoever goes elsewhere lets the clock run again.
 */
async function enter() {
  const key = await (await stage.tenant()).key();
  await submitTask(stage.gateway, key, "sandbox-instant");
  const visit = await stage.visit();
  const { page } = visit;
  const traffic = watchTraffic(page);
  await page.clock.install();
  await signIn(page, key);
  await rows(page).getByText("Ready").waitFor();
  await page.clock.pauseAt(Date.now() + 1_000);
  await expect.poll(() => traffic.inFlight).toBe(0);
  await flushTraffic(page);
  return { ...visit, key };
}

/** Moves the page's clock on, and waits for the look that comes then. */
async function untilLook(page: Page): Promise<void> {
  const answered = page.waitForResponse(LIST);
  await page.clock.fastForward(LONG_MS);
  await (await answered).finished();
  await flushTraffic(page);
}

/** Whether somebody sees the tab, as the browser would tell it. */
async function show(page: Page, visible: boolean): Promise<void> {
  await page.evaluate(`{
    const told = { hidden: ${!visible}, visibilityState: ${visible ? '"visible"' : '"hidden"'} };
    for (const [name, value] of Object.entries(told)) Object.defineProperty(document, name, { configurable: true, value });
    document.dispatchEvent(new Event("visibilitychange"));
  }`);
}

describe("a live list", () => {
  it("never has two requests under way, however often it is told to look", async () => {
    const { page } = await enter();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route(LIST, async (route) => {
      await held;
      await route.continue();
    });
    const traffic = watchTraffic(page, "/v1/tasks");
    const first = page.waitForRequest(LIST);
    const refresh = page.getByRole("button", { name: "Refresh" });
    await refresh.click();
    await page.clock.fastForward(SHORT_MS);
    const looking = await first;
    await refresh.click();
    await show(page, true);
    await page.evaluate("dispatchEvent(new Event('online'))");
    await refresh.click();
    await flushTraffic(page);
    expect(traffic.calls).toHaveLength(1);

    release();
    await page.unrouteAll({ behavior: "wait" });
    await (await looking.response())?.finished();
    await flushTraffic(page);
    await untilLook(page);
    expect(traffic.calls.length).toBeGreaterThan(1);
    expect(traffic.most).toBe(1);
  });

  it("looks again by itself, and more and more seldom while nothing changes", async () => {
    const { page } = await enter();
    const traffic = watchTraffic(page, "/v1/tasks");
    for (let look = 0; look < 8; look += 1) await untilLook(page);
    const before = traffic.calls.length;
    await page.clock.fastForward(15_000);
    await flushTraffic(page);
    expect(traffic.calls).toHaveLength(before);
    await untilLook(page);
    expect(traffic.calls.length).toBeGreaterThan(before);
    // Each of them was for the one page that is shown.
    expect(new Set(traffic.calls.map(({ query }) => query.toString()))).toEqual(new Set(["limit=50"]));
  });

  it("asks for nothing while the tab is hidden, and at once when it is seen again", async () => {
    const { page, key } = await enter();
    await show(page, false);
    await page.getByText("Paused").waitFor();
    const traffic = watchTraffic(page);
    await submitTask(stage.gateway, key, "sandbox-instant");
    for (let hour = 0; hour < 3; hour += 1) await page.clock.fastForward(LONG_MS);
    await flushTraffic(page);
    expect(traffic.calls).toEqual([]);

    await show(page, true);
    await rows(page).nth(1).waitFor();
    expect(traffic.most).toBe(1);
  });

  it("watches a finished task until nothing can come any more, and then asks no more", async () => {
    const { page } = await enter();
    await page.clock.resume();
    await rows(page).getByRole("link").click();
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    const traffic = watchTraffic(page);
    // The solution's end is still to come; with the page's clock beyond it, the gateway says that it is not gone yet.
    await page.route(/\/v1\/tasks\/tsk_[0-9a-f]+$/, async (route) => {
      const response = await route.fetch();
      const task = (await response.json()) as object;
      await route.fulfill({ response, json: { ...task, solution: null, solutionState: "expired" } });
    });
    const settled = page.waitForResponse(/\/events$/);
    await page.clock.fastForward(LONG_MS);
    await settled;
    await page.getByText("It expired 120 seconds after").waitFor();
    expect(traffic.calls).toHaveLength(2);
    for (let hour = 0; hour < 3; hour += 1) await page.clock.fastForward(LONG_MS);
    await flushTraffic(page);
    expect(traffic.calls).toHaveLength(2);
    expect(traffic.most).toBe(1);
  });
});

describe("a gateway that fails", () => {
  const problem = (status: number, code: string) => ({
    status,
    contentType: "application/problem+json",
    body: JSON.stringify({ type: "about:blank", title: code, status, detail: null, code, requestId: "req-1042" }),
  });

  it.each([
    ["answers 500", problem(500, "internal"), "The gateway failed to answer as it should.", 500],
    ["answers what is no JSON", { status: 200, body: "<h1>It works</h1>" }, "The gateway failed to answer", null],
    ["answers something else", { status: 200, body: '{"tasks":[{"id":7}]}' }, "The gateway failed to answer", null],
    ["answers 503", problem(503, "internal"), "The gateway failed to answer as it should.", 503],
  ])("and %s: a sentence, the list stays, and it recovers by itself", async (_what, answer, sentence, status) => {
    const { page, expectStatus } = await enter();
    if (status !== null) expectStatus(status, "/v1/tasks");
    await page.route(LIST, (route) => route.fulfill(answer));
    await untilLook(page);
    const alert = page.getByRole("alert");
    await alert.getByText(sentence).waitFor();
    expect(await alert.textContent()).toContain("tries again by itself");
    if (status !== null) await alert.getByText("req-1042").waitFor();
    expect(await rows(page).count()).toBe(1);

    await page.unroute(LIST);
    await untilLook(page);
    await alert.waitFor({ state: "detached" });
    expect(await rows(page).count()).toBe(1);
  });

  it("and does not answer: a sentence, the list stays, and Try again tries", async () => {
    const { page, expectOutage } = await enter();
    expectOutage();
    await page.route(LIST, (route) => route.abort());
    await page.getByRole("button", { name: "Refresh" }).click();
    const alert = page.getByRole("alert");
    await alert.getByText("The gateway does not answer.").waitFor();
    expect(await alert.textContent()).toContain("Check your connection");
    await page.getByText("Not up to date").waitFor();
    expect(await rows(page).count()).toBe(1);
    await page.unroute(LIST);
    await alert.getByRole("button", { name: "Try again" }).click();
    await alert.waitFor({ state: "detached" });
  });

  it("and is out of reach: the list comes back with the network", async () => {
    const { page, expectOutage } = await enter();
    expectOutage();
    await page.context().setOffline(true);
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByRole("alert").getByText("The gateway does not answer.").waitFor();
    await page.context().setOffline(false);
    await page.getByRole("alert").waitFor({ state: "detached" });
  });

  it("and asks to be left alone is left alone for as long", async () => {
    const { page, expectStatus } = await enter();
    expectStatus(429, "/v1/tasks");
    await page.route(LIST, (route) =>
      route.fulfill({ ...problem(429, "rate_limited"), headers: { "retry-after": "240" } }),
    );
    await untilLook(page);
    await page.getByRole("alert").waitFor();
    const traffic = watchTraffic(page, "/v1/tasks");
    await page.clock.fastForward(200_000);
    await flushTraffic(page);
    expect(traffic.calls).toEqual([]);
    await page.unroute(LIST);
    await untilLook(page);
    await page.getByRole("alert").waitFor({ state: "detached" });
  });

  it("and is slow shows that it loads, and then the list", async () => {
    const { page } = await enter();
    await page.clock.resume();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route(LIST, async (route) => {
      await held;
      await route.continue();
    });
    await page.getByRole("link", { name: "Failed" }).click();
    await page.getByRole("status", { name: "Loading" }).waitFor();
    release();
    await page.getByRole("heading", { name: "No failed tasks" }).waitFor();
  });

  it("and fails while one comes back is waited for, and the key is kept", async () => {
    const { page, expectStatus } = await enter();
    await page.clock.resume();
    expectStatus(500, "/v1/keys/current");
    await page.route("**/v1/keys/current", (route) => route.fulfill(problem(500, "internal")));
    await page.reload();
    await page.getByRole("alert").getByText("The gateway failed to answer as it should.").waitFor();
    await page.unroute("**/v1/keys/current");
    await page.clock.fastForward(LONG_MS);
    await rows(page).getByText("Ready").waitFor();
  });
});

it("a key that is revoked while a list is watched leads back to the door, and the next one to the same place", async () => {
  const { page, key, expectStatus } = await enter();
  expectStatus(401, "/v1/tasks");
  const address = page.url();
  await revokeKey(stage.gateway, key);
  await page.clock.fastForward(LONG_MS);
  await page.getByRole("alert").getByText("This key no longer works").waitFor();
  expect(await page.evaluate<string>("JSON.stringify({ ...sessionStorage })")).not.toContain(key);
  const traffic = watchTraffic(page);
  await page.clock.fastForward(LONG_MS);
  await flushTraffic(page);
  expect(traffic.calls).toEqual([]);
  expect(page.url()).toBe(address);
});
