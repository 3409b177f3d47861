// How views stay up to date: by the event stream, by polling without one, and while the gateway fails. The tests control the page's clock,
// and not the gateway's.

import type { Page, Request } from "playwright-core";
import { describe, expect, it } from "vitest";
import { rows, signIn, submitTask } from "./support/console.ts";
import { browserStage } from "./support/stage.ts";
import { flushTraffic, type Traffic, watchTraffic } from "./support/traffic.ts";

const stage = browserStage();

/** Longer (ms) than any refresh interval of the console. */
const LONG_MS = 600_000;

/** A step (ms) of the page's clock within the time in which the gateway has to answer a ping of the event stream. */
const STEP_MS = 9_000;

/** The request that loads the list. */
const LIST = /\/v1\/tasks\?limit=50/;
const lists = (traffic: Traffic) => traffic.calls.filter(({ query }) => query.get("limit") === "50").length;
const refresh = (page: Page) => page.getByRole("button", { name: "Refresh" });

interface EnterOptions {
  /** Whether the gateway's event stream can be reached. */
  readonly stream: boolean;
}

/**
 * The list of one finished task. The page's clock stands still until the test moves it, and no request is in flight. A test that opens
 * another view has to call `clock.resume()` first.
 */
async function enter({ stream }: EnterOptions) {
  const key = await (await stage.tenant()).key();
  await submitTask(stage.gateway, key, "sandbox-instant");
  const visit = await stage.visit();
  const { page } = visit;
  if (!stream) {
    await page.routeWebSocket(/\/v1\/stream/, (socket) => socket.close());
    // The client sends a plain request to find out why it got no connection.
    visit.expectStatus(426, "/v1/stream");
  }
  const traffic = watchTraffic(page);
  await page.clock.install();
  await signIn(page, key);
  await rows(page).getByText("Ready").waitFor();
  if (stream) await page.getByTitle("Updated by the event stream").waitFor();
  // The page's clock goes on until this command arrives, and it cannot be set back.
  await page.clock.pauseAt(Date.now() + STEP_MS);
  await expect.poll(() => traffic.inFlight).toBe(0);
  await flushTraffic(page);
  return { ...visit, key };
}

/** Moves the page's clock on, and waits for the load that follows. */
async function untilLoad(page: Page): Promise<void> {
  const isLoad = (request: Request) => LIST.test(request.url());
  // Chromium can report a response that must not be cached as failed after the page has read all of it.
  const loaded = Promise.race([
    page.waitForEvent("requestfinished", isLoad),
    page.waitForEvent("requestfailed", isLoad),
  ]);
  await page.clock.fastForward(LONG_MS);
  await loaded;
  await flushTraffic(page);
}

/** Makes the page believe that its tab is visible or hidden. */
async function setVisible(page: Page, visible: boolean): Promise<void> {
  await page.evaluate(`{
    const state = { hidden: ${!visible}, visibilityState: ${visible ? '"visible"' : '"hidden"'} };
    for (const [name, value] of Object.entries(state)) Object.defineProperty(document, name, { configurable: true, value });
    document.dispatchEvent(new Event("visibilitychange"));
  }`);
}

describe("a view with the event stream", () => {
  it("makes no request while the list is idle, and shows a task when its event arrives", async () => {
    const { page, key } = await enter({ stream: true });
    const traffic = watchTraffic(page);
    for (let elapsedMs = 0; elapsedMs < 300_000; elapsedMs += STEP_MS) {
      await page.clock.fastForward(STEP_MS);
      await flushTraffic(page);
    }
    expect(traffic.calls).toEqual([]);

    await page.clock.resume();
    await submitTask(stage.gateway, key, "sandbox-delay-1000");
    await rows(page).nth(1).waitFor();
    await rows(page).first().getByText("Ready").waitFor();
  });

  it("loads a finished task again when its solution expires, and makes no other request", async () => {
    const { page } = await enter({ stream: true });
    await page.clock.resume();
    await rows(page).getByRole("link").click();
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    const traffic = watchTraffic(page);
    // The page's clock is moved past the expiry; the gateway's is not.
    await page.route(/\/v1\/tasks\/tsk_[0-9a-f]+$/, async (route) => {
      const response = await route.fetch();
      const task = (await response.json()) as object;
      await route.fulfill({ response, json: { ...task, solution: null, solutionState: "expired" } });
    });
    const loaded = page.waitForResponse(/\/events$/);
    await page.clock.fastForward(LONG_MS);
    await loaded;
    await page.getByText("Expired after 120 seconds and deleted.").waitFor();
    const { length } = traffic.calls;
    for (let count = 0; count < 3; count += 1) {
      await page.clock.fastForward(LONG_MS);
      await flushTraffic(page);
    }
    expect(traffic.calls).toHaveLength(length);
  });
});

