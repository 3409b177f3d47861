// Replaces zod in the Worker's bundle (`[alias]` in wrangler.toml). zod exports its translations as a namespace, which bundlers cannot
// drop: 39 KiB gzipped that no code uses. Type checks and tests use zod itself.

import * as z from "./zod-exports.ts";

export * from "./zod-exports.ts";
export { z, z as default };
