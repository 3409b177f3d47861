// A visit: a page in a new browser context, and the problems in it. Everything that appears in the browser's own console is a problem:
// errors, exceptions, requests to other hosts, violations of the content security policy.

import type { Browser, BrowserContext, Page } from "playwright-core";

/** The screens of the tests (CSS pixels). */
export const SIZES = {
  desktop: { width: 1280, height: 800 },
  // The narrowest common phone.
  phone: { width: 360, height: 780 },
} as const;
type Size = keyof typeof SIZES;
type Scheme = "light" | "dark";

/** Both color schemes on both screens. */
export const LOOKS: readonly { readonly scheme: Scheme; readonly size: Size }[] = [
  { scheme: "light", size: "desktop" },
  { scheme: "dark", size: "desktop" },
  { scheme: "light", size: "phone" },
  { scheme: "dark", size: "phone" },
];

export interface VisitOptions {
  readonly scheme?: Scheme;
  readonly size?: Size;
}

export interface Visit {
  readonly page: Page;
  /**
   * From now on a response with this status to a path is not a problem. Chromium logs every response with 400 or more as an error,
   * so call this before the action that causes the response.
   */
  expectStatus(status: number, path: string | RegExp): void;
  /** From now on a request without a response is not a problem. Call this before the test cuts the network. */
  expectOutage(): void;
  /** The problems so far, one line each. */
  problems(): readonly string[];
  close(): Promise<void>;
}

/** Logs violations of the policy with their directive, which the browser's own message does not always name. */
const LOG_VIOLATIONS = `document.addEventListener("securitypolicyviolation", (event) => {
  console.error("policy: " + event.effectiveDirective + " blocked " + (event.blockedURI || "inline") + " " + event.sample);
});`;

/** Opens a visit to an origin, with a blank page. */
export async function startVisit(browser: Browser, origin: string, options: VisitOptions = {}): Promise<Visit> {
  const { scheme = "light", size = "desktop" } = options;
  const context = await browser.newContext({
    baseURL: origin,
    viewport: SIZES[size],
    colorScheme: scheme,
    reducedMotion: "reduce",
    locale: "en-GB",
    timezoneId: "UTC",
    hasTouch: size === "phone",
  });
  await context.addInitScript(LOG_VIOLATIONS);
  const expected: { readonly status: number; readonly path: string | RegExp }[] = [];
  let outage = false;
  const isExpected = (text: string, url: string) => {
    if (outage && /net::ERR_(?:FAILED|INTERNET_DISCONNECTED)/.test(text)) return true;
    const socket = /WebSocket connection to '([^']+)' failed: .*Unexpected response code: (\d{3})/.exec(text);
    const status = Number(socket?.[2] ?? /responded with a status of (\d{3})/.exec(text)?.[1]);
    const { pathname } = URL.parse(socket?.[1] ?? url) ?? { pathname: "" };
    return expected.some(
      (one) =>
        one.status === status && (typeof one.path === "string" ? one.path === pathname : one.path.test(pathname)),
    );
  };
  const page = await context.newPage();
  const problems = watch(context, page, origin, isExpected);
  return {
    page,
    expectStatus: (status, path) => void expected.push({ status, path }),
    expectOutage: () => {
      outage = true;
    },
    problems: () => problems,
    close: () => context.close(),
  };
}

function watch(
  context: BrowserContext,
  page: Page,
  origin: string,
  isExpected: (text: string, url: string) => boolean,
): string[] {
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    const { url } = message.location();
    if (!isExpected(message.text(), url)) problems.push(`console ${message.type()}: ${message.text()} (${url})`);
  });
  page.on("pageerror", (error) => problems.push(`exception: ${error.stack ?? error.message}`));
  context.on("request", (request) => {
    const url = new URL(request.url());
    const local = url.protocol === "data:" || url.protocol === "blob:" || url.origin === origin;
    if (!local && url.protocol !== "about:") problems.push(`request to another host: ${request.url()}`);
  });
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "unknown";
    // A request that the page itself aborted is not a failure.
    if (reason !== "net::ERR_ABORTED" && !isExpected(reason, request.url()))
      problems.push(`request failed: ${request.url()} ${reason}`);
  });
  return problems;
}
