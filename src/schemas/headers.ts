// Response headers in the OpenAPI document: components that responses refer to by name.

const text = { type: "string" } as const;
const seconds = { type: "integer", minimum: 0 } as const;

export const HEADER_COMPONENTS = {
  "X-Request-Id": {
    description: "The id of the request in the gateway's log. Send this header to set it.",
    schema: text,
    example: "0e7a1c0c-6f0b-4c1e-9a86-2f6d1c1f4f57",
  },
  "Retry-After": { description: "Seconds to wait before the next request", schema: seconds, example: 3 },
  Location: {
    description: "The URL of the task",
    schema: { ...text, format: "uri-reference" },
    example: `/v1/tasks/tsk_${"5f".repeat(32)}`,
  },
  "Preference-Applied": { description: "The preference that was applied", schema: text, example: "wait=30" },
  "Idempotency-Replayed": {
    description: "`true` if the response is for an existing task with the same `Idempotency-Key`",
    schema: { ...text, enum: ["true"] },
    example: "true",
  },
  "RateLimit-Policy": {
    description: "The exceeded limit: its name, quota (`q`) and window in seconds (`w`)",
    schema: text,
    example: '"create";q=1000;w=10',
  },
  "WWW-Authenticate": { description: "How to authenticate", schema: text, example: "Bearer" },
};

/** The name of a documented response header. */
export type ResponseHeader = keyof typeof HEADER_COMPONENTS;

/** The headers of a response, for a route's definition: `names`, and the headers of every response. */
export function responseHeaders(...names: ResponseHeader[]) {
  const all: ResponseHeader[] = ["X-Request-Id", ...names];
  return Object.fromEntries(all.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
