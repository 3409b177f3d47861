// The console of a tenant with a hundred thousand tasks: it loads one page of the list at a time, and its overview shows the API's figures.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type RunningGateway, startGateway } from "../../scripts/support/gateway-process.ts";
import { ask } from "../e2e/support.ts";
import { rows, signIn } from "./support/console.ts";
import { fillLedger } from "./support/long-ledger.ts";
import { expectEveryLook } from "./support/looks.ts";
import { connectBrowser } from "./support/stage.ts";
import { flushTraffic, watchTraffic } from "./support/traffic.ts";
import { startVisit, type Visit } from "./support/visit.ts";

const TASKS = 100_000;
const PAGE_SIZE = 50;
const ADMIN_TOKEN = "admin-token-of-the-long-ledger";

const persistTo = mkdtempSync(join(tmpdir(), "solvegate-ledger-"));
let gateway: RunningGateway;
let browser: Browser;
let key: string;
let visit: Visit | null = null;

beforeAll(async () => {
  const options = { persistTo, vars: { ADMIN_TOKEN } };
  gateway = await startGateway(options);
  const tenant = { id: "busy", name: "Busy", allowedHosts: ["antcpt.com"] };
  await ask(gateway, "POST", "/admin/tenants", { token: ADMIN_TOKEN, body: tenant });
  const body = { name: "Monitoring", mode: "test", scopes: ["tasks:read", "tasks:write", "account:read"] };
  const created = await ask(gateway, "POST", "/admin/tenants/busy/keys", { token: ADMIN_TOKEN, body });
  key = (created.body as { key: string }).key;
  await gateway.stop();
  fillLedger(persistTo, TASKS, Date.now());
  [gateway, browser] = await Promise.all([startGateway(options), connectBrowser()]);
});
afterEach(async () => {
  await visit?.close();
  expect(visit?.problems() ?? []).toEqual([]);
  visit = null;
});
afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
  rmSync(persistTo, { recursive: true, force: true });
});

/** A blank page. */
async function open(): Promise<Page> {
  visit = await startVisit(browser, gateway.url);
  return visit.page;
}

const ids = (page: Page) =>
  rows(page)
    .getByRole("link")
    .evaluateAll((links) => links.map((link) => link.getAttribute("title") ?? ""));

interface UsageDay {
  readonly day: string;
  readonly submitted: number;
  readonly ready: number;
  readonly failed: Readonly<Record<string, number>>;
  readonly canceled: number;
}

/** The usage of the last 30 days, from the API. */
async function usage(): Promise<readonly UsageDay[]> {
  const { body } = await ask(gateway, "GET", "/v1/usage", { token: key });
  return (body as { days: UsageDay[] }).days;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0);
const failedOf = (day: UsageDay) => sum(Object.values(day.failed));
const formatted = (n: number) => new Intl.NumberFormat("en-GB").format(n);
const percent = (share: number) => `${Math.floor(share * 1_000) / 10} %`;

describe("the list of a hundred thousand tasks", () => {
  it("is loaded with one request for one page", async () => {
    const page = await open();
    const traffic = watchTraffic(page);
    await signIn(page, key);
    await rows(page).first().waitFor();
    await flushTraffic(page);
    // It is loaded again when the event stream connects, because events may have been missed before.
    const lists = traffic.calls.filter(({ path }) => path === "/v1/tasks");
    expect(lists.length).toBeLessThanOrEqual(2);
    for (const { query } of lists) expect(query.toString()).toBe(`limit=${PAGE_SIZE}`);
    expect(await rows(page).count()).toBe(PAGE_SIZE);
  });

  it("shows every task once when it is read page by page, and leads back to the newest", async () => {
    const page = await open();
    await signIn(page, key);
    await rows(page).first().waitFor();
    const seen = await ids(page);
    for (let turn = 0; turn < 2; turn += 1) {
      await page.getByRole("link", { name: "Older" }).click();
      await page.locator(`[title="${seen.at(-1)}"]`).waitFor({ state: "detached" });
      await rows(page).first().waitFor();
      seen.push(...(await ids(page)));
    }
    const newest = TASKS - 1;
    expect(seen).toEqual(
      Array.from({ length: 3 * PAGE_SIZE }, (_, n) => `tsk_${(newest - n).toString(16).padStart(64, "0")}`),
    );
    await page.reload();
    await rows(page).first().waitFor();
    expect(await ids(page)).toEqual(seen.slice(-PAGE_SIZE));
    await page.getByRole("link", { name: "Newest" }).click();
    await page.locator(`[title="${seen[0]}"]`).waitFor();
  });
});

describe("the overview of a hundred thousand tasks", () => {
  it("shows the API's figures for 30 days and for 7 days", async () => {
    const page = await open();
    await signIn(page, key, "overview");
    const figure = (name: string) => page.locator(".figure").filter({ hasText: name }).locator("dd").first();
    const days = await usage();
    for (const span of [30, 7]) {
      await page.getByRole("button", { name: `${span} days` }).click();
      const shown = days.slice(-span);
      const [submitted, ready, failed] = [
        sum(shown.map((day) => day.submitted)),
        sum(shown.map((day) => day.ready)),
        sum(shown.map(failedOf)),
      ];
      await figure("Tasks").getByText(formatted(submitted), { exact: true }).waitFor();
      expect(await figure("Failed").textContent()).toBe(formatted(failed));
      expect(await figure("Success rate").textContent()).toBe(percent(ready / (ready + failed)));
      const failures = page.getByRole("table", { name: /Failures by code/ }).locator("tbody tr");
      expect(await failures.locator("td").first().textContent()).toBe(formatted(failed));
      expect(await failures.locator("th").textContent()).toContain("unsolvable");
    }
  });

  it("draws three plots, and shows all their numbers in a table", async () => {
    const page = await open();
    await signIn(page, key, "overview");
    const plots = page.getByRole("img", { name: /The table on this page has the numbers/ });
    await plots.locator("canvas").nth(2).waitFor();
    expect(await plots.count()).toBe(3);
    const days = await usage();

    await page.getByRole("heading", { name: "Table of days" }).click();
    const shown = page.getByRole("table", { name: /Each day/ }).locator("tbody tr");
    const cells = () =>
      shown.evaluateAll((all) =>
        all.map((row) => [...row.querySelectorAll("td")].slice(0, 4).map((cell) => cell.textContent)),
      );
    await expect
      .poll(cells)
      .toEqual(
        days
          .toReversed()
          .map((day) => [day.submitted, day.ready, failedOf(day), day.canceled].map((number) => formatted(number))),
      );
  });

  it("fits the screen and is accessible in every look, with the table closed and open", async () => {
    const page = await open();
    await signIn(page, key, "overview");
    await page
      .getByRole("img", { name: /The table on this page has the numbers/ })
      .locator("canvas")
      .nth(2)
      .waitFor();
    await expectEveryLook(page, "console-overview");
    await page.getByRole("heading", { name: "Table of days" }).click();
    await expectEveryLook(page, "console-overview-table");
  });

  it("loads the usage at most once a minute", async () => {
    const page = await open();
    await page.clock.install();
    const traffic = watchTraffic(page, "/v1/usage");
    await signIn(page, key, "overview");
    await page.getByRole("heading", { name: "Table of days" }).waitFor();
    await page.getByRole("button", { name: "7 days" }).click();
    await page.clock.fastForward(30_000);
    await flushTraffic(page);
    expect(traffic.calls).toHaveLength(1);
    const again = page.waitForRequest(/\/v1\/usage/);
    await page.clock.fastForward(60_000);
    await again;
  });
});
