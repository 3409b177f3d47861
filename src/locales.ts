// Stands in for zod's translations of its messages (wrangler.toml, `[alias]`): the gateway speaks English, which zod imports by
// itself, and esbuild cannot drop the rest, a quarter of the bundle.

export {};
