// Types that the platform's packages leave to the project: what `env` and `exports` of `cloudflare:workers` hold.

declare namespace Cloudflare {
  interface Env extends Readonly<import("./env.ts").Env> {}
  interface GlobalProps {
    mainModule: typeof import("./index.ts");
  }
}
