// Response headers for the OpenAPI document: each is a component that the responses refer to. Middleware and routes set them.

const text = { type: "string" } as const;
const seconds = { type: "integer", minimum: 0 } as const;

/** The components, by name. */
export const HEADER_COMPONENTS = {
  "X-Request-Id": {
    description: "The request's id, as in the log. Send the header to choose it.",
    schema: text,
    example: "0e7a1c0c-6f0b-4c1e-9a86-2f6d1c1f4f57",
  },
  "Retry-After": { description: "Seconds to wait before the next request", schema: seconds, example: 3 },
  Location: {
    description: "The URL of the task",
    schema: { ...text, format: "uri-reference" },
    example: `/v1/tasks/tsk_${"5f".repeat(32)}`,
  },
  "Preference-Applied": { description: "The `wait` of `Prefer` that was applied", schema: text, example: "wait=30" },
  "Idempotency-Replayed": {
    description: "`true` when the `Idempotency-Key` named an existing task",
    schema: { ...text, enum: ["true"] },
    example: "true",
  },
  "RateLimit-Policy": {
    description: "The limit that was reached: its name, requests (`q`) and window in seconds (`w`)",
    schema: text,
    example: '"create";q=1000;w=10',
  },
  "WWW-Authenticate": { description: "How to authenticate", schema: text, example: "Bearer" },
};

export type ResponseHeader = keyof typeof HEADER_COMPONENTS;

/** The headers of a response: these, and those of every response. */
export function responseHeaders(...names: ResponseHeader[]) {
  const all: ResponseHeader[] = ["X-Request-Id", ...names];
  return Object.fromEntries(all.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
