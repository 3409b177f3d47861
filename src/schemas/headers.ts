// Header fields of answers, for the OpenAPI description: each described once, as a component that the answers refer to. Refuses to
// set any: that is the middleware's and the routes'.

const text = { type: "string" } as const;
const seconds = { type: "integer", minimum: 0 } as const;

/** The components, by name. */
export const HEADER_COMPONENTS = {
  "X-Request-Id": {
    description: "The request's id, as in the log. A caller may choose it by sending the header.",
    schema: text,
    example: "0e7a1c0c-6f0b-4c1e-9a86-2f6d1c1f4f57",
  },
  "Retry-After": { description: "Seconds after which to ask again", schema: seconds, example: 3 },
  Location: {
    description: "Where the task is read",
    schema: { ...text, format: "uri-reference" },
    example: `/v1/tasks/tsk_${"5f".repeat(32)}`,
  },
  "Preference-Applied": { description: "The `wait` that was taken, of `Prefer`", schema: text, example: "wait=30" },
  "Idempotency-Replayed": {
    description: "`true` where the `Idempotency-Key` named a task that was there already",
    schema: { ...text, enum: ["true"] },
    example: "true",
  },
  "RateLimit-Policy": {
    description: "The limit that was reached: its name, calls (`q`) and window in seconds (`w`)",
    schema: text,
    example: '"create";q=1000;w=10',
  },
  "WWW-Authenticate": { description: "How to authenticate", schema: text, example: "Bearer" },
};

export type AnswerHeader = keyof typeof HEADER_COMPONENTS;

/** The header fields of an answer: these, and what every answer bears. */
export function answerHeaders(...names: AnswerHeader[]) {
  const all: AnswerHeader[] = ["X-Request-Id", ...names];
  return Object.fromEntries(all.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
