// Signs in to the console, and creates tasks over the API.

import type { Page } from "playwright-core";
import type { Task } from "../../../src/tasks/present.ts";
import { ask, askAdmin, EXAMPLE_TASK, type Target } from "../../e2e/support.ts";

/** The field of the sign-in form. */
export const credentialField = (page: Page) => page.getByLabel("API key or operator token", { exact: true });

/**
 * Opens the console and signs in. The page then shows `route`, such as `keys` or `tasks?status=failed`; by default the first view.
 */
export async function signIn(page: Page, credential: string, route?: string): Promise<void> {
  await page.goto(route === undefined ? "/console" : `/console#/${route}`);
  await credentialField(page).fill(credential);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Console" }).waitFor();
}

/**
 * Creates a task over the API. `websiteKey` is a scenario of the sandbox, such as `sandbox-delay-8000`; `extra` are the fields beside
 * the task in the body.
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

/** Revokes a key, as the operator does. */
export async function revokeKey(gateway: Target, key: string): Promise<void> {
  const { body } = await ask(gateway, "GET", "/v1/keys/current", { token: key });
  const { id, tenantId } = body as { id: string; tenantId: string };
  const { status } = await askAdmin(gateway, "DELETE", `/admin/tenants/${tenantId}/keys/${id}`);
  if (status !== 204) throw new Error(`not revoked: ${status}`);
}

/** Pastes a text from the clipboard into the focused field. Allows the page to use the clipboard. */
export async function paste(page: Page, text: string): Promise<void> {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`);
  await page.keyboard.press("ControlOrMeta+V");
}

/** The text of the clipboard. */
export async function copied(page: Page): Promise<string> {
  return await page.evaluate<string>("navigator.clipboard.readText()");
}
