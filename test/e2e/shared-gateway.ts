// The gateway that end-to-end tests share. Each file creates its own tenants there, and none stops it.

import { inject, vi } from "vitest";
import type { Target } from "./support.ts";

declare module "vitest" {
  interface ProvidedContext {
    sharedGatewayUrl: string;
  }
}

/** The shared gateway, once it answers. */
export async function sharedGateway(): Promise<Target> {
  const url = inject("sharedGatewayUrl");
  const isReady = () =>
    fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await vi.waitUntil(isReady, { timeout: 60_000, interval: 100 });
  return { url };
}
