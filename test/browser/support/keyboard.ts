// The keyboard alone: moving the focus as a person does, who must see at every stop where it is. Refuses to click, and to set the focus.

import type { Locator, Page } from "playwright-core";

/** Stops of the longest page, and some more: beyond them the wanted one is not among them. */
const MOST_STOPS = 120;

/** Where the focus is, in words; null where it is nowhere. Its ring is judged too: a link over a whole row wears it on its ::after. */
const STOP = `(() => {
  const one = document.activeElement;
  if (one === null || one === document.body) return null;
  const ringed = ({ outlineStyle, outlineWidth }) => outlineStyle !== "none" && outlineWidth !== "0px";
  const { width, height } = one.getBoundingClientRect();
  const name = (one.getAttribute("aria-label") ?? one.textContent ?? "").trim().slice(0, 40);
  return {
    name: one.tagName.toLowerCase() + " " + name,
    seen: width > 0 && height > 0 && (ringed(getComputedStyle(one)) || ringed(getComputedStyle(one, "::after"))),
  };
})()`;

interface Stop {
  readonly name: string;
  readonly seen: boolean;
}

/** Goes on to the next stop. @throws Error where nobody could see that the focus is there */
async function step(page: Page, key: "Tab" | "Shift+Tab"): Promise<string | null> {
  await page.keyboard.press(key);
  const stop = await page.evaluate<Stop | null>(STOP);
  if (stop !== null && !stop.seen) throw new Error(`the focus is on what does not show it: ${stop.name}`);
  return stop?.name ?? null;
}

/** Whether the focus is on an element. */
export function hasFocus(target: Locator): Promise<boolean> {
  return target.evaluate((one) => one === one.ownerDocument.activeElement);
}

/** Presses Tab until the focus is on an element. @throws Error where it never gets there */
export async function tabTo(page: Page, target: Locator, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  await target.waitFor();
  const stops: (string | null)[] = [];
  for (let count = 0; count < MOST_STOPS; count += 1) {
    if (await hasFocus(target)) return;
    stops.push(await step(page, key));
  }
  throw new Error(`not reached by ${key}; the stops were: ${[...new Set(stops)].join(", ")}`);
}

/** Every stop of the page from its beginning to its end, in words. */
export async function stopsOf(page: Page): Promise<string[]> {
  await stopsUntilOut(page, "Shift+Tab");
  return await stopsUntilOut(page, "Tab");
}

/** The stops until the focus leaves the page. */
async function stopsUntilOut(page: Page, key: "Tab" | "Shift+Tab"): Promise<string[]> {
  const stops: string[] = [];
  for (let count = 0; count < MOST_STOPS; count += 1) {
    const stop = await step(page, key);
    if (stop === null) return stops;
    stops.push(stop);
  }
  throw new Error("the focus never leaves the page");
}
