// One visit: a page in a fresh browser context, and everything that goes wrong in it. Whatever a visitor would find in the console of
// the browser is a fault: errors, exceptions, requests to elsewhere, violations of the policy. Refuses to judge: whoever opened the
// visit asks for its faults.

import type { Browser, BrowserContext, Page } from "playwright-core";

/** The screens that pages are tried on (CSS pixels). */
export const SIZES = {
  desktop: { width: 1280, height: 800 },
  // The narrowest phone that is still common.
  phone: { width: 360, height: 780 },
} as const;
type Size = keyof typeof SIZES;
type Scheme = "light" | "dark";

/** Every look that a page must stand: both schemes, on both screens. */
export const LOOKS: readonly { readonly scheme: Scheme; readonly size: Size }[] = [
  { scheme: "light", size: "desktop" },
  { scheme: "dark", size: "desktop" },
  { scheme: "light", size: "phone" },
  { scheme: "dark", size: "phone" },
];

export interface VisitOptions {
  readonly scheme?: Scheme;
  readonly size?: Size;
  /** Two pixels of a picture for each of the screen. */
  readonly sharp?: boolean;
}

export interface Visit {
  readonly page: Page;
  /**
   * From now on an answer of this status to a path is no fault. Chromium writes an error into its console for each answer from
   * 400 up, whoever expects it.
   */
  expectStatus(status: number, path: string | RegExp): void;
  /** From now on a request that gets no answer at all is no fault: the test takes the network away. */
  expectOutage(): void;
  /** What went wrong so far, one line each. */
  faults(): readonly string[];
  close(): Promise<void>;
}

/** Tells of violations in the words of the policy, where the browser's own words name no directive. */
const TELL_VIOLATIONS = `document.addEventListener("securitypolicyviolation", (event) => {
  console.error("policy: " + event.effectiveDirective + " blocked " + (event.blockedURI || "inline") + " " + event.sample);
});`;

/** Opens a visit to an origin; the page is blank until it goes somewhere. */
export async function startVisit(browser: Browser, origin: string, options: VisitOptions = {}): Promise<Visit> {
  const { scheme = "light", size = "desktop", sharp = false } = options;
  const context = await browser.newContext({
    baseURL: origin,
    viewport: SIZES[size],
    deviceScaleFactor: sharp ? 2 : 1,
    colorScheme: scheme,
    reducedMotion: "reduce",
    locale: "en-GB",
    timezoneId: "UTC",
    hasTouch: size === "phone",
  });
  await context.addInitScript(TELL_VIOLATIONS);
  const expected: { readonly status: number; readonly path: string | RegExp }[] = [];
  let outage = false;
  const isExpected = (text: string, url: string) => {
    if (outage && /net::ERR_(?:FAILED|INTERNET_DISCONNECTED)/.test(text)) return true;
    const status = Number(/responded with a status of (\d{3})/.exec(text)?.[1]);
    const { pathname } = URL.canParse(url) ? new URL(url) : { pathname: "" };
    return expected.some(
      (one) =>
        one.status === status && (typeof one.path === "string" ? one.path === pathname : one.path.test(pathname)),
    );
  };
  const page = await context.newPage();
  const faults = watch(context, page, origin, isExpected);
  return {
    page,
    expectStatus: (status, path) => void expected.push({ status, path }),
    expectOutage: () => {
      outage = true;
    },
    faults: () => faults,
    close: () => context.close(),
  };
}

function watch(
  context: BrowserContext,
  page: Page,
  origin: string,
  isExpected: (text: string, url: string) => boolean,
): string[] {
  const faults: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    const { url } = message.location();
    if (!isExpected(message.text(), url)) faults.push(`console ${message.type()}: ${message.text()} (${url})`);
  });
  page.on("pageerror", (error) => faults.push(`exception: ${error.stack ?? error.message}`));
  context.on("request", (request) => {
    const url = new URL(request.url());
    const local = url.protocol === "data:" || url.protocol === "blob:" || url.origin === origin;
    if (!local && url.protocol !== "about:") faults.push(`request to elsewhere: ${request.url()}`);
  });
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "unknown";
    // A request that its own page gave up, by leaving or by asking for something newer, is not a failure.
    if (reason !== "net::ERR_ABORTED" && !isExpected(reason, request.url()))
      faults.push(`request failed: ${request.url()} ${reason}`);
  });
  return faults;
}
