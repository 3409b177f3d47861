/**
 * A tenant's allow-list of website hosts: how patterns are written, how a URL's host is read, and whether they meet.
 *
 * Pure. Refuses to guess: a pattern or URL whose host could be read in two ways is refused, never repaired, because the
 * list is the only thing between a key and sites that nobody gave leave for.
 */

/** Characters of the longest DNS name in text form. A `*.suffix` counts whole, as something must fit in place of `*`. */
const MAX_HOST_LENGTH = 253;

/** Patterns of one tenant: the list travels in the snapshot that every edge location reads, and is scanned per task. */
const MAX_PATTERNS = 1000;

/**
 * One DNS label after IDN mapping, of at most 63 octets. Underscores and outer hyphens are against RFC 1123 but serve
 * real websites. What URL parsers let through besides (`*`, `!`, `$` …) never does.
 */
const LABEL = /^[a-z0-9_-]{1,63}$/;

/** Text that means something else than a host to a URL parser, or that it would strip or decode unseen. */
const NOT_IN_A_HOST = /[\s\p{Cc}:/?#@\\%*[\]]/u;

const IPV6_LITERAL = /^\[[0-9a-f:.]{2,45}\]$/i;
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/**
 * The scheme, `//` and the authority, as every URL standard reads them. WHATWG parsers also take `https:host` and
 * `https:\host`, drop tabs and line breaks, and split at the last of several `@`; other parsers don't.
 */
const PLAIN_AUTHORITY = /^https?:\/\/(?:[^/?#\\@]*@)?[^/?#\\@]+(?:[/?#]|$)/i;
const DROPPED_BY_URL_PARSERS = /[\t\n\r]/;

/**
 * A pattern in its normal form, or null: an exact host (name, IPv4, or IPv6 in brackets), `*.suffix` for any depth below
 * the suffix and not the suffix itself, or `*`. Names become lower case and punycode, without a trailing dot.
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

/** A whole list in normal form, without repeats, or the index of the first pattern that is wrong and why. */
export function normaliseHosts(
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
  // A lone `*` is a decision; one among others is more likely a slip that would open everything.
  if (hosts.size > 1 && hosts.has("*")) {
    return { ok: false, index: patterns.indexOf("*"), message: '"*" allows every host and must stand alone' };
  }
  return { ok: true, hosts: [...hosts] };
}

/**
 * The host that an http or https URL names, in the form patterns are kept in: no port, no trailing dot. Null for anything
 * else, also for a URL that upstream's parser might read as another host than this one does (`https://good\@evil`).
 */
export function websiteHost(url: string): string | null {
  if (DROPPED_BY_URL_PARSERS.test(url) || !PLAIN_AUTHORITY.test(url)) return null;
  return parsedHost(url);
}

/** Whether a host from `websiteHost` meets one of the patterns from `normaliseHosts`. An empty list allows nothing. */
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

/** The parser has mapped IDN and canonicalised addresses already; what is left is the dot and what DNS can't hold. */
function normalHost(hostname: string): string | null {
  if (hostname.startsWith("[")) return hostname;
  const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  if (name.length > MAX_HOST_LENGTH) return null;
  return name.split(".").every((label) => LABEL.test(label)) ? name : null;
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || IPV4.test(host);
}
