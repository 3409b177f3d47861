// What a page asks of the gateway: which calls, in which order, and how many at once. Refuses to interfere: it looks on.

import type { Page, Request } from "playwright-core";

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface Traffic {
  /** The calls so far, in their order. */
  readonly calls: readonly Call[];
  /** How many are under way now. */
  readonly underWay: number;
  /** The most that were ever under way at once. */
  readonly most: number;
}

/** Looks on, from now on, at the calls whose path begins with `path`. */
export function watchTraffic(page: Page, path = "/v1/"): Traffic {
  const calls: Call[] = [];
  const open = new Set<Request>();
  let most = 0;
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!url.pathname.startsWith(path)) return;
    calls.push({ method: request.method(), path: url.pathname, query: url.searchParams });
    open.add(request);
    most = Math.max(most, open.size);
  });
  const done = (request: Request) => void open.delete(request);
  page.on("requestfinished", done);
  page.on("requestfailed", done);
  return {
    calls,
    get underWay() {
      return open.size;
    },
    get most() {
      return most;
    },
  };
}

/**
 * Waits until everything that the page has asked for so far is known here: the browser tells in order, so a call of our own at the
 * end comes after all before it. With it "nothing was asked" can be said without waiting a while.
 */
export async function untilToldAll(page: Page): Promise<void> {
  const told = page.waitForRequest((request) => new URL(request.url()).pathname === "/healthz");
  await page.evaluate("fetch('/healthz').then(() => undefined)");
  await told;
}
