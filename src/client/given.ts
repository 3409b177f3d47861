// What the caller gives, looked at before anything is sent: what is wrong now would be as wrong in each attempt. PURE. It judges
// only what cannot be sent or waited for; the gateway judges the rest.

import type { Fetch } from "./transport.ts";

const NO_URL = "baseUrl must be an http or https URL";

/** @throws TypeError for an address that is none, or bears credentials */
export function baseUrlOf(baseUrl: string | URL): string {
  let url: URL;
  try {
    url = new URL(baseUrl);
  } catch {
    throw new TypeError(NO_URL);
  }
  if (!/^https?:$/.test(url.protocol)) throw new TypeError(NO_URL);
  if (url.username !== "" || url.password !== "") throw new TypeError("baseUrl must not contain credentials");
  return url.origin + url.pathname.replace(/\/+$/, "");
}

/** @throws TypeError for what is no key */
export function apiKeyOf(apiKey: string): string {
  // A key that was never set arrives as undefined, and one from a file with its line break.
  if (typeof apiKey !== "string" || !/^[\x21-\x7e]+$/.test(apiKey.trim()))
    throw new TypeError("apiKey must be a key: sg_…");
  return apiKey.trim();
}

/** @throws TypeError for what cannot be called */
export function fetchOf(fetch: Fetch | undefined): Fetch {
  if (fetch === undefined) return (url, init) => globalThis.fetch(url, init);
  if (typeof fetch !== "function") throw new TypeError("fetch must be a function");
  return fetch;
}

/** @throws TypeError for what the gateway takes for none, or what no header can hold */
export function idempotencyKeyOf(key: string): string {
  if (typeof key !== "string" || !/^[\x20-\x7e]{1,255}$/.test(key))
    throw new TypeError("idempotencyKey must be 1 to 255 printable ASCII characters");
  return key;
}

/** @throws RangeError for what is no number, is not finite, or is not above 0 */
export function secondsOf(name: string, seconds: number): number {
  if (finiteSecondsOf(name, seconds) <= 0) throw new RangeError(`${name} must be a positive number of seconds`);
  return seconds;
}

/** @throws RangeError for what is no number or is not finite: time that never ends, or never begins to be counted */
export function finiteSecondsOf(name: string, seconds: number): number {
  if (!Number.isFinite(seconds)) throw new RangeError(`${name} must be a finite number of seconds`);
  return seconds;
}
