// Records the requests of a page: their paths, their order, and how many are in flight.

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
}

/** Records the calls from now on whose path begins with `path`. */
export function watchTraffic(page: Page, path = "/v1/"): Traffic {
  const calls: Call[] = [];
  const open = new Set<Request>();

  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!url.pathname.startsWith(path)) return;
    calls.push({ method: request.method(), path: url.pathname, query: url.searchParams });
    open.add(request);
  });
  const done = (request: Request) => void open.delete(request);
  page.on("requestfinished", done);
  page.on("requestfailed", done);
  return {
    calls,
    get inFlight() {
      return open.size;
    },
  };
}

/**
 * Waits until all requests that the page has sent so far are recorded. The browser reports requests in order, so waiting for one more is
 * enough. A test can thereby expect that there was no request, without sleeping.
 */
export async function flushTraffic(page: Page): Promise<void> {
  const reported = page.waitForRequest((request) => new URL(request.url()).pathname === "/healthz");
  await page.evaluate("fetch('/healthz').then(() => undefined)");
  await reported;
}
