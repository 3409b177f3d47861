// The reference in a real browser: it renders from the gateway's own files, sends requests with a key, and has an anchor for each code.

import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../src/errors.ts";
import { expectAccessible, expectFits } from "./support/accessible.ts";
import { browserStage, picture } from "./support/stage.ts";
import { LOOKS } from "./support/visit.ts";

const stage = browserStage();

/** Enters a key where the page asks for one. */
async function authorize(page: Page, key: string): Promise<void> {
  await page.getByRole("button", { name: "Authorize" }).first().click();
  const scheme = page.locator(".auth-container", { hasText: "apiKey" });
  await scheme.getByRole("textbox").fill(key);
  await scheme.getByRole("button", { name: "Apply credentials" }).click();
  await scheme.getByText("Authorized").waitFor();
  await scheme.getByRole("button", { name: "Close" }).click();
}

/** Opens `/docs` and waits for its operations. */
async function openReference(options: Parameters<typeof stage.visit>[0] = {}) {
  const visit = await stage.visit(options);
  await visit.page.goto("/docs");
  await visit.page.locator("#operations-Tasks-createTask").waitFor();
  return visit;
}

describe("the reference", () => {
  it.each(LOOKS)("shows every operation, in $scheme on a $size", async ({ scheme, size }) => {
    const { page } = await openReference({ scheme, size });

    const response = await page.request.get("/openapi.json");
    const { paths, webhooks } = (await response.json()) as Record<"paths" | "webhooks", Record<string, object>>;
    const operations = [...Object.values(paths), ...Object.values(webhooks)].flatMap((methods) => Object.keys(methods));
    await expect.poll(() => page.locator(".opblock").count()).toBe(operations.length);
    expect(await page.title()).toContain("Reference");
    await expectFits(page);
    // Swagger UI itself has violations, so only this project's part is checked.
    await expectAccessible(page, { within: ["header.bar"] });
    await picture(page, `docs-${size}-${scheme}`);
  });

  it("links the other pages", async () => {
    const { page } = await openReference();
    const links = page.getByRole("navigation", { name: "Pages" }).getByRole("link");
    expect(await links.evaluateAll((all) => all.map((link) => link.getAttribute("href")))).toEqual([
      "/docs",
      "/docs/problems",
      "/console",
      "/openapi.json",
    ]);
  });

  it("sends a request with the key that was entered, and shows the response", async () => {
    const tenant = await stage.tenant();
    const key = await tenant.key();
    const { page } = await openReference();

    await authorize(page, key);
    const call = page.locator("#operations-Tasks-listTasks");
    await call.locator(".opblock-summary-control").click();
    const responded = page.waitForResponse((response) => new URL(response.url()).pathname === "/v1/tasks");
    await call.getByRole("button", { name: "Execute" }).click();

    const response = await responded;
    expect(response.status()).toBe(200);
    expect(response.request().headers().authorization).toBe(`Bearer ${key}`);
    const shown = call.locator(".live-responses-table");
    await shown.getByText('"nextCursor": null').waitFor();
    expect(await shown.locator(".response-col_status").last().textContent()).toContain("200");
  });

  it("sends no optional header that the reader has not filled in", async () => {
    const tenant = await stage.tenant();
    const { page } = await openReference();
    await authorize(page, await tenant.key());
    const call = page.locator("#operations-Tasks-createTask");
    await call.locator(".opblock-summary-control").click();
    const responded = page.waitForResponse((response) => new URL(response.url()).pathname === "/v1/tasks");
    await call.getByRole("button", { name: "Execute" }).click();

    const response = await responded;
    expect(response.status()).toBe(202);
    const { "idempotency-key": key, prefer, traceparent } = response.request().headers();
    expect({ key, prefer, traceparent }).toEqual({ key: undefined, prefer: undefined, traceparent: undefined });
    await call.locator(".live-responses-table").getByText('"status": "queued"').waitFor();
  });

  it("stores the key neither in the browser nor in the URL", async () => {
    const tenant = await stage.tenant();
    const key = await tenant.key();
    const { page } = await openReference();
    await authorize(page, key);

    const kept = await page.evaluate<string>(
      "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])",
    );
    expect(kept).not.toContain(key);
  });
});

describe("the page of problems", () => {
  it.each(LOOKS)("fits the screen and is accessible, in $scheme on a $size", async ({ scheme, size }) => {
    const { page } = await stage.visit({ scheme, size });
    await page.goto("/docs/problems");
    await expectFits(page);
    await expectAccessible(page);
    await picture(page, `problems-${size}-${scheme}`);
  });

  it("opens at the code that a problem's type names", async () => {
    const { page } = await stage.visit();
    const rejection = await fetch(`${stage.gateway.url}/v1/tasks`);
    const { type, code } = (await rejection.json()) as { type: string; code: string };
    await page.goto(type);

    expect(code).toBe("unauthenticated");
    const target = page.locator("section:target");
    await target.waitFor();
    expect(await target.getByRole("heading").textContent()).toBe(code);
    await expect.poll(() => target.evaluate((section) => section.getBoundingClientRect().top)).toBeLessThan(100);
  });

  it("has a heading for every code", async () => {
    const { page } = await stage.visit();
    await page.goto("/docs/problems");
    for (const code of ERROR_CODES) expect(await page.locator(`section#${code} h3`).textContent()).toBe(code);
  });
});
