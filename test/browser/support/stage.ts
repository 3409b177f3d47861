// What browser tests need: a gateway with an upstream, a browser, and tenants. Visits are closed after each test, and a problem in one of
// them fails the test. Files share the gateway, unless one needs its own.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import { PROJECT } from "../../../scripts/support/gateway-process.ts";
import { ALL_SCOPES, createKey, createTenant, type Stage, setStage, type Target } from "../../e2e/support.ts";
import { signIn } from "./console.ts";
import { startVisit, type Visit, type VisitOptions } from "./visit.ts";

/** The folder of the pictures, beside the build and outside of git. */
const PICTURES = join(PROJECT, "dist", "screenshots");

interface KeyOptions {
  readonly mode?: "live" | "test";
  readonly scopes?: readonly string[];
}

/** A tenant of one test. */
interface TestTenant {
  readonly id: string;
  readonly webhookSecret: string;
  /** Creates a key, by default a test key with every scope. */
  key(options?: KeyOptions): Promise<string>;
}

export interface BrowserStage {
  readonly gateway: Target;
  readonly upstreamUrl: string;
  /** A new visit. It is closed after the test, and its problems fail the test. */
  visit(options?: VisitOptions): Promise<Visit>;
  /** A new tenant that may use antcpt.com. */
  tenant(): Promise<TestTenant>;
  /** A new visit, signed in at a route with a key of a new tenant. */
  enter(route?: string, key?: KeyOptions): Promise<Visit & { readonly tenant: TestTenant; readonly key: string }>;
}

/**
 * Sets the stage for the tests of a file. Call it once, at the top of the file, and use the result inside tests and hooks.
 * @param vars variables of a gateway for this file alone; by default the file uses the shared gateway
 */
export function browserStage(vars?: Readonly<Record<string, string>>): BrowserStage {
  let own: Stage | undefined;
  let browser: Browser | undefined;
  const visits: Visit[] = [];
  const gateway = (): Target => own?.gateway() ?? { url: inject("gatewayUrl") };

  beforeAll(async () => {
    browser = await connectBrowser();
    if (vars !== undefined) own = await setStage(vars);
  });
  afterEach(async () => {
    const done = visits.splice(0);
    await Promise.all(done.map((visit) => visit.close()));
    expect(done.flatMap((visit) => visit.problems())).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await own?.close();
  });

  const stage: BrowserStage = {
    get gateway() {
      return gateway();
    },
    get upstreamUrl() {
      return own?.upstream.url ?? inject("upstreamUrl");
    },
    async visit(options) {
      if (browser === undefined) throw new Error("no browser yet: use the stage inside tests and hooks");
      const visit = await startVisit(browser, gateway().url, options);
      visits.push(visit);
      return visit;
    },
    async tenant() {
      const id = `tenant-${crypto.randomUUID().slice(0, 8)}`;
      const { webhookSecrets } = await createTenant(gateway(), id);
      return {
        id,
        webhookSecret: webhookSecrets.test,
        async key({ mode = "test", scopes = ALL_SCOPES } = {}) {
          return await createKey(gateway(), id, mode, scopes);
        },
      };
    },
    async enter(route, options) {
      const tenant = await stage.tenant();
      const key = await tenant.key(options);
      const visit = await stage.visit();
      await signIn(visit.page, key, route);
      return { ...visit, tenant, key };
    },
  };
  return stage;
}

/** Connects to this worker's browser. Closing it closes the connection and its pages. */
export function connectBrowser(): Promise<Browser> {
  const endpoint = inject("browserEndpoints")[Number(process.env.VITEST_POOL_ID ?? 1) - 1];
  if (endpoint === undefined) throw new Error(`There is no browser for worker ${process.env.VITEST_POOL_ID}.`);
  return chromium.connect(endpoint);
}

/** Keeps a picture of the whole page for a person to look at. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  // Elements with a sticky position would be drawn where the page was scrolled to.
  await page.evaluate("scrollTo(0, 0)");
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}
