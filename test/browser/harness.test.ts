// The test harness itself: every message in the browser's own console is reported as a problem, unless a test expects it.

import { createServer, type Server } from "node:http";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { listening } from "../e2e/listening.ts";
import { connectBrowser } from "./support/stage.ts";
import { startVisit } from "./support/visit.ts";

/** Pages with one problem each, under a content security policy like the console's. */
const PAGES: Readonly<Record<string, string>> = {
  "/valid": "<p>Nothing is wrong here.</p>",
  "/complains": '<script src="/complains.js"></script>',
  "/complains.js": 'console.error("it failed")',
  "/warns": '<script src="/warns.js"></script>',
  "/warns.js": 'console.warn("it may fail")',
  "/throws": '<script src="/throws.js"></script>',
  "/throws.js": 'throw new Error("it broke")',
  "/rejects": '<script src="/rejects.js"></script>',
  "/rejects.js": 'Promise.reject(new Error("not caught"))',
  "/inline-script": "<script>document.title = 1</script>",
  "/inline-style": '<p style="color: red">Red?</p>',
  "/outside": '<img alt="" src="https://outside.example/pixel.png">',
  "/missing": '<img alt="" src="/nowhere.png">',
};

let server: Server;
let browser: Browser;
let origin: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const body = PAGES[request.url ?? ""];
    response.setHeader("Content-Security-Policy", "default-src 'self'");
    response.setHeader("Content-Type", request.url?.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8");
    const head = '<!doctype html><html lang="en"><link rel="icon" href="/valid"><title>A page</title>';
    response.writeHead(body === undefined ? 404 : 200);
    response.end(request.url?.endsWith(".js") ? body : head + (body ?? ""));
  });
  origin = await listening(server);
  browser = await connectBrowser();
});

afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
});

/** The problems of a visit to a path. */
async function problemsOf(path: string, expected?: readonly [number, string]): Promise<string> {
  const visit = await startVisit(browser, origin);
  if (expected !== undefined) visit.expectStatus(...expected);
  await visit.page.goto(path, { waitUntil: "load" });
  // The browser reports in order, so after two more frames all earlier messages have been reported.
  await visit.page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
  await visit.close();
  return visit.problems().join("\n");
}

it("a visit reports nothing for a page without problems", async () => {
  expect(await problemsOf("/valid")).toBe("");
});

it.each([
  ["/complains", "it failed"],
  ["/warns", "it may fail"],
  ["/throws", "it broke"],
  ["/rejects", "not caught"],
  ["/inline-script", "policy: script-src-elem blocked inline"],
  ["/inline-style", "policy: style-src-attr blocked inline"],
  ["/outside", "request to another host: https://outside.example/pixel.png"],
  ["/missing", "status of 404"],
])("a visit reports the problem of the page %s", async (path, problem) => {
  expect(await problemsOf(path)).toContain(problem);
});

it("a visit does not report an expected response, and reports it with another status or path", async () => {
  expect(await problemsOf("/missing", [404, "/nowhere.png"])).toBe("");
  expect(await problemsOf("/missing", [403, "/nowhere.png"])).not.toBe("");
  expect(await problemsOf("/missing", [404, "/elsewhere.png"])).not.toBe("");
});
