// Starts what all files of the browser tests share: a gateway with its upstream, and a browser.

import type { TestProject } from "vitest/node";
import { setStage } from "../../e2e/support.ts";
import { launchChromiumServer } from "./chromium.ts";

declare module "vitest" {
  interface ProvidedContext {
    gatewayUrl: string;
    upstreamUrl: string;
    /** Where Playwright connects to the browser. */
    browserEndpoint: string;
  }
}

/** The shortest interval that is allowed: tests do not wait for polls longer than they have to. */
const VARS = { POLL_INTERVAL_MS: "1000" };

export default async function startShared(project: TestProject): Promise<() => Promise<void>> {
  const [stage, browser] = await Promise.all([setStage(VARS), launchChromiumServer()]);
  project.provide("gatewayUrl", stage.gateway().url);
  project.provide("upstreamUrl", stage.upstream.url);
  project.provide("browserEndpoint", browser.wsEndpoint());
  return async () => {
    await browser.close();
    await stage.close();
  };
}
