// Every look of a page as it stands: light and dark, desktop and phone, one after the other in the same page, so that what it took to
// get there is done once.

import type { Page } from "playwright-core";
import { expectAccessible, expectFits } from "./accessible.ts";
import { picture } from "./stage.ts";
import { LOOKS, SIZES } from "./visit.ts";

/** In every look nothing is wider than the screen, axe finds nothing, and a picture is kept. On each screen axe looks at all once. */
export async function expectEveryLook(page: Page, name: string): Promise<void> {
  for (const { scheme, size } of LOOKS) {
    await page.setViewportSize(SIZES[size]);
    await page.emulateMedia({ colorScheme: scheme });
    // What depends on the width or the scheme is drawn again in the frame after.
    await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
    await picture(page, `${name}-${size}-${scheme}`);
    await expectFits(page);
    await expectAccessible(page, { coloursOnly: scheme === "dark" });
  }
}
