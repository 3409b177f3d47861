// Decides which URLs webhooks may be sent to. Names are not resolved: the platform (`global_fetch_strictly_public`) rejects a public
// name with a private address.

import ipaddr from "ipaddr.js";

/** The result of a check. `message` is the violated rule, such as "must use https". */
type WebhookTarget = { ok: true; url: string } | { ok: false; reason: "not_a_url" | "not_allowed"; message: string };

/** In characters. Longer URLs are not supported by all servers, and would make task records large. */
const MAX_URL_LENGTH = 2048;

/** Lower ports belong to other services (SSH, SMTP, …), except 443. */
const FIRST_UNPRIVILEGED_PORT = 1024;

/** Names of local networks. Subdomains are included. */
const PRIVATE_SUFFIXES = ["localhost", "local", "internal", "home.arpa"] as const;

/** The public IPv6 addresses (RFC 4291). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/** Documentation networks (RFC 5737, RFC 3849). They are allowed, because they are not routed. */
const DOCUMENTATION = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"].map((network) =>
  ipaddr.parseCIDR(network),
);

/** Names of address ranges in messages. Other ranges are called reserved. */
const RANGE_NAMES: Readonly<Record<string, string>> = {
  "6to4": "a 6to4",
  benchmarking: "a benchmarking",
  carrierGradeNat: "a shared",
  ipv4Mapped: "an IPv4-mapped",
  linkLocal: "a link-local",
  loopback: "a loopback",
  multicast: "a multicast",
  private: "a private",
  rfc6052: "a NAT64",
  uniqueLocal: "a unique-local",
  unspecified: "an unspecified",
};

/**
 * Checks a webhook URL. On success, `url` is the normalized URL, which must be used for the request, because it is what was checked.
 * @param options `allowPrivate` allows http, any port and any host, for local development
 */
export function checkWebhookTarget(url: string, options: { allowPrivate: boolean }): WebhookTarget {
  const parsed = URL.parse(url);
  if (parsed === null) return { ok: false, reason: "not_a_url", message: "must be an absolute URL" };
  // Normalization can make the URL longer (percent-encoding) or shorter (whitespace).
  if (Math.max(url.length, parsed.href.length) > MAX_URL_LENGTH) return tooLong();
  const rule = violatedRule(parsed, options.allowPrivate);
  return rule === null ? { ok: true, url: parsed.href } : rejected(rule);
}

function violatedRule(url: URL, allowPrivate: boolean): string | null {
  if (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:")) {
    return allowPrivate ? "must use http or https" : "must use https";
  }
  if (url.username !== "" || url.password !== "") return "must not contain credentials";
  if (allowPrivate) return null;
  // The port is "" if it is the default of https.
  if (url.port !== "" && Number(url.port) < FIRST_UNPRIVILEGED_PORT) {
    return `must use port 443 or a port from ${FIRST_UNPRIVILEGED_PORT} up`;
  }
  return violatedHostRule(url.hostname);
}

function violatedHostRule(hostname: string): string | null {
  // The URL parser has normalized all forms of IPv4 addresses to dotted decimals.
  const literal = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  if (ipaddr.isValid(literal)) return violatedAddressRule(ipaddr.parse(literal));
  const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  const labels = name.split(".");
  // Some resolvers ignore extra dots, so `localhost..` could resolve as `localhost`.
  if (labels.includes("")) return "must not name a host with empty labels";
  for (const suffix of PRIVATE_SUFFIXES) {
    if (name === suffix || name.endsWith(`.${suffix}`)) return `must not name a host in "${suffix}"`;
  }
  return labels.length === 1 ? "must not name a single-label host" : null;
}

function violatedAddressRule(address: ipaddr.IPv4 | ipaddr.IPv6): string | null {
  const range = ipaddr.subnetMatch(address, { unicast: DOCUMENTATION }, address.range());
  if (range !== "unicast") return `must not use ${RANGE_NAMES[range] ?? "a reserved"} address`;
  const isPublic = address instanceof ipaddr.IPv4 || address.match(GLOBAL_UNICAST);
  return isPublic ? null : "must not use a reserved address";
}

function tooLong(): WebhookTarget {
  return rejected(`must not be longer than ${MAX_URL_LENGTH} characters`);
}

function rejected(rule: string): WebhookTarget {
  return { ok: false, reason: "not_allowed", message: rule };
}
