/**
 * Which URLs a webhook may be sent to.
 *
 * Pure: it judges the text of a URL and resolves no name, so a public name that points at a private address passes; the
 * platform's public-only fetch stands behind this. Refuses to follow a second reading of a URL: what it returns is the
 * parser's own serialisation, so the URL that was judged is the URL that is fetched.
 */

type WebhookTarget = { ok: true; url: string } | { ok: false; reason: "not_a_url" | "not_allowed"; message: string };

/** Characters. The longest that proxies and servers take without question; also bounds what a task's record holds. */
const MAX_URL_LENGTH = 2048;

/** Below this stand services that a stranger's POST should not reach (SSH, SMTP, …); 443 is the one exception. */
const FIRST_UNPRIVILEGED_PORT = 1024;

/** Names under which networks keep things for themselves, each with everything below it. */
const PRIVATE_SUFFIXES = ["localhost", "local", "internal", "home.arpa"] as const;

interface Block {
  readonly network: bigint;
  /** Bits of the address to the right of the prefix. */
  readonly hostBits: bigint;
  readonly kind: string;
}

const IPV4_BLOCKS: readonly Block[] = [
  ipv4Block("0.0.0.0", 8, "an unspecified"),
  ipv4Block("10.0.0.0", 8, "a private"),
  ipv4Block("100.64.0.0", 10, "a shared"),
  ipv4Block("127.0.0.0", 8, "a loopback"),
  ipv4Block("169.254.0.0", 16, "a link-local"),
  ipv4Block("172.16.0.0", 12, "a private"),
  ipv4Block("192.0.0.0", 24, "a reserved"),
  ipv4Block("192.88.99.0", 24, "a 6to4 relay"),
  ipv4Block("192.168.0.0", 16, "a private"),
  ipv4Block("198.18.0.0", 15, "a benchmarking"),
  ipv4Block("224.0.0.0", 4, "a multicast"),
  ipv4Block("240.0.0.0", 4, "a reserved"),
];

/** The first match names the refusal, so narrow blocks stand before wide ones. */
const IPV6_BLOCKS: readonly Block[] = [
  ipv6Block([], 128, "an unspecified"),
  ipv6Block([0, 0, 0, 0, 0, 0, 0, 1], 128, "a loopback"),
  ipv6Block([0, 0, 0, 0, 0, 0xffff], 96, "an IPv4-mapped"),
  ipv6Block([], 96, "an IPv4-compatible"),
  ipv6Block([0x64, 0xff9b], 96, "a NAT64"),
  ipv6Block([0x64, 0xff9b, 1], 48, "a NAT64"),
  ipv6Block([0x100], 64, "a discard-only"),
  ipv6Block([0x2001], 32, "a Teredo"),
  ipv6Block([0x2001, 2], 48, "a benchmarking"),
  ipv6Block([0x2001], 23, "a reserved"),
  ipv6Block([0x2002], 16, "a 6to4"),
  ipv6Block([0xfc00], 7, "a unique-local"),
  ipv6Block([0xfe80], 10, "a link-local"),
  ipv6Block([0xfec0], 10, "a site-local"),
  ipv6Block([0xff00], 8, "a multicast"),
];

/** All of IPv6 that is given out for the public network. Outside it an address is refused even when no block names it. */
const IPV6_GLOBAL_UNICAST = ipv6Block([0x2000], 3, "a global");

/**
 * Judges a webhook URL; `ok` carries its normal form. `allowPrivate` is for local development: it lifts the rules on
 * scheme (http too), port and host, but not the ones on length and credentials.
 */
export function checkWebhookTarget(url: string, options: { allowPrivate: boolean }): WebhookTarget {
  const parsed = URL.parse(url);
  if (parsed === null) return { ok: false, reason: "not_a_url", message: "the webhook URL must be an absolute URL" };
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
  if (hostname.startsWith("[")) return brokenIpv6Rule(hostname);
  // The parser has brought decimal, octal, hexadecimal and short IPv4 into this form, and refuses other numeric endings.
  const ipv4 = parseIpv4(hostname);
  if (ipv4 !== null) return addressRule(IPV4_BLOCKS.find((block) => contains(block, ipv4)));
  const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  const labels = name.split(".");
  // Some resolvers drop surplus dots, and `localhost..` or `127.0.0.1..` would come back as what was refused.
  if (labels.includes("")) return "must not name a host with empty labels";
  for (const suffix of PRIVATE_SUFFIXES) {
    if (name === suffix || name.endsWith(`.${suffix}`)) return `must not name a host in "${suffix}"`;
  }
  if (labels.length === 1) return "must not name a single-label host";
  return null;
}

function brokenIpv6Rule(hostname: string): string | null {
  const address = parseIpv6(hostname.slice(1, -1));
  if (address === null) return "must not use an address that cannot be read";
  const block = IPV6_BLOCKS.find((candidate) => contains(candidate, address));
  if (block === undefined && !contains(IPV6_GLOBAL_UNICAST, address)) return "must not use a reserved address";
  return addressRule(block);
}

function addressRule(block: Block | undefined): string | null {
  return block === undefined ? null : `must not use ${block.kind} address`;
}

function contains(block: Block, address: bigint): boolean {
  return address >> block.hostBits === block.network >> block.hostBits;
}

function parseIpv4(text: string): bigint | null {
  if (!/^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(text)) return null;
  return text.split(".").reduce((address, octet) => (address << 8n) | BigInt(octet), 0n);
}

/** Reads the parser's serialisation only: groups in hex, `::` at most once, never a dotted tail. */
function parseIpv6(text: string): bigint | null {
  const halves = text.split("::");
  const [before = [], after = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - before.length - after.length;
  if (halves.length === 1 ? missing !== 0 : halves.length !== 2 || missing < 1) return null;
  const groups = [...before, ...Array<string>(missing).fill("0"), ...after];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return null;
  return fromGroups(groups.map((group) => Number.parseInt(group, 16)));
}

function fromGroups(groups: readonly number[]): bigint {
  return groups.reduce((address, group) => (address << 16n) | BigInt(group), 0n);
}

function ipv4Block(network: string, prefixBits: number, kind: string): Block {
  const address = parseIpv4(network);
  if (address === null) throw new TypeError(`not an IPv4 network: ${network}`);
  return { network: address, hostBits: BigInt(32 - prefixBits), kind };
}

/** `leading` are the network's first groups; the rest are zero. */
function ipv6Block(leading: readonly number[], prefixBits: number, kind: string): Block {
  const groups = [...leading, ...Array<number>(8 - leading.length).fill(0)];
  return { network: fromGroups(groups), hostBits: BigInt(128 - prefixBits), kind };
}

function tooLong(): WebhookTarget {
  return refused(`must not be longer than ${MAX_URL_LENGTH} characters`);
}

function refused(rule: string): WebhookTarget {
  return { ok: false, reason: "not_allowed", message: `the webhook URL ${rule}` };
}
