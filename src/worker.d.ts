// Types of `env` and `exports` in `cloudflare:workers`, and of the Durable Object bindings. The bindings are not in env.ts, because the
// object classes import env.ts and the import would be circular.

interface ObjectBindings {
  readonly TASKS: DurableObjectNamespace<import("./tasks/object.ts").TaskObject>;
  readonly TENANTS: DurableObjectNamespace<import("./tenants/object.ts").TenantObject>;
  readonly UPSTREAM: DurableObjectNamespace<import("./upstream/object.ts").UpstreamObject>;
  readonly ALERTS: DurableObjectNamespace<import("./alerts/object.ts").AlertObject>;
}

declare namespace Cloudflare {
  interface Env extends Readonly<import("./env.ts").Env> {}
  interface GlobalProps {
    mainModule: typeof import("./index.ts");
  }
}
