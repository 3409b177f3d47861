// Accessibility by axe: every rule that it has, and no violation.

import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { expect } from "vitest";

/** The rules that a colour scheme can break. */
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

interface Scope {
  /** CSS selectors of what is looked at; by default the whole page. */
  readonly within?: readonly string[];
  /** Only what colours can break: for the second scheme of a page that was looked at whole in the first. */
  readonly coloursOnly?: boolean;
}

export async function expectAccessible(page: Page, { within = [], coloursOnly = false }: Scope = {}): Promise<void> {
  // The legacy mode opens no second page for the result; what it lacks is frames of other origins, and there are none.
  const axe = new AxeBuilder({ page }).setLegacyMode();
  if (coloursOnly) axe.withRules(COLOUR_RULES);
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
