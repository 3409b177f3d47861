// Stands in for calls that the gateway does not have yet. Each is deleted when its call lands.

import type { Page } from "playwright-core";

export async function fulfillUpcoming(page: Page): Promise<void> {
  const at = (path: RegExp) => (url: URL) => path.test(url.pathname);
  await page.route(at(/^\/v1\/account$/), (route) =>
    route.fulfill({
      json: {
        tenant: { id: "tenant-1", name: "Tenant", suspended: false },
        mode: "test",
        allowedHosts: ["antcpt.com"],
        limits: { maxInFlight: 100, monthlyTasks: 20_000 },
        month: { liveTasks: 18_000, quota: 20_000 },
        inFlight: 3,
        queued: 0,
      },
    }),
  );
  await page.route(at(/^\/(?:v1|admin\/tenants\/[\w-]+)\/audit$/), (route) =>
    route.fulfill({ json: { entries: [], nextCursor: null } }),
  );
}
