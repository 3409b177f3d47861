// The allow-list of website hosts: its patterns, the host of a URL, and whether they match. Pure. A pattern or a URL whose host can be
// read in two ways is rejected and never repaired: the list is all that keeps a key from sites that its tenant may not automate.

/** Characters of the longest DNS name in text form. A `*.suffix` counts with its `*`, which stands for at least one character. */
const MAX_HOST_LENGTH = 253;

/** Patterns of one tenant. The snapshot that every edge reads contains the list, and each task scans it. */
const MAX_PATTERNS = 1000;

/**
 * One DNS label after IDN mapping, of at most 63 octets. RFC 1123 forbids underscores and outer hyphens, but real websites use them.
 * Other characters that URL parsers accept (`*`, `!`, `$` …) are not used.
 */
const LABEL = /^[a-z0-9_-]{1,63}$/;

/** Characters that a URL parser does not read as part of a host, or that it strips or decodes. */
const NOT_IN_A_HOST = /[\s\p{Cc}:/?#@\\%*[\]]/u;

const IPV6_LITERAL = /^\[[0-9a-f:.]{2,45}\]$/i;
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/**
 * Scheme, `//` and authority, as every URL standard reads them. WHATWG parsers also accept `https:host` and `https:\host`, drop tabs
 * and line breaks, and split at the last of several `@`. Other parsers do not.
 */
const PLAIN_AUTHORITY = /^https?:\/\/(?:[^/?#\\@]*@)?[^/?#\\@]+(?:[/?#]|$)/i;
const DROPPED_BY_URL_PARSERS = /[\t\n\r]/;

/**
 * The normal form of a pattern, or null when it is invalid. A pattern is an exact host (a name, IPv4, or IPv6 in brackets), `*.suffix`
 * for every depth below the suffix but not the suffix itself, or `*`. Names become lower case and punycode, without a trailing dot.
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

/** The normal form of a list, without repeats, or the index of the first invalid pattern and why it is invalid. */
export function normalizeHosts(
  patterns: readonly string[],
): { ok: true; hosts: string[] } | { ok: false; index: number; message: string } {
  if (patterns.length > MAX_PATTERNS) {
    return { ok: false, index: MAX_PATTERNS, message: `at most ${MAX_PATTERNS} host patterns are allowed` };
  }
  const hosts = new Set<string>();
  for (const [index, text] of patterns.entries()) {
    const host = parseHostPattern(text);
    if (host === null) {
      return { ok: false, index, message: 'must be a host such as "shop.example", "*.shop.example", or "*"' };
    }
    hosts.add(host);
  }
  // A single `*` is a decision. One beside other patterns is more likely a mistake that would allow every host.
  if (hosts.size > 1 && hosts.has("*")) {
    return { ok: false, index: patterns.indexOf("*"), message: '"*" allows every host and must stand alone' };
  }
  return { ok: true, hosts: [...hosts] };
}

/**
 * The host of an http or https URL in the normal form of patterns: no port, no trailing dot. Null for anything else, also for a URL
 * that the upstream's parser might read as another host (`https://good\@evil`).
 */
export function websiteHost(url: string): string | null {
  if (DROPPED_BY_URL_PARSERS.test(url) || !PLAIN_AUTHORITY.test(url)) return null;
  return parsedHost(url);
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

/** The URL parser has mapped IDN and normalized addresses. This removes the trailing dot and rejects what DNS cannot contain. */
function normalHost(hostname: string): string | null {
  if (hostname.startsWith("[")) return hostname;
  const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  if (name.length > MAX_HOST_LENGTH) return null;
  return name.split(".").every((label) => LABEL.test(label)) ? name : null;
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || IPV4.test(host);
}
