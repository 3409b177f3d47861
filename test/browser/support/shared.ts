// Starts what the files of the browser tests share: a gateway with its upstream, and one browser for each worker. Pages of one browser
// share its clipboard, so files that run at the same time must not share a browser.

import type { TestProject } from "vitest/node";
import { setStage } from "../../e2e/support.ts";
import { launchChromiumServer } from "./chromium.ts";

declare module "vitest" {
  interface ProvidedContext {
    gatewayUrl: string;
    upstreamUrl: string;
    /** The URLs at which Playwright connects to the browsers, one for each worker. */
    browserEndpoints: readonly string[];
  }
}

/** The shortest poll interval that the gateway accepts, so that tests wait for polls as briefly as possible. */
const VARS = { POLL_INTERVAL_MS: "1000" };

export default async function startShared(project: TestProject): Promise<() => Promise<void>> {
  const workers = Array.from({ length: project.vitest.config.maxWorkers }, () => launchChromiumServer());
  const [stage, ...browsers] = await Promise.all([setStage(VARS), ...workers]);
  project.provide("gatewayUrl", stage.gateway().url);
  project.provide("upstreamUrl", stage.upstream.url);
  project.provide(
    "browserEndpoints",
    browsers.map((browser) => browser.wsEndpoint()),
  );
  return async () => {
    await Promise.all(browsers.map((browser) => browser.close()));
    await stage.close();
  };
}
