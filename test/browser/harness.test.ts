// The harness itself: what a visitor would find in the browser's console is a fault here, and what is expected is none. Without this
// a page could do all of it and every other test would still pass.

import { createServer, type Server } from "node:http";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launchChromium } from "./support/chromium.ts";
import { startVisit } from "./support/visit.ts";

/** Pages with one fault each, under the policy of the console's pages. */
const PAGES: Readonly<Record<string, string>> = {
  "/sound": "<p>Nothing is wrong here.</p>",
  "/complains": '<script src="/complains.js"></script>',
  "/complains.js": 'console.error("it hurts")',
  "/warns": '<script src="/warns.js"></script>',
  "/warns.js": 'console.warn("it may hurt")',
  "/throws": '<script src="/throws.js"></script>',
  "/throws.js": 'throw new Error("it broke")',
  "/rejects": '<script src="/rejects.js"></script>',
  "/rejects.js": 'Promise.reject(new Error("nobody caught it"))',
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
    const head = '<!doctype html><html lang="en"><link rel="icon" href="/sound"><title>A page</title>';
    response.writeHead(body === undefined ? 404 : 200);
    response.end(request.url?.endsWith(".js") ? body : head + (body ?? ""));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  origin = `http://127.0.0.1:${address.port}`;
  browser = await launchChromium();
});

afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
});

/** The faults of a visit to a path. */
async function faultsOf(path: string, expected?: readonly [number, string]): Promise<string> {
  const visit = await startVisit(browser, origin);
  if (expected !== undefined) visit.expectStatus(...expected);
  await visit.page.goto(path, { waitUntil: "load" });
  // What the page has caused is told in order: once it has drawn twice after loading and said so, the rest has come too.
  await visit.page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
  await visit.close();
  return visit.problems().join("\n");
}

it("a sound page has no fault", async () => {
  expect(await faultsOf("/sound")).toBe("");
});

it.each([
  ["/complains", "it hurts"],
  ["/warns", "it may hurt"],
  ["/throws", "it broke"],
  ["/rejects", "nobody caught it"],
  ["/inline-script", "policy: script-src-elem blocked inline"],
  ["/inline-style", "policy: style-src-attr blocked inline"],
  ["/outside", "request to elsewhere: https://outside.example/pixel.png"],
  ["/missing", "status of 404"],
])("%s is seen at fault", async (path, fault) => {
  expect(await faultsOf(path)).toContain(fault);
});

it("an answer that is expected is no fault, and another one is", async () => {
  expect(await faultsOf("/missing", [404, "/nowhere.png"])).toBe("");
  expect(await faultsOf("/missing", [403, "/nowhere.png"])).not.toBe("");
  expect(await faultsOf("/missing", [404, "/elsewhere.png"])).not.toBe("");
});
