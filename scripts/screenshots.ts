// The README's pictures of the console, taken from a real gateway by the browser tests' own means: a task's timeline with a receiver
// that fails twice, and the overview of a month. The tasks of the picture are test tasks; the month is made up.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { launchChromium } from "../test/browser/support/chromium.ts";
import { signIn, submitTask } from "../test/browser/support/console.ts";
import { startVisit } from "../test/browser/support/visit.ts";
import { ask, awaitTask } from "../test/e2e/support.ts";
import { PROJECT, type RunningGateway, startGateway } from "./support/gateway-process.ts";
import { enterMonth } from "./support/made-up-month.ts";
import { startReceiver } from "./support/webhook-receiver.ts";

const PICTURES = join(PROJECT, "docs");
const ADMIN_TOKEN = "admin-token-of-the-screenshots";
const SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"];

/** The tenant of the pictures, and a test key of it. */
async function makeKey(gateway: RunningGateway): Promise<string> {
  const token = ADMIN_TOKEN;
  const tenant = { id: "acme", name: "Acme", allowedHosts: ["antcpt.com"] };
  await ask(gateway, "POST", "/admin/tenants", { token, body: tenant });
  const body = { name: "Checkout monitoring", mode: "test", scopes: SCOPES };
  const made = await ask(gateway, "POST", "/admin/tenants/acme/keys", { token, body });
  if (made.status !== 201) throw new Error(`no key: ${made.status} ${JSON.stringify(made.body)}`);
  return (made.body as { key: string }).key;
}

/** Takes a picture of a place in the console, once a heading of it is there. */
async function take(
  browser: Browser,
  gateway: RunningGateway,
  key: string,
  place: string,
  heading: string,
  name: string,
) {
  const visit = await startVisit(browser, gateway.url, { sharp: true });
  const { page } = visit;
  await signIn(page, key);
  await page.goto(`/console#/${place}`);
  await page.getByRole("heading", { name: heading }).waitFor();
  await page.waitForLoadState("networkidle");
  await page.screenshot({ path: join(PICTURES, `${name}.png`) });
  await visit.close();
  if (visit.problems().length > 0) throw new Error(`the page is at fault:\n${visit.problems().join("\n")}`);
  console.log(`docs/${name}.png`);
}

const persistTo = mkdtempSync(join(tmpdir(), "solvegate-screenshots-"));
const options = { persistTo, vars: { ADMIN_TOKEN, ALLOW_PRIVATE_WEBHOOKS: "true" } };
const receiver = await startReceiver((count) => (count <= 2 ? 503 : 204));
let gateway = await startGateway(options);
let browser: Browser | undefined;
try {
  const key = await makeKey(gateway);
  // A month cannot be lived through for a picture: it is written where the ledger lies, while nobody else has it open.
  await gateway.stop();
  enterMonth(persistTo, Date.now());
  gateway = await startGateway(options);
  mkdirSync(PICTURES, { recursive: true });
  const { id } = await submitTask(gateway, key, "sandbox-delay-10000", {
    webhookUrl: receiver.url,
    metadata: { order: "1042" },
  });
  await awaitTask(gateway, key, id);
  await receiver.nth(3);
  browser = await launchChromium();
  await take(browser, gateway, key, `tasks/${id}`, "Timeline", "console-task");
  await take(browser, gateway, key, "overview", "Overview", "console-overview");
} finally {
  await browser?.close();
  await receiver.close();
  await gateway.stop();
  rmSync(persistTo, { recursive: true, force: true });
}
