// The Worker's environment: the bindings of wrangler.toml. Variables and secrets are parsed by configuration.ts.

export { type Configuration, ConfigurationError, configurationOf } from "./configuration.ts";

/** The bindings, with those of worker.d.ts. Variables and secrets are not listed: they are untrusted text, and only configuration.ts reads them. */
export interface Env extends ObjectBindings {
  readonly DIRECTORY: KVNamespace;
  readonly CREATE_LIMIT: RateLimit;
  readonly CALL_LIMIT: RateLimit;
  readonly AUTH_FAILURE_LIMIT: RateLimit;
  readonly UNKNOWN_KEY_LIMIT: RateLimit;
  readonly WEBHOOK_TEST_LIMIT: RateLimit;
  readonly ANALYTICS: AnalyticsEngineDataset;
  readonly ASSETS: Fetcher;
}
