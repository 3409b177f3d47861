// The gateway as a caller sees it: requests through the Worker's own default export, in workerd, with real bindings.

import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { vi } from "vitest";
import { createApp } from "../../src/app.ts";
import type { Task } from "../../src/tasks/present.ts";

// Some tests wait for the sandbox's first poll, 3 s of real time, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const ORIGIN = "https://gateway.test";
export const ADMIN_TOKEN = "admin-token-of-the-tests-0123456789";

/** Every scope of a key. */
export const ALL_SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"] as const;

/** The example task of the upstream's documentation. */
export const EXAMPLE_TASK = {
  type: "RecaptchaV3TaskProxyless",
  websiteURL: "https://antcpt.com/score_detector",
  websiteKey: "6LcR_okUAAAAAPYrPe-HK_0RULO1aZM15ENyM-Mf",
  pageAction: "homepage",
  websiteTitle: "Score detector for reCAPTCHA v3",
} as const;

/** The example task with another site key: the sandbox reads its scenario from the key. */
export const scenario = (websiteKey: string) => ({ ...EXAMPLE_TASK, websiteKey });

export interface CallOptions {
  readonly key?: string | undefined;
  readonly body?: unknown;
  /** `application/json` by default if there is a body; null sends none. */
  readonly contentType?: string | null | undefined;
  readonly headers?: Record<string, string>;
}

/** A client IP address that has no failed authentications yet. */
export const freshAddress = (): string => `2001:db8::${crypto.randomUUID().slice(9, 18).replace("-", ":")}`;

/** Text, bytes and streams are sent unchanged, any other body as JSON. A stream has no Content-Length. */
function wireBody(body: unknown): Uint8Array | ReadableStream | null {
  if (body === undefined) return null;
  if (body instanceof Uint8Array || body instanceof ReadableStream) return body;
  return new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body));
}

/** A request as a caller sends it. */
export function requestOf(method: string, path: string, options: CallOptions): Request {
  const headers = new Headers(options.headers);
  if (options.key !== undefined) headers.set("authorization", `Bearer ${options.key}`);
  if (!headers.has("cf-connecting-ip")) headers.set("cf-connecting-ip", freshAddress());
  const body = wireBody(options.body);
  const contentType = options.contentType === undefined && body !== null ? "application/json" : options.contentType;
  if (typeof contentType === "string") headers.set("content-type", contentType);
  return new Request(ORIGIN + path, { method, headers, body });
}

/** One request. */
export function call(method: string, path: string, options: CallOptions = {}): Promise<Response> {
  return exports.default.fetch(requestOf(method, path, options));
}

/** One request to a gateway whose environment differs: a variable, or a binding that misbehaves. Objects keep the real one. */
export async function callWith(
  changes: Readonly<Record<string, unknown>>,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<Response> {
  const context = createExecutionContext();
  const response = await createApp().fetch(requestOf(method, path, options), { ...env, ...changes }, context);
  await waitOnExecutionContext(context);
  return response;
}

/** A request of the operator. */
export const admin = (method: string, path: string, body?: unknown): Promise<Response> =>
  call(method, path, { key: ADMIN_TOKEN, body });

let serial = 0;

/** A new tenant, by default with antcpt.com as its allowed host. */
export async function makeTenant(
  overrides: Record<string, unknown> = {},
): Promise<{ id: string; webhookSecrets: { live: string; test: string } }> {
  serial += 1;
  const id = `tenant-${serial}-${crypto.randomUUID().slice(0, 8)}`;
  const response = await admin("POST", "/admin/tenants", {
    id,
    name: "A tenant",
    allowedHosts: ["antcpt.com"],
    ...overrides,
  });
  if (response.status !== 201) throw new Error(`no tenant: ${response.status} ${await response.text()}`);
  return response.json();
}

/** A new key of a tenant, by default with every scope that its mode allows. */
export async function makeKey(
  tenantId: string,
  overrides: Record<string, unknown> = {},
): Promise<{ id: string; key: string; mode: "live" | "test" }> {
  const body = { name: "A key", mode: "test", ...overrides };
  const response = await admin("POST", `/admin/tenants/${tenantId}/keys`, body);
  if (response.status !== 201) throw new Error(`no key: ${response.status} ${await response.text()}`);
  return response.json();
}

/** A tenant and a key, with the signing secret of the key's mode. */
export async function makeCaller(
  tenant: Record<string, unknown> = {},
  key: Record<string, unknown> = {},
): Promise<{ tenantId: string; key: string; webhookSecret: string }> {
  const { id, webhookSecrets } = await makeTenant(tenant);
  const created = await makeKey(id, key);
  return { tenantId: id, key: created.key, webhookSecret: webhookSecrets[created.mode] };
}

/** Submits a task and expects it to be accepted. */
export async function submit(key: string, task: object = EXAMPLE_TASK, extra: object = {}): Promise<Task> {
  const response = await call("POST", "/v1/tasks", { key, body: { task, ...extra } });
  if (response.status !== 202) throw new Error(`not accepted: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Reads a task. */
export async function read(key: string, id: string): Promise<Task> {
  const response = await call("GET", `/v1/tasks/${id}`, { key });
  if (response.status !== 200) throw new Error(`not read: ${response.status} ${await response.text()}`);
  return response.json();
}

/** Reads a task when it is final; the tests' scenarios all end within seconds. */
export async function finished(key: string, id: string): Promise<Task> {
  const response = await call("GET", `/v1/tasks/${id}`, { key, headers: { prefer: "wait=20" } });
  if (response.status !== 200) throw new Error(`not read: ${response.status} ${await response.text()}`);
  return response.json();
}

/** A task that is ready. */
export async function solve(key: string, extra: object = {}): Promise<Task> {
  const { id } = await submit(key, scenario("sandbox-instant"), extra);
  return finished(key, id);
}
