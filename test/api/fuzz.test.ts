// Fuzzes the whole API with seeded mutations of the OpenAPI examples: there is no 5xx, every error has its documented form, and the gateway
// still solves tasks afterwards.

import { reset } from "cloudflare:test";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { z } from "zod";
import { ERROR_CODES } from "../../src/errors.ts";
import type { FuzzedRequest } from "../support/fuzz.ts";
import { operationsOf, requestsTo } from "../support/fuzz.ts";
import {
  ADMIN_TOKEN,
  ALL_SCOPES,
  call,
  EXAMPLE_TASK,
  makeCaller,
  makeKey,
  makeTenant,
  scenario,
  submit,
} from "../support/gateway.ts";

const SEED = 20_261_123;
const REQUESTS = 5_000;

/** Requests of one key before it is replaced, far below the limit of creations. */
const REQUESTS_PER_KEY = 500;

const problemSchema = z.strictObject({
  type: z.string(),
  title: z.string().min(1),
  status: z.int(),
  detail: z.string().min(1),
  code: z.enum(ERROR_CODES),
  requestId: z.string().min(1),
  errors: z.array(z.strictObject({ path: z.string(), message: z.string().min(1) })).optional(),
});
const compatibilityErrorSchema = z.strictObject({
  errorId: z.literal(1),
  errorCode: z.string().min(1),
  errorDescription: z.string().min(1),
});

beforeEach(() => {
  // Webhooks are the only outgoing requests. They must not leave this process.
  vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response(null, { status: 204 }));
  for (const method of ["log", "warn"] as const) vi.spyOn(console, method).mockImplementation(() => undefined);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await reset();
});

/** Whether a request would delete or change the tenant or the key that the other requests need. */
function removesItsCaller({ operation, path }: FuzzedRequest, tenantId: string, keyId: string): boolean {
  const ownTenant = path.includes(tenantId) && /^(delete|patch)Tenant$/.test(operation.id);
  const ownKey = path.includes(keyId) && /^(delete|rotate).*Key$/.test(operation.id);
  return ownTenant || ownKey;
}

interface Keys {
  readonly key: string;
  /** A key that may only read tasks. */
  readonly reader: string;
}

async function send(request: FuzzedRequest, { key, reader }: Keys): Promise<Response> {
  const { operation, path, body, contentType, headers } = request;
  const authorization = { key, reader, operator: ADMIN_TOKEN, malformed: `${key.slice(0, -1)}#`, anonymous: undefined }[
    request.as
  ];
  const asClient = operation.path === "/createTask" || operation.path === "/getTaskResult";
  // The compatibility API takes its key from the body, where the description has an example.
  const text =
    typeof body === "string" && asClient && request.as === "key" ? body.replace(/sg_test_acme_x+/, key) : body;
  return call(operation.method, path, { key: asClient ? undefined : authorization, body: text, contentType, headers });
}

async function checkForm(request: FuzzedRequest, response: Response): Promise<void> {
  const { status } = response;
  const sent = JSON.stringify({ ...request, operation: request.operation.id }).slice(0, 600);
  const text = await response.text();
  expect(status, `${sent} → ${text}`).toBeLessThan(500);
  expect(response.headers.get("x-request-id"), sent).toBeTruthy();
  if (status >= 400) {
    expect(response.headers.get("content-type"), sent).toMatch(/^application\/(problem\+)?json/);
    const compatible = response.headers.get("content-type") === "application/json";
    const parsed = (compatible ? compatibilityErrorSchema : problemSchema).safeParse(JSON.parse(text));
    expect(parsed.success, `${sent} → ${text}`).toBe(true);
  } else if (request.operation.path === "/createTask" || request.operation.path === "/getTaskResult") {
    const answer: unknown = JSON.parse(text);
    const errorId = z.looseObject({ errorId: z.int() }).parse(answer).errorId;
    if (errorId !== 0) expect(compatibilityErrorSchema.safeParse(answer).success, `${sent} → ${text}`).toBe(true);
  }
  // A path whose parameter is empty or contains a slash matches no route.
  if (status !== 404 && status !== 413) expect(request.operation.statuses, `${sent} → ${text}`).toContain(status);
}

it(`the gateway responds correctly to ${REQUESTS} malformed requests`, { timeout: 240_000 }, async () => {
  const tenant = await makeTenant();
  const newKey = () => makeKey(tenant.id, { scopes: ALL_SCOPES });
  let { key, id: keyId } = await newKey();
  const { key: reader } = await makeKey(tenant.id, { scopes: ["tasks:read"] });
  const task = await submit(key, EXAMPLE_TASK);
  const description: unknown = await (await call("GET", "/openapi.json")).json();
  const ids = [task.id, task.id.toUpperCase(), `tsk_${"0".repeat(64)}`, keyId, tenant.id, "missing", "acme"];

  const requests = fc.sample(requestsTo(operationsOf(description), ids), { numRuns: REQUESTS, seed: SEED });
  const statuses = new Map<number, number>();
  for (const [index, request] of requests.entries()) {
    if (removesItsCaller(request, tenant.id, keyId)) continue;
    if (index % REQUESTS_PER_KEY === 0) ({ key, id: keyId } = await newKey());
    const response = await send(request, { key, reader });
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    await checkForm(request, response);
  }

  // Requests that are all rejected would prove little, so each kind of response must have been returned.
  for (const status of [200, 201, 202, 204, 400, 401, 403, 404, 409, 413, 415]) {
    expect(statuses.get(status) ?? 0, `responses with ${status}: ${JSON.stringify([...statuses])}`).toBeGreaterThan(0);
  }
  const after = await call("POST", "/v1/tasks", {
    key: (await makeCaller()).key,
    body: { task: scenario("sandbox-instant") },
    headers: { prefer: "wait=20" },
  });
  expect(await after.json()).toMatchObject({ status: "ready", solutionState: "available" });
});
