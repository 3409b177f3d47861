// The Worker's environment: the bindings of wrangler.toml.

export { type Configuration, ConfigurationError, configurationOf } from "./configuration.ts";

/** Bindings only. Variables and secrets are untrusted text, so only configuration.ts reads them. */
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
