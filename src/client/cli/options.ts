// The command line of `solvegate listen`: arguments and environment in, checked options or one line for the user out.

import { parseArgs } from "node:util";
import type { StreamEvent } from "../events.ts";

export interface ListenOptions {
  readonly url: string;
  readonly apiKey: string;
  /** Null: events are printed and not forwarded. */
  readonly forwardTo: string | null;
  /** Undefined: all. */
  readonly events: readonly StreamEvent["type"][] | undefined;
  readonly json: boolean;
}

export type CommandLine =
  | { readonly tag: "listen"; readonly options: ListenOptions }
  | { readonly tag: "help" | "version" }
  | { readonly tag: "invalid"; readonly message: string };

export const HELP = `Receives the events of a Solvegate gateway, and forwards them to a local webhook receiver.

  solvegate listen --url URL --api-key KEY [--forward-to URL] [--events TYPES] [--json]

  --url URL          the gateway (or SOLVEGATE_URL)
  --api-key KEY      an API key with the scope tasks:read (or SOLVEGATE_API_KEY); its mode decides which events arrive
  --forward-to URL   where each event is sent, as the webhook that the gateway would send; without it events are printed
  --events TYPES     which events: task.ready, task.failed, task.canceled, separated by commas; by default all
  --json             prints each event as one line of JSON; everything else goes to stderr
  --version, --help

It reconnects by itself and resumes where it was. Ctrl-C ends it.`;

const EVENT_TYPES: readonly StreamEvent["type"][] = ["task.ready", "task.failed", "task.canceled"];

const OPTIONS = {
  url: { type: "string" },
  "api-key": { type: "string" },
  "forward-to": { type: "string" },
  events: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
} as const;

/** What an invalid option is reported with. */
class InvalidOption extends Error {}

/** @param env the environment, for options that are not given */
export function parseCommandLine(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): CommandLine {
  try {
    return parse(args, env);
  } catch (error) {
    if (error instanceof InvalidOption) return { tag: "invalid", message: error.message };
    // Node explains unknown options and missing values in several sentences. The first one names the option.
    if (error instanceof TypeError) return { tag: "invalid", message: firstSentence(error.message) };
    throw error;
  }
}

function parse(args: readonly string[], env: Readonly<Record<string, string | undefined>>): CommandLine {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  if (values.help === true) return { tag: "help" };
  if (values.version === true) return { tag: "version" };
  const [command, ...rest] = positionals;
  if (command === undefined) throw new InvalidOption("a command is missing: solvegate listen");
  if (command !== "listen") throw new InvalidOption(`there is no command "${command}", only listen`);
  if (rest.length > 0) throw new InvalidOption("listen takes options only: the receiver's URL is --forward-to");
  const forwardTo = values["forward-to"];
  return {
    tag: "listen",
    options: {
      url: httpUrl("--url", required(values.url ?? env.SOLVEGATE_URL, "--url or SOLVEGATE_URL")),
      apiKey: apiKeyOf(required(values["api-key"] ?? env.SOLVEGATE_API_KEY, "--api-key or SOLVEGATE_API_KEY")),
      forwardTo: forwardTo === undefined ? null : httpUrl("--forward-to", forwardTo),
      events: values.events === undefined ? undefined : eventTypes(values.events),
      json: values.json === true,
    },
  };
}

function required(value: string | undefined, names: string): string {
  if (value === undefined || value.trim() === "") throw new InvalidOption(`${names} is missing`);
  return value.trim();
}

function httpUrl(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new InvalidOption(`${name} must be an http or https URL, such as http://localhost:3000/hook`);
  }
  if (url.username !== "" || url.password !== "") throw new InvalidOption(`${name} must not contain credentials`);
  return url.href;
}

function apiKeyOf(text: string): string {
  if (!/^sg_[\w-]+$/.test(text)) throw new InvalidOption("the API key must begin with sg_live_ or sg_test_");
  return text;
}

function eventTypes(text: string): StreamEvent["type"][] {
  return text.split(",").map((name) => {
    const type = EVENT_TYPES.find((one) => one === name.trim());
    if (type === undefined) throw new InvalidOption(`--events must be some of ${EVENT_TYPES.join(", ")}`);
    return type;
  });
}

function firstSentence(text: string): string {
  const [line = ""] = text.split("\n");
  const sentence = line.split(/\. /)[0] ?? line;
  return sentence.replace(/\.$/, "");
}
