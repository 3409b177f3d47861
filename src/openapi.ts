// The OpenAPI 3.1 description: what the route definitions say, and what they cannot.

/** The document's head; paths and schemas come from the routes. */
export const OPENAPI_HEAD = {
  openapi: "3.1.0",
  info: {
    title: "Solvegate",
    version: "1.0.0",
    description:
      "An edge gateway for asynchronous solving: submit a task once, and get its result by a status endpoint, a held request or a signed webhook. For authorised automation: each tenant has an allow-list of website hosts, empty by default.",
    license: { name: "Proprietary", identifier: "LicenseRef-Proprietary" },
  },
  servers: [{ url: "/" }],
  tags: [
    { name: "Tasks", description: "Submit tasks and get their results" },
    { name: "Account", description: "What the tenant has used" },
    { name: "Keys", description: "The tenant's API keys" },
    { name: "Webhooks", description: "The tenant's default endpoint and its signing secret" },
    { name: "Compatible", description: "The createTask / getTaskResult protocol, for its existing clients" },
    { name: "Admin", description: "Tenants and their keys, for the operator" },
    { name: "Meta", description: "The gateway itself" },
  ],
};

export const SECURITY_SCHEMES = {
  apiKey: { type: "http", scheme: "bearer", description: "A Solvegate key: `sg_live_…` or `sg_test_…`" },
  operatorToken: { type: "http", scheme: "bearer", description: "The gateway's ADMIN_TOKEN" },
} as const;
