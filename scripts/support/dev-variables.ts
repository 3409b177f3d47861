// Reads the variables of a local gateway and checks them by the Worker's own rules before it starts.

import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { type Configuration, parseConfiguration } from "../../src/configuration.ts";
import { StartError } from "./start-error.ts";

/** Values are cut to this length in messages. */
const SHOWN_VALUE_LENGTH = 40;

/** Writes `.dev.vars` with a random ADMIN_TOKEN if it has no token yet. Returns whether it did. @throws StartError */
export function createSecrets(file: string): boolean {
  try {
    writeFileSync(file, `ADMIN_TOKEN=${randomBytes(24).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw new StartError(`${file} cannot be written: ${codeOf(error)}.`);
  }
}

/** The variables in a `.dev.vars` file. @throws StartError */
export function readSecrets(file: string): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(parseEnv(readFileSync(file, "utf8"))).map(([name, value]) => [name, value ?? ""]),
    );
  } catch (error) {
    const why = codeOf(error) === "EISDIR" ? "it is a folder" : codeOf(error);
    throw new StartError(`${file} cannot be read: ${why}. Repair or delete it; npm start writes a new one.`);
  }
}

/** Parses variables. @throws StartError with one line for each invalid variable, without the values of secrets */
export function checkVariables(variables: Readonly<Record<string, string>>): Configuration {
  const result = parseConfiguration(variables);
  if (result.ok) return result.configuration;
  const lines = result.problems.map(({ name, rule, showValue }) => {
    const value = showValue ? `=${shown(variables[name] ?? "")}` : "";
    return `${name}${value}: ${rule}`;
  });
  throw new StartError(lines.join("\n"));
}

function shown(value: string): string {
  const printable = value.replaceAll(/[^\x20-\x7e]/g, "?");
  return printable.length <= SHOWN_VALUE_LENGTH ? printable : `${printable.slice(0, SHOWN_VALUE_LENGTH)}…`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
