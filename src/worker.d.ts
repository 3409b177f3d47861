// Types that the platform's packages leave to the project: what `env` and `exports` of `cloudflare:workers` hold, and the bindings of
// the Durable Objects. The latter are here and not in env.ts, because the objects' classes import env.ts.

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
