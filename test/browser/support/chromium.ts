// The browser: the system's own Chromium, driven by playwright-core, which downloads none. It reaches this machine and nothing else.

import { existsSync } from "node:fs";
import type { Browser } from "playwright-core";
import { chromium } from "playwright-core";

/** Where Debian's package puts it; `CHROMIUM` names another. */
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

const ARGS = [
  // Containers run as root, and have no GPU.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  // What a browser does by itself, and no test asked for.
  "--no-first-run",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // No name resolves and no other address is reached: what a page needs from elsewhere is missing, and seen to be.
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** Starts Chromium, without a window. */
export function launchChromium(): Promise<Browser> {
  if (!existsSync(executablePath)) {
    throw new Error(`There is no Chromium at ${executablePath}: install it, or name another by CHROMIUM.`);
  }
  return chromium.launch({ executablePath, headless: true, args: ARGS });
}
