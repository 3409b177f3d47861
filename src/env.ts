// The Worker's environment: the bindings of wrangler.toml. Variables and secrets are parsed by configuration.ts.

import type { AlertObject } from "./alerts/object.ts";
import type { TaskObject } from "./tasks/object.ts";
import type { TenantObject } from "./tenants/object.ts";
import type { UpstreamObject } from "./upstream/object.ts";

export { type Configuration, ConfigurationError, configurationOf } from "./configuration.ts";

/** The bindings. Variables and secrets are not listed: they are untrusted text, and only configuration.ts reads them. */
export interface Env {
  readonly TASKS: DurableObjectNamespace<TaskObject>;
  readonly TENANTS: DurableObjectNamespace<TenantObject>;
  readonly UPSTREAM: DurableObjectNamespace<UpstreamObject>;
  readonly ALERTS: DurableObjectNamespace<AlertObject>;
  readonly DIRECTORY: KVNamespace;
  readonly CREATE_LIMIT: RateLimit;
  readonly CALL_LIMIT: RateLimit;
  readonly AUTH_FAILURE_LIMIT: RateLimit;
  readonly UNKNOWN_KEY_LIMIT: RateLimit;
  readonly WEBHOOK_TEST_LIMIT: RateLimit;
  readonly ANALYTICS: AnalyticsEngineDataset;
  readonly ASSETS: Fetcher;
}
