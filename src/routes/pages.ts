// The pages for browsers, from the Worker's static assets: home (`/`), the reference (`/docs`) and the console (`/console`). They need
// no authentication: they contain no data, and fetch it from the API.

import type { Context, Hono } from "hono";
import type { StatusCode } from "hono/utils/http-status";
import type { AppEnv } from "../middleware/authenticate.ts";

/** The reference needs data URLs for the icons in its style sheet. */
const PAGE_POLICY = policyOf("img-src 'self'");
const REFERENCE_POLICY = policyOf("img-src 'self' data:");

/** Files with a content hash in their name. */
const HASHED = /-[\w-]{8}\.(js|css|svg|woff2)$/;

function policyOf(images: string): string {
  return `default-src 'self'; ${images}; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
}

/** The static asset for the request's path, with the headers of a page. Null if there is none. */
export async function servePage(c: Context<AppEnv>): Promise<Response | null> {
  const asset = await c.env.ASSETS.fetch(c.req.raw);
  if (asset.status === 404) return null;
  const policy = c.req.path.startsWith("/docs") ? REFERENCE_POLICY : PAGE_POLICY;
  const headers: Record<string, string> = {
    ...Object.fromEntries(asset.headers),
    "Content-Security-Policy": policy,
  };
  if (HASHED.test(c.req.path)) headers["Cache-Control"] = "public, max-age=31536000, immutable";
  return c.newResponse(asset.body, asset.status as StatusCode, headers);
}

/** Adds the routes of the reference and the console. */
export function addPageRoutes(app: Hono<AppEnv>): void {
  app.on("GET", ["/docs", "/docs/*", "/console", "/console/*"], async (c) => (await servePage(c)) ?? c.notFound());
}
