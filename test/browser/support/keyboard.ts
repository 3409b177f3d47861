// Moves the focus by keyboard, and checks that it is visible at every stop.

import type { Locator, Page } from "playwright-core";

/** More stops than the longest page has. */
const MOST_STOPS = 120;

/** Describes the focused element, or null, and whether its focus ring is visible. A link that covers its row has the ring on ::after. */
const STOP = `(() => {
  const one = document.activeElement;
  if (one === null || one === document.body) return null;
  const ringed = ({ outlineStyle, outlineWidth }) => outlineStyle !== "none" && outlineWidth !== "0px";
  const { width, height } = one.getBoundingClientRect();
  const name = (one.getAttribute("aria-label") ?? one.textContent ?? "").trim().slice(0, 40);
  return {
    name: one.tagName.toLowerCase() + " " + name,
    visible: width > 0 && height > 0 && (ringed(getComputedStyle(one)) || ringed(getComputedStyle(one, "::after"))),
  };
})()`;

interface Stop {
  readonly name: string;
  readonly visible: boolean;
}

/** Moves to the next stop. @throws Error when the focus is not visible there */
async function step(page: Page, key: "Tab" | "Shift+Tab"): Promise<string | null> {
  await page.keyboard.press(key);
  const stop = await page.evaluate<Stop | null>(STOP);
  if (stop !== null && !stop.visible) throw new Error(`the focus is not visible on ${stop.name}`);
  return stop?.name ?? null;
}

/** Whether the focus is on an element. */
export function hasFocus(target: Locator): Promise<boolean> {
  return target.evaluate((one) => one === one.ownerDocument.activeElement);
}

/** Presses Tab until an element has the focus. @throws Error when it never does */
export async function tabTo(page: Page, target: Locator, key: "Tab" | "Shift+Tab" = "Tab"): Promise<void> {
  await target.waitFor();
  const stops: (string | null)[] = [];
  for (let count = 0; count < MOST_STOPS; count += 1) {
    if (await hasFocus(target)) return;
    stops.push(await step(page, key));
  }
  throw new Error(`not reached by ${key}; the stops were: ${[...new Set(stops)].join(", ")}`);
}

/** A description of every stop of the page, in order. */
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
