// The pages that people see: the reference (`/docs`) and the console (`/console`), from the Worker's own static assets. They hold
// nothing secret and ask for no key; what they show is asked of the API, by the browser.

import { Hono } from "hono";
import type { StatusCode } from "hono/utils/http-status";
import type { AppEnv } from "../middleware/authenticate.ts";

/** Nothing from elsewhere, nothing inline, in no frame. Swagger UI's style sheet has its icons as data. */
const CONSOLE_POLICY = policyOf("img-src 'self'");
const REFERENCE_POLICY = policyOf("img-src 'self' data:");

/** Files with a hash of their content in the name. */
const HASHED = /-[\w-]{8}\.(js|css|svg|woff2)$/;

function policyOf(images: string): string {
  return `default-src 'self'; ${images}; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
}

export function pageRoutes() {
  const app = new Hono<AppEnv>();
  for (const page of ["/docs", "/console"]) {
    const policy = page === "/console" ? CONSOLE_POLICY : REFERENCE_POLICY;
    app.on("GET", [page, `${page}/*`], async (c) => {
      const asset = await c.env.ASSETS.fetch(c.req.raw);
      if (asset.status === 404) return c.notFound();
      const headers: Record<string, string> = {
        ...Object.fromEntries(asset.headers),
        "Content-Security-Policy": policy,
      };
      if (HASHED.test(c.req.path)) headers["Cache-Control"] = "public, max-age=31536000, immutable";
      return c.newResponse(asset.body, asset.status as StatusCode, headers);
    });
  }
  return app;
}
