// Warnings about the configuration.

import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { createApp } from "../../src/app.ts";
import { requestOf } from "../support/gateway.ts";

it("logs a warning about a misspelt variable once per isolate, without its value", async () => {
  const warn = vi.spyOn(console, "warn");
  const environment = { ...env, POLL_INTERVALL_MS: "needle" };
  for (let count = 0; count < 3; count += 1) {
    const context = createExecutionContext();
    const response = await createApp().fetch(requestOf("GET", "/healthz", {}), environment, context);
    await waitOnExecutionContext(context);
    expect(response.status).toBe(200);
  }
  expect(warn.mock.calls).toEqual([
    [
      JSON.stringify({
        level: "warn",
        event: "configuration_warning",
        warning: "POLL_INTERVALL_MS is not a known variable. Did you mean POLL_INTERVAL_MS?",
      }),
    ],
  ]);
});
