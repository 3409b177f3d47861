// The website that "Try it" starts with: one that the tenant may use. Pure.

import { EXAMPLE } from "./scenarios.ts";

/**
 * A URL that the tenant's allow-list permits, or null where the list is empty. The example's website comes first, then exact hosts, then
 * a host below a wildcard.
 * @param allowedHosts exact hosts, `*.suffix` or `*`
 */
export function firstWebsiteOf(allowedHosts: readonly string[]): string | null {
  const example = new URL(EXAMPLE.websiteURL).host;
  if (allowedHosts.some((pattern) => allows(pattern, example))) return EXAMPLE.websiteURL;
  const exact = allowedHosts.find((pattern) => !pattern.startsWith("*"));
  const host = exact ?? allowedHosts[0]?.replace(/^\*/, "www");
  return host === undefined ? null : `https://${host}/`;
}

const allows = (pattern: string, host: string): boolean =>
  pattern === "*" || pattern === host || (pattern.startsWith("*.") && host.endsWith(pattern.slice(1)));
