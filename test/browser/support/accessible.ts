// Checks a page's accessibility with axe.

import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { expect } from "vitest";

interface Scope {
  /** CSS selectors of the parts to check; by default the whole page. */
  readonly within?: readonly string[];
}

/** Expects that axe finds no violation. */
export async function expectAccessible(page: Page, { within = [] }: Scope = {}): Promise<void> {
  // The legacy mode opens no second page for the result. It does not look into frames of other origins; there are none.
  const axe = new AxeBuilder({ page }).setLegacyMode();
  for (const selector of within) axe.include(selector);
  const { violations, passes } = await axe.analyze();
  expect(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)}`),
  ).toEqual([]);
  // An empty page has no violations.
  expect(passes.length).toBeGreaterThan(0);
}

/** Expects that the page does not scroll sideways. */
export async function expectFits(page: Page): Promise<void> {
  const [content, screen] = await page.evaluate<[number, number]>(
    "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
  );
  expect(content).toBeLessThanOrEqual(screen);
}
