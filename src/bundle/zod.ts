// zod as the Worker's bundle has it (wrangler.toml, `[alias]`). zod exports its translations as a namespace, which bundlers keep: 39 KiB
// gzipped that no code uses. Types and tests see zod itself.

import * as z from "./zod-exports.ts";

export * from "./zod-exports.ts";
export { z, z as default };
