// Generates the client's wire types from the OpenAPI document: `node scripts/wire-types.ts DOCUMENT`. With `--check` it writes
// nothing, and fails when the committed file is stale.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile, type JSONSchema } from "json-schema-to-typescript";
import { PROJECT } from "./support/gateway-process.ts";

const OUTPUT = join(PROJECT, "src", "client", "wire.gen.ts");
const HEADER = "// Generated from the OpenAPI document by `npm run build:types`. Do not edit.";
const STYLE = { printWidth: 120, singleQuote: false, trailingComma: "all" } as const;

/** The compatibility API is for existing clients of that protocol, and `/healthz` and `GET /` are for monitors and browsers. */
const isPublished = (name: string): boolean => !/^(Compatible|Compatibility|Health|Home)/.test(name);

/** A schema as parsed from the document. */
type Schema = { [key: string]: unknown };

const isObject = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Adapts one schema to the generator: references point to definitions, and optional properties accept `undefined`. */
function adapt(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(adapt);
  if (!isObject(value)) return value;
  const schema: Schema = {};
  for (const [key, entry] of Object.entries(value)) {
    if (key === "example" || key === "examples") continue;
    if (key === "properties" && isObject(entry)) schema.properties = adaptProperties(entry, value.required);
    else if (key === "$ref") schema.$ref = String(entry).replace("#/components/schemas/", "#/definitions/");
    else schema[key] = adapt(entry);
  }
  return schema;
}

function adaptProperties(properties: Schema, required: unknown): Schema {
  const names: readonly unknown[] = Array.isArray(required) ? required : [];
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => {
      const adapted = adapt(property);
      if (names.includes(name) || !isObject(adapted)) return [name, adapted];
      // Users who compile with exactOptionalPropertyTypes can then pass a value that may be undefined.
      const { description, ...rest } = adapted;
      const type = { anyOf: [rest, { tsType: "undefined" }] };
      return [name, description === undefined ? type : { description, ...type }];
    }),
  );
}

async function generate(documentFile: string): Promise<string> {
  const { components } = JSON.parse(readFileSync(documentFile, "utf8")) as { components: { schemas: Schema } };
  const schemas = Object.entries(components.schemas).filter(([name]) => isPublished(name));
  const definitions = Object.fromEntries(schemas.map(([name, schema]) => [name, adapt(schema)]));
  const source = await compile({ definitions } as JSONSchema, "Root", {
    additionalProperties: false,
    unreachableDefinitions: true,
    ignoreMinAndMaxItems: true,
    bannerComment: HEADER,
    style: STYLE,
  });
  return source
    .replaceAll(/ \*\n \* This (?:interface|type) was referenced by `Root`[\s\S]*?\n \*\//g, " */")
    .replaceAll(/\/\*\*\n \* This (?:interface|type) was referenced by `Root`[\s\S]*?\n \*\/\n/g, "")
    .replaceAll(/export (?:interface Root \{[\s\S]*?\n?\}|type Root = .*;)\n/g, "");
}

const [documentFile] = process.argv.slice(2).filter((argument) => argument !== "--check");
if (documentFile === undefined) {
  console.error("usage: node scripts/wire-types.ts DOCUMENT [--check]");
  process.exit(2);
}
const source = await generate(documentFile);
if (!process.argv.includes("--check")) writeFileSync(OUTPUT, source);
else if (readFileSync(OUTPUT, "utf8") !== source) {
  console.error("src/client/wire.gen.ts is stale: run `npm run build:types` and commit the result");
  process.exit(1);
}
