// The form of API keys: creating, parsing and hashing them. Pure: randomness is a parameter. A key that parses is well formed; whether it
// is valid is decided in find-key.ts.

export type KeyMode = "live" | "test";

/** What a key can be allowed to do, in the order in which scopes are shown. */
export const SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"] as const;
export type Scope = (typeof SCOPES)[number];

/** The scopes of a key that is created without any: it can solve tasks, and has no access to the account. */
export const DEFAULT_SCOPES: readonly Scope[] = ["tasks:write", "tasks:read"];

const TENANT_ID_SOURCE = "[a-z0-9][a-z0-9-]{1,30}";

/** Tenant ids contain no underscore, so that a key can be split in one way only. */
export const TENANT_ID_PATTERN: RegExp = new RegExp(`^${TENANT_ID_SOURCE}$`);

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Characters of the secret. 32 of base62 are 190 bits, too many to guess from a leaked SHA-256. */
const SECRET_LENGTH = 32;

/** Characters of the checksum. 62^6 is the first power of 62 above 2^32. */
const CHECKSUM_LENGTH = 6;

/** Characters of the longest key: `sg_`, `live_`, 31 of tenant id, `_`, secret, checksum. Longer text is rejected unread. */
const MAX_KEY_LENGTH = 3 + 5 + 31 + 1 + SECRET_LENGTH + CHECKSUM_LENGTH;

/** The greatest multiple of 62 in a byte. Bytes from here up would favor the first eight characters of the alphabet. */
const UNBIASED_LIMIT = 248;

/**
 * Random bytes for `mintKey`. One byte in 32 is rejected, so 32 bytes would be enough only one time in three. Of 64 bytes, fewer than
 * 32 are left with a probability under 2^-100.
 */
export const KEY_ENTROPY_BYTES = 64;

const KEY_PATTERN = new RegExp(
  `^(sg_(live|test)_(${TENANT_ID_SOURCE})_[0-9A-Za-z]{${SECRET_LENGTH}})([0-9A-Za-z]{${CHECKSUM_LENGTH}})$`,
);

/**
 * Creates a key.
 * @throws RangeError for an invalid tenant id, and when `randomBytes` are too few: a shorter secret would be weak without a sign of it
 */
export function mintKey(mode: KeyMode, tenantId: string, randomBytes: Uint8Array): string {
  if (!TENANT_ID_PATTERN.test(tenantId)) throw new RangeError("not a tenant id");
  let secret = "";
  for (const byte of randomBytes) {
    if (secret.length === SECRET_LENGTH) break;
    if (byte < UNBIASED_LIMIT) secret += BASE62.charAt(byte % BASE62.length);
  }
  if (secret.length < SECRET_LENGTH) throw new RangeError(`a key needs about ${KEY_ENTROPY_BYTES} random bytes`);
  const body = `sg_${mode}_${tenantId}_${secret}`;
  return body + checksum(body);
}

/**
 * The mode and tenant in a key, or null for text that is not a key. Finds typos before any I/O. Never throws. The checksum needs no
 * constant-time comparison: it is computed from the text itself.
 */
export function parseKey(text: string): { mode: KeyMode; tenantId: string } | null {
  if (text.length > MAX_KEY_LENGTH) return null;
  const match = KEY_PATTERN.exec(text);
  if (match === null) return null;
  const [, body, mode, tenantId, check] = match;
  if (body === undefined || tenantId === undefined || check !== checksum(body)) return null;
  return { mode: mode === "live" ? "live" : "test", tenantId };
}

/** The form in which a key is stored: SHA-256 in lower-case hex. The secret has 190 random bits, so no salt or stretching is needed. */
export async function hashKey(key: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
  let hex = "";
  for (const byte of digest) hex += byte.toString(16).padStart(2, "0");
  return hex;
}

/**
 * Whether two texts are equal, without an early exit. The time depends on the length of `a` only: pass the caller's text as `a` and the
 * secret as `b`, so that not even the length of the secret shows.
 */
export function equalInConstantTime(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) {
    // Wraps around a shorter `b` instead of stopping at its end. An empty `b` gives NaN, which XOR reads as 0; the lengths differ then.
    difference |= a.charCodeAt(i) ^ b.charCodeAt(i % b.length);
  }
  return difference === 0;
}

/** CRC-32 as in zip and PNG (reflected, polynomial 0xEDB88320), unsigned. Bit by bit is fast enough for 78 bytes at most. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function checksum(body: string): string {
  let rest = crc32(new TextEncoder().encode(body));
  let digits = "";
  while (digits.length < CHECKSUM_LENGTH) {
    digits = BASE62.charAt(rest % BASE62.length) + digits;
    rest = Math.floor(rest / BASE62.length);
  }
  return digits;
}
