// Checks of the caller's options before anything is sent. They cover only what cannot be sent or waited for; the gateway validates
// the rest.

import type { Fetch } from "./transport.ts";

/**
 * The gateway's base URL without a trailing slash. An empty one means the origin of the page or worker that runs this.
 * @throws TypeError for anything but an http or https URL without credentials
 */
export function validBaseUrl(baseUrl: string | URL): string {
  const { location } = globalThis as { location?: { origin: string } };
  const given = baseUrl === "" ? (location?.origin ?? "") : baseUrl;
  let url: URL | null = null;
  try {
    url = new URL(given);
  } catch {
    // Reported below.
  }
  if (url === null || !/^https?:$/.test(url.protocol)) throw new TypeError("baseUrl must be an http or https URL");
  if (url.username !== "" || url.password !== "") throw new TypeError("baseUrl must not contain credentials");
  return url.origin + url.pathname.replace(/\/+$/, "");
}

/**
 * A key or token without surrounding white space: one read from a file ends with a line break.
 * @throws TypeError for anything that no Authorization header can carry
 */
export function validToken(name: "apiKey" | "adminToken", token: string): string {
  if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token.trim())) {
    throw new TypeError(`${name} must be ${name === "apiKey" ? "an API key: sg_…" : "the gateway's ADMIN_TOKEN"}`);
  }
  return token.trim();
}

/** @throws TypeError for a value that cannot be called */
export function validFetch(fetch: Fetch | undefined): Fetch {
  if (fetch === undefined) return (url, init) => globalThis.fetch(url, init);
  if (typeof fetch !== "function") throw new TypeError("fetch must be a function");
  return fetch;
}

/** @throws TypeError for a key that the gateway rejects or no header can carry */
export function validIdempotencyKey(key: string): string {
  if (typeof key !== "string" || !/^[\x20-\x7e]{1,255}$/.test(key))
    throw new TypeError("idempotencyKey must be 1 to 255 printable ASCII characters");
  return key;
}

/** @throws RangeError for a value that is not a finite number above 0 */
export function positiveSeconds(name: string, seconds: number): number {
  if (finiteSeconds(name, seconds) <= 0) throw new RangeError(`${name} must be a positive number of seconds`);
  return seconds;
}

/** @throws RangeError for a value that is not a finite number from 0 */
export function secondsFromZero(name: string, seconds: number): number {
  if (finiteSeconds(name, seconds) < 0) throw new RangeError(`${name} must be 0 or a positive number of seconds`);
  return seconds;
}

/** @throws RangeError for a value that is not a finite number */
export function finiteSeconds(name: string, seconds: number): number {
  if (!Number.isFinite(seconds)) throw new RangeError(`${name} must be a finite number of seconds`);
  return seconds;
}
