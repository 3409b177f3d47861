// Records the requests of a page: which, in which order, and how many at once.

import type { Page, Request } from "playwright-core";

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface Traffic {
  /** The calls so far, in order. */
  readonly calls: readonly Call[];
  /** How many are in flight now. */
  readonly inFlight: number;
  /** The most that were in flight at once. */
  readonly most: number;
}

/** Records the calls from now on whose path begins with `path`. */
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
    get inFlight() {
      return open.size;
    },
    get most() {
      return most;
    },
  };
}

/**
 * Waits until all requests that the page has made so far are recorded. The browser reports them in order, so one more request at the
 * end is enough. With it a test can expect that there was no request, without sleeping.
 */
export async function flushTraffic(page: Page): Promise<void> {
  const reported = page.waitForRequest((request) => new URL(request.url()).pathname === "/healthz");
  await page.evaluate("fetch('/healthz').then(() => undefined)");
  await reported;
}
