// The allow-list of website hosts. Pure. Patterns and URLs whose host is ambiguous are rejected and not corrected, because the list is
// the only protection against automating other websites.

/** The maximum length of a DNS name, in characters. Includes the `*` of a pattern. */
const MAX_HOST_LENGTH = 253;

/** The maximum number of patterns. The list is part of the snapshot and is scanned for each task. */
const MAX_PATTERNS = 1000;

/**
 * One DNS label after IDN mapping, of at most 63 octets. RFC 1123 forbids underscores and outer hyphens, but real websites use them.
 * Other characters that URL parsers accept (`*`, `!`, `$` …) are not used.
 */
const LABEL = /^[a-z0-9_-]{1,63}$/;

/** Characters that URL parsers do not treat as part of a host, or that they remove or decode. */
const NOT_IN_A_HOST = /[\s\p{Cc}:/?#@\\%*[\]]/u;

const IPV6_LITERAL = /^\[[0-9a-f:.]{2,45}\]$/i;
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/**
 * A scheme, `//` and an authority that all URL parsers interpret alike. WHATWG parsers also accept `https:host` and `https:\host`, remove
 * tabs and line breaks, and split at the last of several `@`.
 */
const PLAIN_AUTHORITY = /^https?:\/\/(?:[^/?#\\@]*@)?[^/?#\\@]+(?:[/?#]|$)/i;
const DROPPED_BY_URL_PARSERS = /[\t\n\r]/;

/**
 * Normalizes a pattern, or returns null if it is invalid. A pattern is an exact host (a name, IPv4, or IPv6 in brackets), `*.suffix` for
 * all subdomains of the suffix but not the suffix itself, or `*`. Names are converted to lower case and punycode, without a trailing dot.
 */
export function parseHostPattern(text: string): string | null {
  if (text === "*") return text;
  if (text.length > MAX_HOST_LENGTH + 1) return null;
  if (!text.startsWith("*.")) return exactHost(text);
  const suffix = exactHost(text.slice(2));
  if (suffix === null || isAddress(suffix)) return null;
  const pattern = `*.${suffix}`;
  return pattern.length <= MAX_HOST_LENGTH ? pattern : null;
}

/** Normalizes a list and removes duplicates, or returns the index of the first invalid pattern and the violated rule. */
export function normalizeHosts(
  patterns: readonly string[],
): { ok: true; hosts: string[] } | { ok: false; index: number; message: string } {
  if (patterns.length > MAX_PATTERNS) {
    return { ok: false, index: MAX_PATTERNS, message: `must have at most ${MAX_PATTERNS} entries` };
  }
  const hosts = new Set<string>();
  for (const [index, text] of patterns.entries()) {
    const host = parseHostPattern(text);
    if (host === null) {
      return { ok: false, index, message: 'must be a host such as "shop.example", "*.shop.example", or "*"' };
    }
    hosts.add(host);
  }
  // A `*` among other patterns is probably a mistake that would allow every host.
  if (hosts.size > 1 && hosts.has("*")) {
    return {
      ok: false,
      index: patterns.indexOf("*"),
      message: 'must be the only entry, because "*" allows every host',
    };
  }
  return { ok: true, hosts: [...hosts] };
}

/**
 * The normalized host of an http or https URL, without port and trailing dot. Null for anything else, including URLs that the upstream
 * may parse as another host (`https://good\@evil`).
 */
export function websiteHost(url: string): string | null {
  if (DROPPED_BY_URL_PARSERS.test(url) || !PLAIN_AUTHORITY.test(url)) return null;
  return parsedHost(url);
}

/** Normalizes a host as `websiteHost` does. A port is ignored. Null for anything that is not a host. */
export function parseHost(text: string): string | null {
  return exactHost(text.replace(/:\d+$/, ""));
}

/** Whether a host from `websiteHost` matches one of the patterns from `normalizeHosts`. An empty list allows no host. */
export function hostAllowed(host: string, patterns: readonly string[]): boolean {
  if (host === "") return false;
  return patterns.some((pattern) => {
    if (pattern === "*") return true;
    if (!pattern.startsWith("*.")) return host === pattern;
    return host.length >= pattern.length && host.endsWith(pattern.slice(1));
  });
}

function exactHost(text: string): string | null {
  if (NOT_IN_A_HOST.test(text) && !IPV6_LITERAL.test(text)) return null;
  return parsedHost(`https://${text}/`);
}

function parsedHost(url: string): string | null {
  const parsed = URL.parse(url);
  return parsed === null ? null : normalHost(parsed.hostname);
}

/** Removes the trailing dot and rejects invalid DNS names. The URL parser has already converted IDN and addresses. */
function normalHost(hostname: string): string | null {
  if (hostname.startsWith("[")) return hostname;
  const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  if (name.length > MAX_HOST_LENGTH) return null;
  return name.split(".").every((label) => LABEL.test(label)) ? name : null;
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || IPV4.test(host);
}
