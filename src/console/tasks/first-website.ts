// The website that "Try it" starts with. Pure.

import { hostAllowed } from "../../tenants/hosts.ts";
import { EXAMPLE } from "./scenarios.ts";

/**
 * A URL that the tenant's allow-list permits, or null where the list is empty. The example's website comes first, then exact hosts, then
 * a host below a wildcard.
 * @param allowedHosts exact hosts, `*.suffix` or `*`
 */
export function firstWebsiteOf(allowedHosts: readonly string[]): string | null {
  const example = new URL(EXAMPLE.websiteURL).host;
  if (hostAllowed(example, allowedHosts)) return EXAMPLE.websiteURL;
  const exact = allowedHosts.find((pattern) => !pattern.startsWith("*"));
  const host = exact ?? allowedHosts[0]?.replace(/^\*/, "www");
  return host === undefined ? null : `https://${host}/`;
}
