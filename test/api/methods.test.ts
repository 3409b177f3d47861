import { describe, expect, it } from "vitest";
import { expectProblem } from "../support/answers.ts";
import { call, callWith } from "../support/gateway.ts";

describe("a known path with a wrong method", () => {
  it.each([
    ["PUT", "/v1/tasks", "GET, HEAD, POST"],
    ["DELETE", "/v1/tasks/tsk_1", "GET, HEAD"],
    ["GET", "/v1/tasks/tsk_1/cancel", "POST"],
    ["POST", "/v1/webhook", "GET, HEAD, PUT, DELETE"],
    ["PATCH", "/admin/tenants", "GET, HEAD, POST"],
    ["OPTIONS", "/v1/usage", "GET, HEAD"],
    ["POST", "/healthz", "GET, HEAD"],
    ["POST", "/openapi.json", "GET, HEAD"],
    ["POST", "/docs", "GET, HEAD"],
    ["DELETE", "/", "GET, HEAD"],
  ])("returns 405 before authentication: %s %s with Allow: %s", async (method, path, allow) => {
    const response = await call(method, path);
    await expectProblem(response, "method_not_allowed");
    expect(response.headers.get("allow")).toBe(allow);
  });

  it("returns 404 under /admin when no operator's token is configured", async () => {
    const response = await callWith({ ADMIN_TOKEN: undefined }, "PATCH", "/admin/tenants");
    await expectProblem(response, "not_found");
  });

  it("returns the same 404 for /admin without an operator's token as for an unknown path", async () => {
    const problem = async (path: string) => {
      const response = await callWith({ ADMIN_TOKEN: undefined }, "GET", path);
      const { requestId: _, ...rest } = await response.json<Record<string, unknown>>();
      return rest;
    };
    expect(await problem("/admin/tenants")).toEqual(await problem("/unknown"));
  });
});

describe("GET /", () => {
  it.each([undefined, "*/*", "application/json"])("returns JSON to programs, with Accept: %s", async (accept) => {
    const response = await call("GET", "/", accept === undefined ? {} : { headers: { accept } });
    expect(response.status).toBe(200);
    expect(await response.json()).toStrictEqual({
      name: "Solvegate",
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      console: "/console",
      docs: "/docs",
      openapi: "/openapi.json",
    });
  });

  it("returns browsers a page that links the console, the reference and the health check", async () => {
    const accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    const response = await call("GET", "/", { headers: { accept } });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    expect(response.headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(response.headers.get("vary")).toBe("Accept");
    const page = await response.text();
    for (const path of ["/console", "/docs", "/healthz"]) expect(page).toContain(`href="${path}"`);
  });
});
