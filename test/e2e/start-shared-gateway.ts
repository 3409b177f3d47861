// One gateway for the end-to-end tests that do not stop it. vitest starts it before the test files and stops it after them.

import type { TestProject } from "vitest/node";
import { freePort } from "../../scripts/support/ports.ts";
import type {} from "./shared-gateway.ts";
import { setStage } from "./support.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const port = await freePort();
  project.provide("sharedGatewayUrl", `http://127.0.0.1:${port}`);
  // Other tests run while it starts. `sharedGateway` waits for it.
  const starting = setStage({ POLL_INTERVAL_MS: "1000" }, port).catch((error: unknown) => {
    console.error(error);
    return null;
  });
  return async () => (await starting)?.close();
}
