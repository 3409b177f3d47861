// Checks a page in every look: light and dark, desktop and phone, one after the other in the same page.

import type { Page } from "playwright-core";
import { expectAccessible, expectFits } from "./accessible.ts";
import { picture } from "./stage.ts";
import { LOOKS, SIZES } from "./visit.ts";

/** Expects of every look that nothing is wider than the screen and that axe finds no violation. Keeps a picture of each. */
export async function expectEveryLook(page: Page, name: string): Promise<void> {
  for (const { scheme, size } of LOOKS) {
    await page.setViewportSize(SIZES[size]);
    await page.emulateMedia({ colorScheme: scheme });
    // Drawings that depend on the width or the scheme are updated in the next frame.
    await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
    await picture(page, `${name}-${size}-${scheme}`);
    await expectFits(page);
    await expectAccessible(page, { colorsOnly: scheme === "dark" });
  }
}
