// The console, for its tests and for the pictures of it: signing in as a person does, and tasks made as a program makes them.

import type { Page } from "playwright-core";
import type { RunningGateway } from "../../../scripts/support/gateway-process.ts";
import type { Task } from "../../../src/tasks/present.ts";
import { ask, SEED_TASK } from "../../e2e/support.ts";

/** Opens the console and signs in with a key; the page then shows the first view that the key opens. */
export async function signIn(page: Page, key: string): Promise<void> {
  await page.goto("/console");
  await page.getByLabel("API key", { exact: true }).fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Console" }).waitFor();
}

/**
 * Submits a task over the API, and gives it as it was accepted. `websiteKey` is a scenario of the sandbox, such as
 * `sandbox-delay-8000`; `extra` stands beside the task in the body.
 */
export async function submitTask(
  gateway: RunningGateway,
  key: string,
  websiteKey: string = SEED_TASK.websiteKey,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<Task> {
  const { status, body } = await ask(gateway, "POST", "/v1/tasks", {
    token: key,
    body: { task: { ...SEED_TASK, websiteKey }, ...extra },
  });
  if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
  return body;
}
