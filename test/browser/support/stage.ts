// What browser tests need: a gateway with an upstream, a browser, and tenants. Visits are closed after each test, and a problem in one of
// them fails the test.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { PROJECT, type RunningGateway } from "../../../scripts/support/gateway-process.ts";
import { askAdmin, makeTenant, type Stage, setStage } from "../../e2e/support.ts";
import { launchChromium } from "./chromium.ts";
import { fulfillUpcoming } from "./upcoming.ts";
import { startVisit, type Visit, type VisitOptions } from "./visit.ts";

/** Where pictures are kept: beside the build, outside of git. */
const PICTURES = join(PROJECT, "dist", "screenshots");

/** A tenant of one test. */
interface TestTenant {
  readonly id: string;
  readonly webhookSecret: string;
  /** A test key with these scopes; every scope by default. */
  key(overrides?: { readonly mode?: "live" | "test"; readonly scopes?: readonly string[] }): Promise<string>;
}

export interface BrowserStage {
  readonly gateway: RunningGateway;
  readonly upstream: Stage["upstream"];
  /** A new visit. It is closed after the test, and its problems fail the test. */
  visit(options?: VisitOptions): Promise<Visit>;
  /** A new tenant that may use antcpt.com. */
  tenant(): Promise<TestTenant>;
}

const ALL_SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"];

/**
 * Sets the stage for the tests of a file. Call it once, at the top of the file; use the result inside tests and hooks.
 * @param vars variables of the gateway, besides those of every end-to-end test
 */
export function browserStage(vars: Readonly<Record<string, string>> = {}): BrowserStage {
  let stage: Stage | undefined;
  let browser: Browser | undefined;
  let tenants = 0;
  const visits: Visit[] = [];
  const set = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error("the stage is not set yet: use it inside tests and hooks");
    return part;
  };

  beforeAll(async () => {
    [stage, browser] = await Promise.all([setStage(vars), launchChromium()]);
  });
  afterEach(async () => {
    const done = visits.splice(0);
    await Promise.all(done.map((visit) => visit.close()));
    expect(done.flatMap((visit) => visit.problems())).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  return {
    get gateway() {
      return set(stage).gateway();
    },
    get upstream() {
      return set(stage).upstream;
    },
    async visit(options) {
      const visit = await startVisit(set(browser), set(stage).gateway().url, options);
      visits.push(visit);
      await fulfillUpcoming(visit.page);
      return visit;
    },
    async tenant() {
      const gateway = set(stage).gateway();
      tenants += 1;
      const id = `tenant-${tenants}`;
      const { webhookSecrets } = await makeTenant(gateway, id);
      return {
        id,
        webhookSecret: webhookSecrets.test,
        async key({ mode = "test", scopes = ALL_SCOPES } = {}) {
          const body = { name: `${mode} key`, mode, scopes };
          const made = await askAdmin(gateway, "POST", `/admin/tenants/${id}/keys`, body);
          if (made.status !== 201) throw new Error(`no key: ${made.status} ${JSON.stringify(made.body)}`);
          return (made.body as { key: string }).key;
        },
      };
    },
  };
}

/** Keeps a picture of the whole page, to be looked at. */
export async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  // Elements with a sticky position would be drawn where the page was scrolled to.
  await page.evaluate("scrollTo(0, 0)");
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}
