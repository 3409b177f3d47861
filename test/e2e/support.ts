// A gateway with an upstream and tenants, over real HTTP, for the end-to-end tests.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GatewayOptions, RunningGateway } from "../../scripts/support/gateway-process.ts";
import { startGateway } from "../../scripts/support/gateway-process.ts";
import type { RunningSandbox } from "../../scripts/support/sandbox-server.ts";
import { startSandbox } from "../../scripts/support/sandbox-server.ts";
import type { Task } from "../../src/tasks/present.ts";

/** The operator's token of every end-to-end gateway. */
export const ADMIN_TOKEN = "admin-token-of-the-end-to-end-tests";

/** The example task of the upstream's documentation. */
export const EXAMPLE_TASK = {
  type: "RecaptchaV3TaskProxyless",
  websiteURL: "https://antcpt.com/score_detector",
  websiteKey: "6LcR_okUAAAAAPYrPe-HK_0RULO1aZM15ENyM-Mf",
  pageAction: "homepage",
  websiteTitle: "Score detector for reCAPTCHA v3",
} as const;

export interface Stage {
  readonly upstream: RunningSandbox;
  /** The gateway that runs now. `killAndRestart` replaces it. */
  gateway(): RunningGateway;
  /** Kills the gateway (`kill -9`) and starts another on the same state and port. `meanwhile` receives the state folder in between. */
  killAndRestart(meanwhile?: (state: string) => void): Promise<void>;
  close(): Promise<void>;
}

/** Starts an upstream, and a gateway that uses it, by default on a free port. */
export async function setStage(vars: Readonly<Record<string, string>> = {}, port?: number): Promise<Stage> {
  const upstream = await startSandbox(0);
  const persistTo = mkdtempSync(join(tmpdir(), "solvegate-e2e-"));
  const options: GatewayOptions = {
    persistTo,
    vars: {
      ADMIN_TOKEN,
      UPSTREAM_URL: upstream.url,
      UPSTREAM_CLIENT_KEY: "operator-key",
      ALLOW_PRIVATE_WEBHOOKS: "true",
      ...vars,
    },
    ...(port === undefined ? {} : { port }),
  };
  let gateway = await startGateway(options);
  return {
    upstream,
    gateway: () => gateway,
    killAndRestart: async (meanwhile) => {
      const { port } = gateway;
      await gateway.kill();
      meanwhile?.(persistTo);
      gateway = await startGateway({ ...options, port });
    },
    close: async () => {
      await gateway.stop();
      await upstream.close();
      rmSync(persistTo, { recursive: true, force: true });
    },
  };
}

/** A gateway that requests are sent to. */
export type Target = Pick<RunningGateway, "url">;

/** Sends one JSON request; returns the status, body and headers of the response. */
export async function ask(
  gateway: Target,
  method: string,
  path: string,
  options: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: never; headers: Headers }> {
  const response = await fetch(gateway.url + path, {
    method,
    headers: {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.body === undefined ? {} : { "content-type": "application/json" }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === "" ? null : JSON.parse(text)) as never, headers: response.headers };
}

/** Sends one request as the operator. */
export function askAdmin(gateway: Target, method: string, path: string, body?: unknown) {
  return ask(gateway, method, path, { token: ADMIN_TOKEN, body });
}

/** Creates a tenant that may use antcpt.com. */
export async function createTenant(
  gateway: Target,
  id: string,
): Promise<{ webhookSecrets: { live: string; test: string } }> {
  const tenant = { id, name: id, allowedHosts: ["antcpt.com"] };
  const { status, body } = await askAdmin(gateway, "POST", "/admin/tenants", tenant);
  if (status !== 201) throw new Error(`no tenant: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** Every scope of a key. */
export const ALL_SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"] as const;

/** Creates a key, by default with the scopes that the gateway grants when none are named. */
export async function createKey(
  gateway: Target,
  tenantId: string,
  mode: "live" | "test",
  scopes?: readonly string[],
): Promise<string> {
  const key = { name: `${mode} key`, mode, scopes };
  const { status, body } = await askAdmin(gateway, "POST", `/admin/tenants/${tenantId}/keys`, key);
  if (status !== 201) throw new Error(`no key: ${status} ${JSON.stringify(body)}`);
  return (body as { key: string }).key;
}

/** Reads a task by a long poll of 40 s, which ends when the task is finished. */
export async function awaitTask(gateway: Target, key: string, id: string): Promise<Task> {
  const { status, body } = await ask(gateway, "GET", `/v1/tasks/${id}`, { token: key, headers: { prefer: "wait=40" } });
  if (status !== 200) throw new Error(`not read: ${status} ${JSON.stringify(body)}`);
  return body;
}
