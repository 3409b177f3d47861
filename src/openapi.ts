// The parts of the OpenAPI 3.1 document that do not come from the route definitions.

import { VERSION } from "./version.ts";

/** Everything except paths, webhooks and components. */
export const OPENAPI_HEAD = {
  openapi: "3.1.0",
  info: {
    title: "Solvegate",
    version: VERSION,
    description:
      "A gateway for reCAPTCHA v3 solving services that can only be polled. Submit a task once and get its result from a status endpoint, a long poll, a signed webhook or an event stream. For authorized automation: every tenant has an allow-list of website hosts, empty by default.\n\nTest keys use a built-in sandbox that costs nothing. The `websiteKey` selects a scenario: `sandbox-instant` (ready at once), `sandbox-delay-<ms>` (ready after that time), `sandbox-never` (never ready), `sandbox-reject-<CODE>` (createTask returns the code), `sandbox-fail-<CODE>` (a poll returns the code), `sandbox-http-<status>` (HTTP errors), `sandbox-malformed` (malformed responses), `sandbox-flaky-<n>` (n errors first), `sandbox-slow-<ms>` (slow responses). Any other key is ready after 5 s.",
    license: { name: "Proprietary", identifier: "LicenseRef-Proprietary" },
  },
  servers: [{ url: "/" }],
  tags: [
    { name: "Tasks", description: "Submit tasks and get their results" },
    { name: "Account", description: "The tenant's settings, usage and audit log" },
    { name: "Keys", description: "The tenant's API keys" },
    { name: "Webhooks", description: "The tenant's default endpoint and its signing secret" },
    { name: "Events", description: "Events sent to webhook endpoints and event streams" },
    { name: "Compatibility", description: "The createTask and getTaskResult protocol, for existing clients" },
    { name: "Admin", description: "Tenants and their keys, for the operator" },
    { name: "Meta", description: "The gateway itself" },
  ],
};

/** The security schemes, by name. */
export const SECURITY_SCHEMES = {
  apiKey: { type: "http", scheme: "bearer", description: "A Solvegate key: `sg_live_…` or `sg_test_…`" },
  operatorToken: { type: "http", scheme: "bearer", description: "The gateway's ADMIN_TOKEN" },
} as const;