describe("a view without the event stream", () => {
  it("loads an idle list at growing intervals", async () => {
    const { page } = await enter({ stream: false });
    const traffic = watchTraffic(page, "/v1/tasks");
    for (let count = 0; count < 8; count += 1) await untilLoad(page);
    const before = lists(traffic);
    await page.clock.fastForward(15_000);
    await flushTraffic(page);
    expect(lists(traffic)).toBe(before);
    await untilLoad(page);
    expect(lists(traffic)).toBe(before + 1);
  });

  it("never has two requests for the list in flight", async () => {
    const { page } = await enter({ stream: false });
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
    await refresh(page).click();
    await page.clock.fastForward(10_000);
    await first;
    await refresh(page).click();
    await setVisible(page, true);
    await page.evaluate("dispatchEvent(new Event('online'))");
    await flushTraffic(page);
    expect(lists(traffic)).toBe(1);
    release();
    await page.unrouteAll({ behavior: "wait" });
  });

  it("makes no request while its tab is hidden, and loads the list at once when the tab is visible again", async () => {
    const { page, key } = await enter({ stream: false });
    await setVisible(page, false);
    await page.getByText("Paused").waitFor();
    const traffic = watchTraffic(page, "/v1/tasks");
    await submitTask(stage.gateway, key, "sandbox-instant");
    for (let count = 0; count < 3; count += 1) await page.clock.fastForward(LONG_MS);
    await flushTraffic(page);
    expect(lists(traffic)).toBe(0);

    await setVisible(page, true);
    await rows(page).nth(1).waitFor();
  });
});

describe("a view while the gateway fails", () => {
  const problem = (status: number, code: string) => ({
    status,
    contentType: "application/problem+json",
    body: JSON.stringify({ type: "about:blank", title: code, status, detail: null, code, requestId: "req-1042" }),
  });

  it.each([
    ["500", problem(500, "internal"), 500],
    ["503", problem(503, "overloaded"), 503],
    ["a page instead of JSON", { status: 200, body: "<h1>It works</h1>" }, null],
    ["other JSON", { status: 200, body: '{"tasks":[{"id":7}]}' }, null],
  ])("keeps the list, explains the failure and recovers by itself after %s", async (_what, answer, status) => {
    const { page, expectStatus } = await enter({ stream: false });
    if (status !== null) expectStatus(status, "/v1/tasks");
    await page.route(LIST, (route) => route.fulfill(answer));
    await untilLoad(page);
    const alert = page.getByRole("alert");
    await alert.getByText("The gateway could not answer this request.").waitFor();
    expect(await alert.textContent()).toContain("tries again automatically");
    if (status !== null) await alert.getByText("req-1042").waitFor();
    expect(await rows(page).count()).toBe(1);

    await page.unroute(LIST);
    await untilLoad(page);
    await alert.waitFor({ state: "detached" });
    expect(await rows(page).count()).toBe(1);
  });

  it("keeps the list while the gateway does not respond, and recovers on request and when the network is back", async () => {
    const { page, expectOutage } = await enter({ stream: false });
    expectOutage();
    await page.route(LIST, (route) => route.abort());
    await refresh(page).click();
    const alert = page.getByRole("alert");
    await alert.getByText("The gateway does not respond.").waitFor();
    await page.getByText("Not up to date").waitFor();
    expect(await rows(page).count()).toBe(1);
    await page.unroute(LIST);
    await alert.getByRole("button", { name: "Try again" }).click();
    await alert.waitFor({ state: "detached" });

    await page.context().setOffline(true);
    await refresh(page).click();
    await alert.getByText("The gateway does not respond.").waitFor();
    await page.context().setOffline(false);
    await alert.waitFor({ state: "detached" });
  });

  it("makes no request before the time in Retry-After", async () => {
    const { page, expectStatus } = await enter({ stream: false });
    expectStatus(429, "/v1/tasks");
    await page.route(LIST, (route) =>
      route.fulfill({ ...problem(429, "rate_limited"), headers: { "retry-after": "240" } }),
    );
    await untilLoad(page);
    await page.getByRole("alert").waitFor();
    const traffic = watchTraffic(page, "/v1/tasks");
    await page.clock.fastForward(200_000);
    await flushTraffic(page);
    expect(lists(traffic)).toBe(0);
  });

  it("keeps the credential and signs in again when the failure ends while a session is restored", async () => {
    const { page, expectStatus } = await enter({ stream: false });
    await page.clock.resume();
    expectStatus(500, "/v1/keys/current");
    await page.route("**/v1/keys/current", (route) => route.fulfill(problem(500, "internal")));
    await page.reload();
    await page.getByRole("alert").getByText("The gateway could not answer this request.").waitFor();
    await page.unroute("**/v1/keys/current");
    await page.clock.fastForward(LONG_MS);
    await rows(page).getByText("Ready").waitFor();
  });
});
