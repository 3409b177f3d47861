// Malformed requests, mutated from the examples of the OpenAPI description. Seeded, so that what fails once
// fails again.

import fc from "fast-check";
import { z } from "zod";

const operationSchema = z.looseObject({
  operationId: z.string(),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.enum(["path", "query", "header"]) })).default([]),
  requestBody: z
    .looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.unknown().optional() })) })
    .optional(),
  responses: z.record(z.string(), z.unknown()),
});
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({ example: z.unknown().optional() })) }),
});

/** One operation of the description, with a body that fits it. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly pathParameters: readonly string[];
  readonly queryParameters: readonly string[];
  readonly body: unknown;
  readonly statuses: readonly number[];
}

/** The operations of a description. */
export function operationsOf(description: unknown): Operation[] {
  const { paths, components } = documentSchema.parse(description);
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const named = (place: string) => operation.parameters.filter((one) => one.in === place).map(({ name }) => name);
      return {
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        pathParameters: named("path"),
        queryParameters: named("query"),
        body: exampleOf(operation.requestBody?.content["application/json"]?.schema, components.schemas),
        statuses: Object.keys(operation.responses).map(Number),
      };
    }),
  );
}

function exampleOf(schema: unknown, schemas: Record<string, { example?: unknown }>): unknown {
  const reference = z.looseObject({ $ref: z.string() }).safeParse(schema);
  if (reference.success) return schemas[reference.data.$ref.split("/").at(-1) ?? ""]?.example ?? {};
  return schema === undefined ? undefined : { overlapSeconds: 60 };
}

/** A request to be sent as it is. */
export interface FuzzedRequest {
  readonly operation: Operation;
  readonly path: string;
  readonly body: string | Uint8Array | undefined;
  readonly contentType: string | null | undefined;
  readonly headers: Record<string, string>;
  /** Whose authorization it has. */
  readonly as: "key" | "operator" | "reader" | "anonymous" | "malformed";
}

const NASTY_TEXT = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "",
    " ",
    "\u0000",
    "\ud800",
    "\u202e\u2066",
    "../../admin",
    "__proto__",
    "constructor",
    "' OR 1=1 --",
    "%00%ff",
    "https://antcpt.com\\@evil.example/",
    "https://user:pass@antcpt.com/",
    "https://evil.example/",
    "http://[::1]:80/",
    "javascript:alert(1)",
    "tsk_",
    "-0",
    "1e999",
  ),
  fc.constantFrom(1, 64, 65, 256, 257, 512, 513, 2_049, 70_000).map((length) => "a".repeat(length)),
);
const NASTY_VALUE: fc.Arbitrary<unknown> = fc.oneof(
  NASTY_TEXT,
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 2 ** 53, -1e308, [], {}, [[]], [null], { toString: 1 }),
  fc.jsonValue({ maxDepth: 3 }),
);

interface Mutation {
  readonly at: number;
  readonly kind: "drop" | "replace" | "add";
  readonly name: string;
  readonly value: unknown;
}
const MUTATION: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(30),
  kind: fc.constantFrom("drop", "replace", "replace", "add"),
  name: fc.oneof(fc.constantFrom("__proto__", "constructor", "extra", "id", "type"), fc.string({ maxLength: 70 })),
  value: NASTY_VALUE,
});

/** Every place in a value, as the path to it. */
function places(value: unknown, path: readonly string[] = []): string[][] {
  const inside =
    typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([key, part]) => places(part, [...path, key]))
      : [];
  return [[...path], ...inside];
}

function mutate(value: unknown, mutation: Mutation): unknown {
  const all = places(value);
  return change(value, all[mutation.at % all.length] ?? [], mutation);
}

function change(value: unknown, path: readonly string[], mutation: Mutation): unknown {
  const [key, ...rest] = path;
  if (key === undefined) {
    if (mutation.kind !== "add" || typeof value !== "object" || value === null) return mutation.value;
    return Object.fromEntries([...Object.entries(value), [mutation.name, mutation.value]]);
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  if (mutation.kind === "drop" && rest.length === 0)
    return Object.fromEntries(entries.filter(([name]) => name !== key));
  return Object.fromEntries(entries.map(([name, part]) => [name, name === key ? change(part, rest, mutation) : part]));
}

const BROKEN_BODY: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc.constantFrom("", "{", "[", "nul", '{"task":', '"', "\ufeff{}", "[".repeat(50_000), `{"a":${"1".repeat(5_000)}}`),
  fc.string({ unit: "binary", maxLength: 60 }),
);

/** Header values that HTTP lets through. A wait that would be honoured is not among them. */
const HEADER_VALUE = fc.oneof(
  fc.constantFrom("wait=0", "wait=-1", "wait=x", "respond-async", "a", "x".repeat(255), "x".repeat(256), "00-0-0-0"),
  fc.string({ maxLength: 30 }).map((text) => text.replace(/[^\x20-\x7e]/g, "").trim()),
);
const HEADERS = fc.dictionary(
  fc.constantFrom("idempotency-key", "prefer", "traceparent", "x-request-id", "accept", "content-encoding"),
  HEADER_VALUE.filter((value) => !/wait\s*=\s*"?[1-9]/i.test(value)),
  { maxKeys: 3 },
);

const CONTENT_TYPE = fc.oneof(
  { weight: 9, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(null, "text/plain", "application/json ; charset=x", "a") },
);

/** Requests to the given operations; `ids` are values worth trying where a path wants one. */
export function requestsTo(operations: readonly Operation[], ids: readonly string[]): fc.Arbitrary<FuzzedRequest> {
  const id = fc.oneof(
    fc.constantFrom(...ids),
    NASTY_TEXT.map((text) => text.slice(0, 300)),
  );
  return fc
    .record({
      operation: fc.constantFrom(...operations),
      ids: fc.array(id, { minLength: 2, maxLength: 2 }),
      query: NASTY_TEXT.map((text) => text.slice(0, 300)),
      asksQuery: fc.boolean(),
      mutations: fc.oneof(fc.constant<Mutation[]>([]), fc.array(MUTATION, { maxLength: 3 })),
      broken: fc.option(BROKEN_BODY, { freq: 8 }),
      contentType: CONTENT_TYPE,
      headers: HEADERS,
      as: fc.oneof(
        { weight: 12, arbitrary: fc.constant("key" as const) },
        { weight: 1, arbitrary: fc.constantFrom("reader" as const, "anonymous" as const, "malformed" as const) },
      ),
    })
    .map(({ operation, broken, mutations, contentType, headers, as, ...parts }) => ({
      operation,
      path: pathOf(operation, parts.ids, parts.asksQuery ? parts.query : null),
      body: bodyOf(operation, broken, mutations),
      contentType,
      headers,
      as: as === "key" && operation.path.startsWith("/admin") ? "operator" : as,
    }));
}

function pathOf(operation: Operation, ids: readonly string[], query: string | null): string {
  const path = operation.pathParameters.reduce(
    (done, name, index) => done.replace(`{${name}}`, encodeURIComponent((ids[index] ?? "").toWellFormed())),
    operation.path,
  );
  if (query === null) return path;
  const values = operation.queryParameters.map((name) => `${name}=${encodeURIComponent(query.toWellFormed())}`);
  return `${path}?${values.join("&")}`;
}

function bodyOf(
  operation: Operation,
  broken: string | Uint8Array | null,
  mutations: readonly Mutation[],
): string | Uint8Array | undefined {
  if (operation.method === "GET") return undefined;
  if (broken !== null) return broken;
  if (operation.body === undefined) return undefined;
  return JSON.stringify(mutations.reduce<unknown>(mutate, operation.body)) ?? "";
}
