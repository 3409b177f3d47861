// GET /openapi.json: it describes every route and webhook of the gateway.

import { describe, expect, it } from "vitest";
import { version } from "../../package.json" with { type: "json" };
import { createApp } from "../../src/app.ts";
import { call } from "../support/gateway.ts";

interface Description {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly security?: unknown; readonly responses: object }>>>
  >;
  readonly webhooks: Readonly<Record<string, { readonly post: { readonly parameters: readonly { name: string }[] } }>>;
  readonly components: { readonly securitySchemes: Readonly<Record<string, unknown>> };
}

const describeGateway = async (): Promise<Description> => (await call("GET", "/openapi.json")).json();

const described = ({ paths }: Description): string[] =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );

/** Pages for browsers, which no client calls. */
const isPage = (route: string) => /^GET \/(docs|console)(\/\*)?$/.test(route);

/** The method and path of every handler, without middleware. */
function served(): string[] {
  const routes = createApp()
    .routes.filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  return [...new Set(routes)].filter((route) => !isPage(route));
}

describe("GET /openapi.json", () => {
  it("returns OpenAPI 3.1 without a key", async () => {
    const response = await call("GET", "/openapi.json");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    const { openapi, info } = await response.json<Description>();
    expect(openapi).toMatch(/^3\.1\.\d+$/);
    expect(info).toMatchObject({ title: "Solvegate", version });
  });

  it("describes every webhook event with the headers of its signature", async () => {
    const { webhooks } = await describeGateway();
    for (const type of [
      "task.ready",
      "task.failed",
      "task.canceled",
      "webhook.test",
      "upstream.refused",
      "task.internal_error",
    ]) {
      const names = webhooks[type]?.post.parameters.map(({ name }) => name);
      expect(names).toEqual(["webhook-id", "webhook-timestamp", "webhook-signature"]);
    }
  });

  it("describes exactly the routes that the gateway has", async () => {
    const listed = described(await describeGateway());
    const itself = "GET /openapi.json";
    expect(listed.filter((route) => route !== itself).sort()).toEqual(
      served()
        .filter((route) => route !== itself)
        .sort(),
    );
  });

  it("documents 400, 401 and 429 for every operation that needs a key or the operator's token", async () => {
    const { paths } = await describeGateway();
    const authenticated = Object.entries(paths).filter(([path]) => /^\/(v1|admin)\//.test(path));
    const operations = authenticated.flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { responses }]) => ({ name: `${method} ${path}`, responses })),
    );
    expect(operations.length).toBeGreaterThan(30);
    for (const { name, responses } of operations) {
      for (const status of ["400", "401", "429"]) expect(responses, name).toHaveProperty(status);
    }
  });

  it("describes the security scheme of every route", async () => {
    const { paths, components } = await describeGateway();
    const schemes = Object.keys(components.securitySchemes);
    for (const [path, operations] of Object.entries(paths)) {
      const expected = path.startsWith("/v1/")
        ? [{ apiKey: [] }]
        : path.startsWith("/admin/")
          ? [{ operatorToken: [] }]
          : [];
      for (const { security } of Object.values(operations)) expect(security).toEqual(expected);
      for (const name of expected.flatMap((entry) => Object.keys(entry))) expect(schemes).toContain(name);
    }
  });
});
