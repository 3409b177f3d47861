// Takes the pictures of the console for the README from a real gateway: a task whose receiver fails twice, the overview of a month, and the
// operator's view of usage. The tasks of the month are generated.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { launchChromium } from "../test/browser/support/chromium.ts";
import { signIn, submitTask } from "../test/browser/support/console.ts";
import { startVisit } from "../test/browser/support/visit.ts";
import { ask, awaitTask } from "../test/e2e/support.ts";
import { PROJECT, type RunningGateway, startGateway } from "./support/gateway-process.ts";
import { fillMonth } from "./support/sample-month.ts";

const PICTURES = join(PROJECT, "docs");
const ADMIN_TOKEN = "admin-token-of-the-screenshots";
const SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"];

/** The tenants. The first one has the key of the pictures. */
const TENANTS = [
  { id: "acme", name: "Acme" },
  { id: "blue-lake-travel", name: "Blue Lake Travel" },
  { id: "northwind", name: "Northwind Monitoring" },
  { id: "qa-lab", name: "QA Lab" },
];

/** Creates the tenants, and returns a test key of the first one. */
async function createTenants(gateway: RunningGateway): Promise<string> {
  const token = ADMIN_TOKEN;
  for (const tenant of TENANTS) {
    await ask(gateway, "POST", "/admin/tenants", { token, body: { ...tenant, allowedHosts: ["antcpt.com"] } });
  }
  const body = { name: "Checkout monitoring", mode: "test", scopes: SCOPES };
  const created = await ask(gateway, "POST", `/admin/tenants/${TENANTS[0]?.id}/keys`, { token, body });
  if (created.status !== 201) throw new Error(`no key: ${created.status} ${JSON.stringify(created.body)}`);
  return (created.body as { key: string }).key;
}

/** A receiver that responds with 503 twice and then with 204. */
async function startReceiver(): Promise<{ readonly url: string; readonly server: Server }> {
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    if (requests > 2) return response.writeHead(204).end();
    response.writeHead(503, { "content-type": "application/json" });
    return response.end('{"error":"The order service is restarting."}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `http://127.0.0.1:${address.port}/webhooks`, server };
}

interface Picture {
  readonly credential: string;
  /** The view, such as `tasks?status=failed`. */
  readonly route: string;
  /** The whole text of an element of the finished view. */
  readonly text: string;
  /** A button to press first. */
  readonly press?: string;
  /** The file's name in `docs`. */
  readonly name: string;
}

async function take(browser: Browser, gateway: RunningGateway, picture: Picture): Promise<void> {
  const visit = await startVisit(browser, gateway.url, { sharp: true });
  const { page } = visit;
  await signIn(page, picture.credential, picture.route);
  if (picture.press !== undefined) await page.getByRole("button", { name: picture.press, exact: true }).click();
  await page.getByRole("main").getByText(picture.text, { exact: true }).last().waitFor();
  await page.waitForLoadState("networkidle");
  await page.screenshot({ path: join(PICTURES, `${picture.name}.png`) });
  await visit.close();
  if (visit.problems().length > 0) throw new Error(`the page has problems:\n${visit.problems().join("\n")}`);
  console.log(`docs/${picture.name}.png`);
}

const persistTo = mkdtempSync(join(tmpdir(), "solvegate-screenshots-"));
const options = { persistTo, vars: { ADMIN_TOKEN, ALLOW_PRIVATE_WEBHOOKS: "true" } };
const receiver = await startReceiver();
let gateway = await startGateway(options);
let browser: Browser | undefined;
try {
  const key = await createTenants(gateway);
  // The month is written into the ledgers' files while the gateway is stopped.
  await gateway.stop();
  fillMonth(persistTo, Date.now());
  gateway = await startGateway(options);
  mkdirSync(PICTURES, { recursive: true });
  const { id } = await submitTask(gateway, key, "sandbox-delay-10000", {
    webhookUrl: receiver.url,
    reference: "order-1042",
    metadata: { customer: "c_88213" },
  });
  await awaitTask(gateway, key, id);
  browser = await launchChromium();
  const tenant = { credential: key };
  const operator = { credential: ADMIN_TOKEN };
  await take(browser, gateway, { ...tenant, route: `tasks/${id}`, text: "HTTP 204", name: "console-task" });
  await take(browser, gateway, { ...tenant, route: "overview", text: "Failures by code", name: "console-overview" });
  await take(browser, gateway, {
    ...operator,
    route: "usage",
    press: "Test",
    text: "By tenant",
    name: "console-operator",
  });
} finally {
  await browser?.close();
  receiver.server.close();
  await gateway.stop();
  rmSync(persistTo, { recursive: true, force: true });
}
