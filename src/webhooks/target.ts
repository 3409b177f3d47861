// Which URLs a webhook may be sent to. It checks the text of a URL and resolves no name: a public name with a private address is
// stopped by the platform, which fetches from the public network only.

import ipaddr from "ipaddr.js";

/** The result of a check. `message` is a rule that the URL breaks: "must use https". */
type WebhookTarget = { ok: true; url: string } | { ok: false; reason: "not_a_url" | "not_allowed"; message: string };

/** Characters. The longest that proxies and servers accept without question; it also bounds a task's record. */
const MAX_URL_LENGTH = 2048;

/** Ports below this belong to services that must not receive a tenant's POST (SSH, SMTP, …); 443 is the one exception. */
const FIRST_UNPRIVILEGED_PORT = 1024;

/** Names that networks use for themselves, each with everything below it. */
const PRIVATE_SUFFIXES = ["localhost", "local", "internal", "home.arpa"] as const;

/** The IPv6 addresses that are assigned to the public network (RFC 4291, IANA). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/** Networks for examples (RFC 5737, RFC 3849). They lead nowhere, so nothing is protected by rejecting them. */
const DOCUMENTATION = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"].map((network) =>
  ipaddr.parseCIDR(network),
);

/** How a message names an address by its range; the library knows more ranges, none of them public. */
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
 * Checks a webhook URL. `ok` has its normal form, so that the URL that was checked is the URL that is fetched. `allowPrivate` is for
 * local development: it allows http, any port and any host, but no credentials.
 */
export function checkWebhookTarget(url: string, options: { allowPrivate: boolean }): WebhookTarget {
  const parsed = URL.parse(url);
  if (parsed === null) return { ok: false, reason: "not_a_url", message: "must be an absolute URL" };
  // Percent-encoding can make it longer than what came in, and dropped blanks shorter.
  if (Math.max(url.length, parsed.href.length) > MAX_URL_LENGTH) return tooLong();
  const rule = brokenRule(parsed, options.allowPrivate);
  return rule === null ? { ok: true, url: parsed.href } : refused(rule);
}

function brokenRule(url: URL, allowPrivate: boolean): string | null {
  if (url.protocol !== "https:" && !(allowPrivate && url.protocol === "http:")) {
    return allowPrivate ? "must use http or https" : "must use https";
  }
  if (url.username !== "" || url.password !== "") return "must not contain credentials";
  if (allowPrivate) return null;
  // The parser turns https's own port into "".
  if (url.port !== "" && Number(url.port) < FIRST_UNPRIVILEGED_PORT) {
    return `must use port 443 or a port from ${FIRST_UNPRIVILEGED_PORT} up`;
  }
  return brokenHostRule(url.hostname);
}

function brokenHostRule(hostname: string): string | null {
  // The URL parser has brought decimal, octal, hexadecimal and short IPv4 forms into dotted decimals.
  const literal = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
  if (ipaddr.isValid(literal)) return brokenAddressRule(ipaddr.parse(literal));
  const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  const labels = name.split(".");
  // Some resolvers drop surplus dots, so `localhost..` would come back as `localhost`.
  if (labels.includes("")) return "must not name a host with empty labels";
  for (const suffix of PRIVATE_SUFFIXES) {
    if (name === suffix || name.endsWith(`.${suffix}`)) return `must not name a host in "${suffix}"`;
  }
  return labels.length === 1 ? "must not name a single-label host" : null;
}

function brokenAddressRule(address: ipaddr.IPv4 | ipaddr.IPv6): string | null {
  const range = ipaddr.subnetMatch(address, { unicast: DOCUMENTATION }, address.range());
  if (range !== "unicast") return `must not use ${RANGE_NAMES[range] ?? "a reserved"} address`;
  const isPublic = address instanceof ipaddr.IPv4 || address.match(GLOBAL_UNICAST);
  return isPublic ? null : "must not use a reserved address";
}

function tooLong(): WebhookTarget {
  return refused(`must not be longer than ${MAX_URL_LENGTH} characters`);
}

function refused(rule: string): WebhookTarget {
  return { ok: false, reason: "not_allowed", message: rule };
}
