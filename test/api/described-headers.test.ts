// Response headers match their description: every header of a response is documented.

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

/** The described headers that a response has. */
const borne = ({ headers }: Response) => Object.keys(HEADER_COMPONENTS).filter((name) => headers.has(name));

describe("the description", () => {
  it("gives every answer the request's id, and refers to nothing that it lacks", async () => {
    const { paths, components } = await describeGateway();
    const answers = Object.values(paths).flatMap((methods) =>
      Object.values(methods).flatMap(({ responses }) => Object.values(responses)),
    );
    expect(answers.length).toBeGreaterThan(100);
    for (const { headers } of answers) {
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
      "a task that was waited for",
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
      "a task that runs",
      "get /v1/tasks/{id}",
      ["Retry-After"],
      async (key) => {
        const { id } = await (await call("POST", "/v1/tasks", { key, body })).json<{ id: string }>();
        return call("GET", `/v1/tasks/${id}`, { key });
      },
    ],
    ["no key", "get /v1/tasks", ["WWW-Authenticate"], () => call("GET", "/v1/tasks")],
    [
      "a repeat in the protocol's words",
      "post /createTask",
      ["Idempotency-Replayed"],
      async (clientKey) => {
        const create = () => call("POST", "/createTask", { body: { clientKey, ...body }, headers: replay });
        await (await create()).body?.cancel();
        return create();
      },
    ],
  ];

  it.each(cases)("documents the headers of the response: %s", async (_what, operation, expected, send) => {
    const { key } = await makeCaller();
    const response = await send(key);
    await response.body?.cancel();
    const [method = "", path = ""] = operation.split(" ");
    const { paths } = await describeGateway();
    const described = Object.keys(paths[path]?.[method]?.responses[response.status]?.headers ?? {});
    expect(borne(response).sort()).toEqual(["X-Request-Id", ...expected].sort());
    expect(described).toEqual(expect.arrayContaining(borne(response)));
  });
});
