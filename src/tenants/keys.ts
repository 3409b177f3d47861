// Creates, parses and hashes API keys. Pure. `find-key.ts` decides whether a key is valid.

/** The mode of a key and of everything that belongs to it. */
export const KEY_MODES = ["live", "test"] as const;
export type KeyMode = (typeof KEY_MODES)[number];

/** The scopes of keys, in the order in which they are shown. */
export const SCOPES = ["tasks:write", "tasks:read", "account:read", "account:write"] as const;
export type Scope = (typeof SCOPES)[number];

/** The scopes of a key that is created without any. */
export const DEFAULT_SCOPES: readonly Scope[] = ["tasks:write", "tasks:read"];

const TENANT_ID_SOURCE = "[a-z0-9][a-z0-9-]{1,30}";

/** Tenant ids must not contain underscores, or keys would be ambiguous. */
export const TENANT_ID_PATTERN: RegExp = new RegExp(`^${TENANT_ID_SOURCE}$`);

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The length of the secret, in characters: 190 bits, which cannot be guessed from a leaked SHA-256. */
const SECRET_LENGTH = 32;

/** The length of the checksum, in characters. 62^6 is the first power of 62 above 2^32. */
const CHECKSUM_LENGTH = 6;

/** The maximum length of a key: `sg_`, `live_`, 31 characters of tenant id, `_`, secret, checksum. */
const MAX_KEY_LENGTH = 3 + 5 + 31 + 1 + SECRET_LENGTH + CHECKSUM_LENGTH;

/** The greatest multiple of 62 in a byte. Higher bytes would make the first eight characters of the alphabet more likely. */
const UNBIASED_LIMIT = 248;

/** The number of random bytes for `mintKey`, which skips one byte in 32. The probability that 64 are too few is under 2^-100. */
export const KEY_ENTROPY_BYTES = 64;

const KEY_PATTERN = new RegExp(
  `^(sg_(live|test)_(${TENANT_ID_SOURCE})_[0-9A-Za-z]{${SECRET_LENGTH}})([0-9A-Za-z]{${CHECKSUM_LENGTH}})$`,
);

/**
 * Creates a key.
 * @throws RangeError for an invalid tenant id, or if there are too few `randomBytes`
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
 * Parses a key, or returns null if the text is not a key. The checksum detects typos without I/O. It is not secret, so it is not
 * compared in constant time.
 */
export function parseKey(text: string): { mode: KeyMode; tenantId: string } | null {
  if (text.length > MAX_KEY_LENGTH) return null;
  const match = KEY_PATTERN.exec(text);
  if (match === null) return null;
  const [, body, mode, tenantId, check] = match;
  if (body === undefined || tenantId === undefined || check !== checksum(body)) return null;
  return { mode: mode === "live" ? "live" : "test", tenantId };
}

/** The SHA-256 of a key in lower-case hex, as it is stored. The secret is random, so no salt or stretching is needed. */
export async function hashKey(key: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key))).toHex();
}

/**
 * Whether two texts are equal. The time depends only on the length of `a`: pass the caller's text as `a` and the secret as `b`, so that
 * the length of the secret is not revealed.
 */
export function equalInConstantTime(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) {
    // Wraps around at the end of a shorter `b`. An empty `b` gives NaN, which XOR treats as 0, but the lengths differ.
    difference |= a.charCodeAt(i) ^ b.charCodeAt(i % b.length);
  }
  return difference === 0;
}

/** The CRC-32 of zip and PNG (reflected, polynomial 0xEDB88320), unsigned. */
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
