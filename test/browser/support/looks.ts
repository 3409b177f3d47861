// Checks a page in every look (light and dark, desktop and phone), one after the other in the same page.

import type { Page } from "playwright-core";
import { expectAccessible, expectFits } from "./accessible.ts";
import { picture } from "./stage.ts";
import { LOOKS, SIZES } from "./visit.ts";

/**
 * Expects that in every look nothing is wider than the screen, and that axe finds no violation. axe checks light on a desktop and dark on
 * a phone, which together are both schemes and both layouts. Keeps a picture of each look if the variable `PICTURES` is set.
 */
export async function expectEveryLook(page: Page, name: string): Promise<void> {
  for (const { scheme, size } of LOOKS) {
    await page.setViewportSize(SIZES[size]);
    await page.emulateMedia({ colorScheme: scheme });
    // Drawings that depend on the width or the scheme are updated in the next frame.
    await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
    if (process.env.PICTURES !== undefined) await picture(page, `${name}-${size}-${scheme}`);
    await expectFits(page);
    if ((scheme === "light") === (size === "desktop")) await expectAccessible(page);
  }
}
