// The OpenAPI document describes every header of a response.

import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { HEADER_COMPONENTS } from "../../src/schemas/headers.ts";
import { call, EXAMPLE_TASK, makeCaller, scenario } from "../support/gateway.ts";

afterEach(() => reset());

interface Description {
  readonly paths: Record<string, Record<string, { responses: Record<string, { headers?: Record<string, unknown> }> }>>;
  readonly components: { readonly headers: Record<string, unknown> };
}

const describeGateway = async (): Promise<Description> => (await call("GET", "/openapi.json")).json();

/** The documented headers that a response has. */
const documentedHeaders = ({ headers }: Response) => Object.keys(HEADER_COMPONENTS).filter((name) => headers.has(name));

describe("the OpenAPI document", () => {
  it("describes X-Request-Id for every response, and refers only to headers that it defines", async () => {
    const { paths, components } = await describeGateway();
    const all = Object.values(paths).flatMap((methods) =>
      Object.values(methods).flatMap(({ responses }) => Object.values(responses)),
    );
    expect(all.length).toBeGreaterThan(100);
    for (const { headers } of all) {
      expect(Object.keys(headers ?? {})).toContain("X-Request-Id");
      for (const name of Object.keys(headers ?? {})) expect(components.headers).toHaveProperty([name]);
    }
  });

  const POST = "post /v1/tasks";
  const body = { task: EXAMPLE_TASK };
  const replay = { "idempotency-key": "order-1042" };
  type Send = (key: string) => Promise<Response>;
  const cases: [what: string, operation: string, expected: string[], send: Send][] = [
    ["an accepted task", POST, ["Location", "Retry-After"], (key) => call("POST", "/v1/tasks", { key, body })],
    [
      "a repeated task",
      POST,
      ["Location", "Retry-After", "Idempotency-Replayed"],
      async (key) => {
        await (await call("POST", "/v1/tasks", { key, body, headers: replay })).body?.cancel();
        return call("POST", "/v1/tasks", { key, body, headers: replay });
      },
    ],
    [
      "a long poll",
      POST,
      ["Location", "Preference-Applied"],
      (key) =>
        call("POST", "/v1/tasks", {
          key,
          body: { task: scenario("sandbox-instant") },
          headers: { prefer: "wait=20" },
        }),
    ],
    [
      "a running task",
      "get /v1/tasks/{id}",
      ["Retry-After"],
      async (key) => {
        const { id } = await (await call("POST", "/v1/tasks", { key, body })).json<{ id: string }>();
        return call("GET", `/v1/tasks/${id}`, { key });
      },
    ],
    ["no key", "get /v1/tasks", ["WWW-Authenticate"], () => call("GET", "/v1/tasks")],
    [
      "a repeated task in the compatibility API",
      "post /createTask",
      ["Idempotency-Replayed"],
      async (clientKey) => {
        const create = () => call("POST", "/createTask", { body: { clientKey, ...body }, headers: replay });
        await (await create()).body?.cancel();
        return create();
      },
    ],
  ];

  it.each(cases)("describes the headers of the response: %s", async (_what, operation, expected, send) => {
    const { key } = await makeCaller();
    const response = await send(key);
    await response.body?.cancel();
    const [method = "", path = ""] = operation.split(" ");
    const { paths } = await describeGateway();
    const described = Object.keys(paths[path]?.[method]?.responses[response.status]?.headers ?? {});
    expect(documentedHeaders(response).sort()).toEqual(["X-Request-Id", ...expected].sort());
    expect(described).toEqual(expect.arrayContaining(documentedHeaders(response)));
  });
});
