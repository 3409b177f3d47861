// Parses the Worker's variables and secrets. The commands in scripts/ validate `.dev.vars` with the same rules, so this file must not
// depend on the Workers runtime.

import { z } from "zod";
import { DOCUMENTED_POLL_MS } from "./poll-interval.ts";
import { checkWebhookTarget } from "./webhooks/target.ts";

/** Defaults from the upstream API documentation, which follows Chrome's releases. Returned with each solution. */
export const UPSTREAM_DOC_USER_AGENT =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36";
export const UPSTREAM_DOC_SEC_CH_UA = '"Google Chrome";v="137", "Not-A.Brand";v="24", "Chromium";v="137"';

/** The maximum length of a client key, token or header value, in characters. */
const MAX_TEXT_LENGTH = 512;

/** `[vars]` of wrangler.toml can also contain numbers and booleans. */
const plainText = z.union([z.string(), z.number(), z.boolean()], "must be text").transform(String);

function wholeNumber(min: number, max: number, fallback: number) {
  const rule = `must be a whole number from ${min} to ${max}`;
  return plainText
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max, rule)
    .transform(Number)
    .default(fallback);
}

const flag = plainText.pipe(z.enum(["true", "false"], "must be true or false")).transform((value) => value === "true");

/** Printable ASCII, with spaces. */
function headerText(fallback: string) {
  const rule = `must be 1 to ${MAX_TEXT_LENGTH} characters of printable ASCII`;
  return z
    .string(rule)
    .refine((text) => text.length <= MAX_TEXT_LENGTH && /^[\x20-\x7e]+$/.test(text), rule)
    .default(fallback);
}

const clientKeyRule = `must be 1 to ${MAX_TEXT_LENGTH} characters`;
const clientKey = z.string(clientKeyRule).min(1, clientKeyRule).max(MAX_TEXT_LENGTH, clientKeyRule);

const upstreamUrlRule = "must be an http or https URL without credentials, query or fragment";
const upstreamUrl = z
  .string(upstreamUrlRule)
  .refine(isUpstreamUrl, upstreamUrlRule)
  .transform((url) => url.replace(/\/+$/, ""));

