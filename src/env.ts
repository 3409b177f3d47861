// The Worker's environment: bindings as the platform hands them over, and variables parsed by zod once per isolate.
// Nothing else in the project reads a variable by name. Refuses to guess: a bad value is an error that names the
// variable, never its content, because some of them are secrets.

import { z } from "zod";
import type { TaskObject } from "./tasks/object.ts";
import type { TenantObject } from "./tenants/object.ts";

/** What wrangler.toml binds, and the variables and secrets as they come: untrusted text. */
export interface Env {
  readonly TASKS: DurableObjectNamespace<TaskObject>;
  readonly TENANTS: DurableObjectNamespace<TenantObject>;
  readonly DIRECTORY: KVNamespace;
  readonly CREATE_LIMIT: RateLimit;
  readonly CALL_LIMIT: RateLimit;
  readonly AUTH_FAILURE_LIMIT: RateLimit;
  readonly ANALYTICS: AnalyticsEngineDataset;
  readonly ASSETS: Fetcher;
}

/** The seed's values: facts of the upstream on the day of its document, which follow Chrome's releases. */
const SEED_USER_AGENT =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36";
const SEED_SEC_CH_UA = '"Google Chrome";v="137", "Not-A.Brand";v="24", "Chromium";v="137"';

/** Text as it comes from a flag or a secret; `[vars]` of wrangler.toml may have plain numbers and booleans too. */
const plainText = z.union([z.string(), z.number(), z.boolean()]).transform(String);

function wholeNumber(min: number, max: number, fallback: number) {
  const range = `a whole number from ${min} to ${max}`;
  return plainText
    .refine((text) => /^\d{1,9}$/.test(text), range)
    .transform(Number)
    .refine((value) => value >= min && value <= max, range)
    .default(fallback);
}

function truth(fallback: "true" | "false") {
  return plainText
    .pipe(z.enum(["true", "false"]))
    .default(fallback)
    .transform((value) => value === "true");
}

const headerText = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[\x20-\x7e]+$/, "printable ASCII");

const configurationSchema = z.object({
  UPSTREAM_URL: z
    .string()
    .refine(isUpstreamAddress, "an http or https address without credentials, query or fragment")
    .transform((url) => url.replace(/\/+$/, ""))
    .default("https://api.1captcha.vip"),
  UPSTREAM_CLIENT_KEY: z.string().min(1).max(512).optional(),
  ADMIN_TOKEN: z
    .string()
    .min(24)
    .max(512)
    .regex(/^[\x21-\x7e]+$/, "printable ASCII without spaces")
    .optional(),
  POLL_INTERVAL_MS: wholeNumber(1_000, 60_000, 3_000),
  TASK_TIMEOUT_S: wholeNumber(10, 300, 120),
  TASK_RETENTION_S: wholeNumber(10, 2_592_000, 86_400),
  FIRST_POLL_ADVICE: truth("true"),
  ALLOW_PRIVATE_WEBHOOKS: truth("false"),
  SOLVER_USER_AGENT: headerText.default(SEED_USER_AGENT),
  SOLVER_SEC_CH_UA: headerText.default(SEED_SEC_CH_UA),
});

function isUpstreamAddress(text: string): boolean {
  if (/[?#\s]/.test(text) || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === "https:" || protocol === "http:") && username === "" && password === "";
}

/** The parsed configuration; times bear their unit in the name. */
export interface Configuration {
  readonly upstreamUrl: string;
  /** The operator's key with the upstream, or null where live tasks are not configured. */
  readonly upstreamClientKey: string | null;
  /** Bearer of `/admin`, or null where `/admin` does not exist. */
  readonly adminToken: string | null;
  readonly pollIntervalMs: number;
  readonly taskTimeoutMs: number;
  readonly taskRetentionMs: number;
  /** Whether a tenant's solve times say when a task's first poll comes; else it comes 3 s after createTask's answer. */
  readonly firstPollAdvice: boolean;
  readonly allowPrivateWebhooks: boolean;
  readonly solver: { readonly userAgent: string; readonly secChUa: string };
}

/** A variable is out of its range. The message names variables and rules, never values. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

const parsed = new WeakMap<object, Configuration>();

/**
 * The configuration of this isolate, parsed at the first call and remembered per environment object.
 * @throws ConfigurationError naming each bad variable and the rule it breaks.
 */
export function configurationOf(env: object): Configuration {
  const known = parsed.get(env);
  if (known !== undefined) return known;
  const result = configurationSchema.safeParse(env);
  if (!result.success) {
    const faults = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new ConfigurationError(`bad configuration: ${faults.join("; ")}`);
  }
  const configuration = toConfiguration(result.data);
  parsed.set(env, configuration);
  return configuration;
}

function toConfiguration(values: z.output<typeof configurationSchema>): Configuration {
  return {
    upstreamUrl: values.UPSTREAM_URL,
    upstreamClientKey: values.UPSTREAM_CLIENT_KEY ?? null,
    adminToken: values.ADMIN_TOKEN ?? null,
    pollIntervalMs: values.POLL_INTERVAL_MS,
    taskTimeoutMs: values.TASK_TIMEOUT_S * 1_000,
    taskRetentionMs: values.TASK_RETENTION_S * 1_000,
    firstPollAdvice: values.FIRST_POLL_ADVICE,
    allowPrivateWebhooks: values.ALLOW_PRIVATE_WEBHOOKS,
    solver: { userAgent: values.SOLVER_USER_AGENT, secChUa: values.SOLVER_SEC_CH_UA },
  };
}
