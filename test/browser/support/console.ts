// Signs in to the console, finds its elements, and creates tasks over the API.

import type { Locator, Page } from "playwright-core";
import type { Task } from "../../../src/tasks/present.ts";
import { ask, askAdmin, EXAMPLE_TASK, type Target } from "../../e2e/support.ts";

/** The field of the sign-in form. */
export const credentialField = (page: Page): Locator => page.getByLabel("API key or operator token", { exact: true });

export const button = (page: Page, name: string): Locator => page.getByRole("button", { name, exact: true });
export const dialog = (page: Page): Locator => page.getByRole("dialog");
export const dialogButton = (page: Page, name: string): Locator =>
  dialog(page).getByRole("button", { name, exact: true });
/** The main heading of a view. */
export const viewHeading = (page: Page, name: string): Locator => page.getByRole("heading", { level: 1, name });
/** The rows of the view's table. */
export const rows = (page: Page): Locator => page.getByRole("table").locator("tbody tr");

/** Lets the page see two upstream accounts, of which the upstream refuses the first, and how their states changed. */
export async function showRefusedAccount(page: Page): Promise<void> {
  const past = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
  const time = past(0);
  const common = { url: "https://upstream.example", lastSuccessAt: null, tasksLastHour: 12 };
  const refused = { state: "refused", code: "ERROR_ZERO_BALANCE", since: time, nextProbeAt: time };
  const accounts = [
    { name: "primary", ...common, ...refused },
    { name: "reserve", ...common, state: "ok", code: null, since: past(190), nextProbeAt: null },
  ];
  const history = [
    { account: "primary", state: "refused", code: "ERROR_ZERO_BALANCE", at: time },
    { account: "reserve", state: "ok", code: null, at: past(190) },
    { account: "reserve", state: "refused", code: "ERROR_IP_BLOCKED", at: past(214) },
  ];
  await page.route("**/admin/upstream", (route) => route.fulfill({ json: { accounts, history } }));
}

/** Everything in the page's sessionStorage, as JSON. */
export const sessionStorageOf = (page: Page): Promise<string> =>
  page.evaluate<string>("JSON.stringify({ ...sessionStorage })");

/**
 * Opens the console and signs in. The page then shows `route`, such as `keys` or `tasks?status=failed`, or by default the first view.
 */
export async function signIn(page: Page, credential: string, route?: string): Promise<void> {
  await page.goto(route === undefined ? "/console" : `/console#/${route}`);
  await credentialField(page).fill(credential);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Console" }).waitFor();
}

/**
 * Creates a task over the API. `websiteKey` is a scenario of the sandbox, such as `sandbox-delay-8000`, and `extra` has the fields beside
 * `task` in the body.
 */
export async function submitTask(
  gateway: Target,
  key: string,
  websiteKey: string = EXAMPLE_TASK.websiteKey,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<Task> {
  const { status, body } = await ask(gateway, "POST", "/v1/tasks", {
    token: key,
    body: { task: { ...EXAMPLE_TASK, websiteKey }, ...extra },
  });
  if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** Revokes a key as the operator. */
export async function revokeKey(gateway: Target, key: string): Promise<void> {
  const { body } = await ask(gateway, "GET", "/v1/keys/current", { token: key });
  const { id, tenantId } = body as { id: string; tenantId: string };
  const { status } = await askAdmin(gateway, "DELETE", `/admin/tenants/${tenantId}/keys/${id}`);
  if (status !== 204) throw new Error(`not revoked: ${status}`);
}

/** Allows the page to use the clipboard, and pastes a text from it into the focused field. */
export async function paste(page: Page, text: string): Promise<void> {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
  await page.keyboard.press("ControlOrMeta+V");
}

/** The text of the clipboard. */
export async function copied(page: Page): Promise<string> {
  return await page.evaluate<string>("navigator.clipboard.readText()");
}
