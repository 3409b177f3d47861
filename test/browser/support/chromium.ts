// Starts the system's Chromium, so that no browser has to be downloaded. It can reach only this machine.

import { existsSync } from "node:fs";
import type { BrowserServer } from "playwright-core";
import { chromium } from "playwright-core";

/** The path of Debian's package; the variable `CHROMIUM` can name another. */
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

const ARGS = [
  // Containers run as root, and have no GPU.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  // The browser itself must send no requests.
  "--no-first-run",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // No name resolves, so a page that needs another host fails its test.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** Starts Chromium without a window for other processes, which connect to its `wsEndpoint()`. */
export function launchChromiumServer(): Promise<BrowserServer> {
  if (!existsSync(executablePath)) {
    throw new Error(`There is no Chromium at ${executablePath}. Install it, or set CHROMIUM to its path.`);
  }
  return chromium.launchServer({ executablePath, headless: true, args: ARGS });
}
