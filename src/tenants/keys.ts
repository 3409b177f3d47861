/**
 * API keys: how one is made, recognised and fingerprinted.
 *
 * Pure: randomness is handed in, and nothing here looks a key up. A key that parses is well formed, not valid: whether
 * it exists, is revoked or may do something is the directory's business. Refuses to take a key apart further than its
 * mode and tenant: the secret part leaves this file only inside a whole key.
 */

export type KeyMode = "live" | "test";

/** What a key may be allowed to do. The order is the one in which scopes are shown. */
export const SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"] as const;
export type Scope = (typeof SCOPES)[number];

/** A key that nobody gave scopes solves tasks and cannot touch the account. */
export const DEFAULT_SCOPES: readonly Scope[] = ["tasks:write", "tasks:read"];

const TENANT_ID_SOURCE = "[a-z0-9][a-z0-9-]{1,30}";

/** Tenant ids hold no underscore, so that a key splits in one way only. */
export const TENANT_ID_PATTERN: RegExp = new RegExp(`^${TENANT_ID_SOURCE}$`);

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Characters of the secret: 32 of base62 are 190 bits, beyond guessing even at SHA-256 speed from a leaked hash. */
const SECRET_LENGTH = 32;

/** Characters of the checksum: 62^6 is the first power of 62 above 2^32. */
const CHECKSUM_LENGTH = 6;

/** Characters of the longest key: `sg_`, `live_`, 31 of tenant id, `_`, secret, checksum. Longer text is never scanned. */
const MAX_KEY_LENGTH = 3 + 5 + 31 + 1 + SECRET_LENGTH + CHECKSUM_LENGTH;

/** The greatest multiple of 62 in a byte: bytes from here up would favour the alphabet's first eight characters. */
const UNBIASED_LIMIT = 248;

/**
 * Bytes of randomness to hand to `mintKey`. One byte in 32 is rejected, so 32 would do only one time in three; with 64
 * the chance that fewer than 32 are left is under 2^-100.
 */
export const KEY_ENTROPY_BYTES = 64;

const KEY_PATTERN = new RegExp(
  `^(sg_(live|test)_(${TENANT_ID_SOURCE})_[0-9A-Za-z]{${SECRET_LENGTH}})([0-9A-Za-z]{${CHECKSUM_LENGTH}})$`,
);

/**
 * A new key. Throws RangeError for a tenant id that no key could carry, and when `randomBytes` runs out before the
 * secret is complete: a shorter secret would be a silent weakness.
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
 * Whose key this claims to be, or null when it cannot be a key. A typo is found here, before any I/O. Never throws.
 * The checksum is compared plainly: it is computed from the text itself and protects no secret.
 */
export function parseKey(text: string): { mode: KeyMode; tenantId: string } | null {
  if (text.length > MAX_KEY_LENGTH) return null;
  const match = KEY_PATTERN.exec(text);
  if (match === null) return null;
  const [, body, mode, tenantId, check] = match;
  if (body === undefined || tenantId === undefined || check !== checksum(body)) return null;
  return { mode: mode === "live" ? "live" : "test", tenantId };
}

/** The only form in which a key is kept: SHA-256 in lower-case hex. No salt or stretching: the secret is 190 random bits. */
export async function hashKey(key: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
  let hex = "";
  for (const byte of digest) hex += byte.toString(16).padStart(2, "0");
  return hex;
}

/**
 * Equality without an early exit. The time depends on the length of `a` alone, so pass what the caller presented first
 * and the secret second: then not even the secret's length shows. The answer is the same in either order.
 */
export function equalInConstantTime(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) {
    // Wraps around a shorter `b` instead of stopping at its end. An empty one yields NaN, which XOR takes as 0; the
    // lengths have then decided already.
    difference |= a.charCodeAt(i) ^ b.charCodeAt(i % b.length);
  }
  return difference === 0;
}

/** CRC-32 as in zip and PNG (reflected, polynomial 0xEDB88320), unsigned. Bit by bit: a key is 72 bytes at most. */
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