function isUpstreamUrl(text: string): boolean {
  if (/[?#\s]/.test(text) || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === "https:" || protocol === "http:") && username === "" && password === "";
}

const accountNameRule = "must be 1 to 100 characters without control characters";
const accountSchema = z.strictObject(
  {
    name: z.string(accountNameRule).regex(/^\P{C}{1,100}$/u, accountNameRule),
    url: upstreamUrl.optional(),
    clientKey,
  },
  'must be an object with the fields "name", "clientKey" and, optionally, "url"',
);

const accountsRule = "must be a JSON array of at least one upstream account";
const accounts = z
  .preprocess(parseJsonText, z.array(accountSchema, accountsRule).min(1, accountsRule))
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, "must not name two accounts the same");

/** `[vars]` of wrangler.toml can contain the array itself. Text that is not JSON is returned as it is, and the schema rejects it. */
function parseJsonText(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

const adminTokenRule = `must be 24 to ${MAX_TEXT_LENGTH} characters of printable ASCII without spaces`;
const alertUrlRule =
  "must be a URL that webhooks may be sent to: public and https, unless ALLOW_PRIVATE_WEBHOOKS is true";
const alertSecretRule = "must be whsec_ followed by standard base64";

const variables = {
  UPSTREAM_URL: upstreamUrl.default("https://api.1captcha.vip"),
  UPSTREAM_CLIENT_KEY: clientKey.optional(),
  UPSTREAM_ACCOUNTS: accounts.optional(),
  ADMIN_TOKEN: z
    .string(adminTokenRule)
    .refine((text) => text.length <= MAX_TEXT_LENGTH && /^[\x21-\x7e]{24,}$/.test(text), adminTokenRule)
    .optional(),
  ALERT_WEBHOOK_URL: z.string(alertUrlRule).optional(),
  ALERT_WEBHOOK_SECRET: z.string(alertSecretRule).refine(isWebhookSecret, alertSecretRule).optional(),
  POLL_INTERVAL_MS: wholeNumber(1_000, 60_000, DOCUMENTED_POLL_MS),
  TASK_TIMEOUT_S: wholeNumber(10, 300, 120),
  TASK_RETENTION_S: wholeNumber(10, 2_592_000, 86_400),
  ADAPTIVE_FIRST_POLL: flag.optional(),
  /** The old name of ADAPTIVE_FIRST_POLL, which takes precedence. */
  FIRST_POLL_ADVICE: flag.default(true),
  ALLOW_PRIVATE_WEBHOOKS: flag.default(false),
  SOLVER_USER_AGENT: headerText(UPSTREAM_DOC_USER_AGENT),
  SOLVER_SEC_CH_UA: headerText(UPSTREAM_DOC_SEC_CH_UA),
};

const configurationSchema = z
  .object(variables)
  .refine(
    ({ ALERT_WEBHOOK_URL: url, ALLOW_PRIVATE_WEBHOOKS: allowPrivate }) =>
      url === undefined || checkWebhookTarget(url, { allowPrivate }).ok,
    { path: ["ALERT_WEBHOOK_URL"], error: alertUrlRule },
  );

function isWebhookSecret(text: string): boolean {
  return (
    text.length <= MAX_TEXT_LENGTH &&
    text.length % 4 === "whsec_".length % 4 &&
    /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text)
  );
}

/** The names of all variables and secrets that the gateway reads. */
export const VARIABLE_NAMES: readonly string[] = Object.keys(variables);

/** Variables whose invalid value may be shown. Secrets and URLs, which can contain credentials, are not among them. */
const SHOWN = new Set([
  "POLL_INTERVAL_MS",
  "TASK_TIMEOUT_S",
  "TASK_RETENTION_S",
  "ADAPTIVE_FIRST_POLL",
  "FIRST_POLL_ADVICE",
  "ALLOW_PRIVATE_WEBHOOKS",
]);

/** An upstream account that live tasks can be sent to. */
export interface UpstreamAccount {
  readonly name: string;
  /** The base URL, without a trailing slash. */
  readonly url: string;
  /** Secret. */
  readonly clientKey: string;
}

/** The parsed configuration. */
export interface Configuration {
  readonly upstreamUrl: string;
  /** The value of UPSTREAM_CLIENT_KEY, or null. */
  readonly upstreamClientKey: string | null;
  /** In order of preference. Without UPSTREAM_ACCOUNTS, the single pair is the account "default". Empty if neither is set. */
  readonly upstreamAccounts: readonly UpstreamAccount[];
  /** The bearer token of `/admin`, or null if `/admin` is disabled. */
  readonly adminToken: string | null;
  /** The URL for operator alerts and the secret that signs them. Null unless both are set. */
  readonly alertWebhook: { readonly url: string; readonly secret: string } | null;
  readonly pollIntervalMs: number;
  readonly taskTimeoutMs: number;
  readonly taskRetentionMs: number;
  /** Whether the first poll of a task is timed by the tenant's recent solve times, instead of 3 s after submission. */
  readonly adaptiveFirstPoll: boolean;
  readonly allowPrivateWebhooks: boolean;
  readonly solver: { readonly userAgent: string; readonly secChUa: string };
}

/** A variable that violates its rule. Contains no value, so it is safe to show and to log. */
export interface VariableProblem {
  readonly name: string;
  /** What the value must be, beginning with "must". */
  readonly rule: string;
  /** Whether the value may be shown too. */
  readonly showValue: boolean;
}

/** Parses the variables in `env`. On failure, returns all problems. */
export function parseConfiguration(
  env: object,
):
  | { readonly ok: true; readonly configuration: Configuration }
  | { readonly ok: false; readonly problems: readonly VariableProblem[] } {
  const result = configurationSchema.safeParse(env);
  if (result.success) return { ok: true, configuration: toConfiguration(result.data) };
  const problems = result.error.issues.map((issue) => {
    const [name = "", ...path] = issue.path.map(String);
    // zod's message for an unknown field quotes the field's name, which could be a misplaced secret.
    const rule =
      issue.code === "unrecognized_keys" ? "must have only the fields name, url and clientKey" : issue.message;
    const rest = path.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`)).join("");
    return { name: name + rest, rule, showValue: SHOWN.has(name) };
  });
  return { ok: false, problems };
}

/** A variable violates its rule. The message contains variables and rules, never values. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

const parsed = new WeakMap<object, Configuration>();

/**
 * The configuration for an environment, parsed once per isolate.
 * @throws ConfigurationError that lists each invalid variable with its rule
 */
export function configurationOf(env: object): Configuration {
  const known = parsed.get(env);
  if (known !== undefined) return known;
  const result = parseConfiguration(env);
  if (!result.ok) {
    const problems = result.problems.map(({ name, rule }) => `${name}: ${rule}`);
    throw new ConfigurationError(`bad configuration: ${problems.join("; ")}`);
  }
  parsed.set(env, result.configuration);
  return result.configuration;
}

function toConfiguration(values: z.output<typeof configurationSchema>): Configuration {
  return {
    upstreamUrl: values.UPSTREAM_URL,
    upstreamClientKey: values.UPSTREAM_CLIENT_KEY ?? null,
    upstreamAccounts: accountsIn(values),
    adminToken: values.ADMIN_TOKEN ?? null,
    alertWebhook:
      values.ALERT_WEBHOOK_URL !== undefined && values.ALERT_WEBHOOK_SECRET !== undefined
        ? { url: values.ALERT_WEBHOOK_URL, secret: values.ALERT_WEBHOOK_SECRET }
        : null,
    pollIntervalMs: values.POLL_INTERVAL_MS,
    taskTimeoutMs: values.TASK_TIMEOUT_S * 1_000,
    taskRetentionMs: values.TASK_RETENTION_S * 1_000,
    adaptiveFirstPoll: values.ADAPTIVE_FIRST_POLL ?? values.FIRST_POLL_ADVICE,
    allowPrivateWebhooks: values.ALLOW_PRIVATE_WEBHOOKS,
    solver: { userAgent: values.SOLVER_USER_AGENT, secChUa: values.SOLVER_SEC_CH_UA },
  };
}

function accountsIn(values: z.output<typeof configurationSchema>): UpstreamAccount[] {
  const { UPSTREAM_ACCOUNTS: list, UPSTREAM_CLIENT_KEY: single, UPSTREAM_URL: defaultUrl } = values;
  if (list !== undefined) return list.map(({ name, url = defaultUrl, clientKey }) => ({ name, url, clientKey }));
  return single === undefined ? [] : [{ name: "default", url: defaultUrl, clientKey: single }];
}
