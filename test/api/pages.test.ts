// The pages under /docs and /console and their headers. test/browser tests them in a browser.

import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../src/errors.ts";
import { TASK_ERROR_CODES } from "../../src/tasks/status.ts";
import type { ProblemBody } from "../support/answers.ts";
import { expectCommonHeaders, expectProblem } from "../support/answers.ts";
import { call } from "../support/gateway.ts";

afterEach(() => reset());

/** Pages and files, with their content types. */
const SERVED: [path: string, type: RegExp][] = [
  ["/docs", /^text\/html/],
  ["/docs/problems", /^text\/html/],
  ["/docs/reference.css", /^text\/css/],
  ["/docs/reference.js", /^(text|application)\/javascript/],
  ["/docs/icon.svg", /^image\/svg\+xml/],
  ["/docs/swagger-ui.css", /^text\/css/],
  ["/docs/swagger-ui-bundle.js", /^(text|application)\/javascript/],
  ["/console", /^text\/html/],
];

const textOf = async (path: string): Promise<string> => (await call("GET", path)).text();

/** The scripts, style sheets and images that a page loads. */
const loadedBy = (html: string): string[] =>
  [...html.matchAll(/<(?:script|link|img)\b[^>]*\b(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? "");

describe("a page", () => {
  it.each(SERVED)("is served with a strict content security policy: %s", async (path, type) => {
    const response = await call("GET", path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(type);
    expect(response.headers.get("etag")).toMatch(/./);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'self';/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain("unsafe");
    expectCommonHeaders(response);
    await response.body?.cancel();
  });

  it.each(SERVED)("has the same headers and no body for HEAD: %s", async (path, type) => {
    const response = await call("HEAD", path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(type);
    expect(response.headers.get("content-security-policy")).toMatch(/^default-src 'self'/);
    expect(await response.text()).toBe("");
  });

  it("returns 304 when the browser has the current version", async () => {
    const first = await call("GET", "/docs");
    await first.body?.cancel();
    const again = await call("GET", "/docs", { headers: { "if-none-match": first.headers.get("etag") ?? "" } });
    expect(again.status).toBe(304);
    expectCommonHeaders(again);
  });

  it.each([
    "/docs/nothing",
    "/docs/problems/nothing",
    "/docs/..%2fconsole.html",
    "/console/nothing.js",
    "/console.html.map",
  ])("returns 404 when it does not exist: %s", async (path) => {
    await expectProblem(await call("GET", path), "not_found");
  });

  it("loads only files that the gateway serves", async () => {
    for (const page of ["/docs", "/docs/problems", "/console"]) {
      const loaded = loadedBy(await textOf(page));
      expect(loaded.length).toBeGreaterThan(0);
      for (const path of loaded) expect([path, (await call("HEAD", path)).status]).toEqual([path, 200]);
    }
  });

  it("is cached forever when its name has the hash of its content, and revalidated otherwise", async () => {
    const hashed = loadedBy(await textOf("/console")).filter((path) => path.endsWith(".js"));
    expect(hashed.length).toBeGreaterThan(0);
    for (const path of hashed) {
      expect((await call("HEAD", path)).headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    }
    for (const [path] of SERVED) {
      expect((await call("HEAD", path)).headers.get("cache-control")).toMatch(/must-revalidate|no-cache/);
    }
  });

  it("refers to no other host, and has no inline script or style", async () => {
    for (const path of ["/docs", "/docs/problems", "/docs/reference.css", "/docs/reference.js", "/console"]) {
      const text = await textOf(path);
      expect(text.length).toBeGreaterThan(0);
      expect([...text.matchAll(/(?:https?:)?\/\/[\w-]+(?:\.[\w-]+)+/g)].map(String)).toEqual([]);
      expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|\bstyle="|\son\w+="/);
    }
  });
});

describe("the page of problems", () => {
  const anchorsIn = (html: string) => [...html.matchAll(/\bid="([^"]+)"/g)].map((match) => match[1]);

  it("has one section for each error code of a problem and of a task", async () => {
    const anchors = anchorsIn(await textOf("/docs/problems"));
    expect(anchors).toEqual(expect.arrayContaining([...ERROR_CODES]));
    expect(anchors).toEqual(expect.arrayContaining(TASK_ERROR_CODES.map((code) => `task-${code}`)));
    expect(new Set(anchors).size).toBe(anchors.length);
  });

  it("has the section that the type of a problem refers to", async () => {
    const rejections = await Promise.all([call("GET", "/v1/tasks"), call("GET", "/nowhere"), call("POST", "/docs")]);
    for (const rejection of rejections) {
      const { type, status, title } = await rejection.json<ProblemBody>();
      const [path = "", anchor = ""] = type.split("#");
      const html = await textOf(path);
      const section = html.slice(html.indexOf(`<section id="${anchor}">`)).split("</section>")[0];
      expect(section).toContain(`${status} · ${title}`);
    }
  });
});

describe("an asset outside the pages", () => {
  it("returns 404", async () => {
    // The binding has the asset, and the gateway has no such path.
    const page = await env.ASSETS.fetch("https://assets.test/docs");
    expect(page.status).toBe(200);
    await page.body?.cancel();
    for (const path of ["/index.html", "/assets/docs.html", "/docs.html", "/console.html"]) {
      await expectProblem(await call("GET", path), "not_found");
    }
  });
});
