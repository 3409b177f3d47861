// Accessibility by axe: every rule that it has, and no violation.

import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { expect } from "vitest";

/** @param within CSS selectors of what is looked at; by default the whole page. */
export async function expectAccessible(page: Page, within: readonly string[] = []): Promise<void> {
  const axe = new AxeBuilder({ page });
  for (const selector of within) axe.include(selector);
  const { violations, passes } = await axe.analyze();
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)}`),
  ).toEqual([]);
  // An empty page has no violation either.
  expect(passes.length).toBeGreaterThan(0);
}

/** No page is wider than its screen: nobody scrolls sideways to read. */
export async function expectFits(page: Page): Promise<void> {
  const [content, screen] = await page.evaluate<[number, number]>(
    "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
  );
  expect(content).toBeLessThanOrEqual(screen);
}
