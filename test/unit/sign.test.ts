// Signatures as receivers check them: by the standard's reference library, by svix, and by HMAC over the raw bytes. Each library
// reads the clock for itself, so the clock stands where the webhook was signed.

import * as fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newWebhookSecret, type SignedWebhook, signWebhook, WEBHOOK_SECRET_BYTES } from "../../src/webhooks/sign.ts";

const NOW = Date.UTC(2026, 10, 23, 9, 30, 0, 750);
const SECONDS = String(Math.floor(NOW / 1_000));
const ID = `msg_${"5f".repeat(32)}`;
const BODY = JSON.stringify({ type: "task.ready", data: { metadata: { größe: '例え 😀 \u2028 \\ "' } } });

/** A secret whose bytes are all `byte`; 0xfb and 0xff bring out the letters in which base64's alphabets differ. */
const secretOf = (byte: number) => newWebhookSecret(new Uint8Array(WEBHOOK_SECRET_BYTES).fill(byte));
const OLD = secretOf(0xfb);
const NEW = secretOf(0xff);
const OTHER = secretOf(1);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

/** The body as it arrives: bytes, read as UTF-8. */
function arrived(body: string): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new TextEncoder().encode(body));
}

/** HMAC-SHA256 over `id.timestamp.` and the raw bytes, by the platform's own cryptography. */
async function hmacVerifies({ body, headers }: SignedWebhook, secret: string): Promise<boolean> {
  const bytes = Uint8Array.fromBase64(secret.slice("whsec_".length), { alphabet: "base64" });
  const key = await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  const signed = new TextEncoder().encode(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  const verdicts = headers["webhook-signature"].split(" ").map((part) => {
    const [version, signature = ""] = part.split(",");
    return version === "v1" && crypto.subtle.verify("HMAC", key, Uint8Array.fromBase64(signature), signed);
  });
  return (await Promise.all(verdicts)).includes(true);
}

const VERIFIERS = [
  {
    name: "standardwebhooks",
    verify: ({ body, headers }: SignedWebhook, secret: string) => new Webhook(secret).verify(arrived(body), headers),
  },
  {
    name: "svix",
    verify: ({ body, headers }: SignedWebhook, secret: string) =>
      new SvixWebhook(secret).verify(arrived(body), { ...headers }),
  },
];

describe.each(VERIFIERS)("$name", ({ verify }) => {
  it("verifies a signed body with any characters", () => {
    expect(() => verify(signWebhook(ID, BODY, [NEW], NOW), NEW)).not.toThrow();
  });

  it("verifies any signed JSON", () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: "binary" }), (body) => {
        expect(() => verify(signWebhook(ID, body, [NEW], NOW), NEW)).not.toThrow();
      }),
    );
  });

  it("verifies with each of two secrets during a rotation, and with no other", () => {
    const webhook = signWebhook(ID, BODY, [NEW, OLD], NOW);
    expect(() => verify(webhook, NEW)).not.toThrow();
    expect(() => verify(webhook, OLD)).not.toThrow();
    expect(() => verify(webhook, OTHER)).toThrow();
  });

  it.each<[string, (webhook: SignedWebhook) => SignedWebhook]>([
    ["a body with a blank more", (webhook) => ({ ...webhook, body: `${webhook.body} ` })],
    ["a body with another letter", (webhook) => ({ ...webhook, body: webhook.body.replace("例", "侍") })],
    ["a body in another normal form", (webhook) => ({ ...webhook, body: webhook.body.normalize("NFD") })],
    ["no body", (webhook) => ({ ...webhook, body: "" })],
    ["another id", (webhook) => ({ ...webhook, headers: { ...webhook.headers, "webhook-id": `${ID}0` } })],
    [
      "another timestamp",
      (webhook) => ({ ...webhook, headers: { ...webhook.headers, "webhook-timestamp": String(Number(SECONDS) + 1) } }),
    ],
    [
      "an id and a body whose border is moved",
      ({ body, headers }) => ({
        body: `${SECONDS}.${body}`,
        headers: { ...headers, "webhook-id": `${ID}.${SECONDS}` },
      }),
    ],
    [
      "a signature of another version",
      ({ body, headers }) => ({
        body,
        headers: { ...headers, "webhook-signature": headers["webhook-signature"].replace("v1,", "v2,") },
      }),
    ],
    ["an empty signature", ({ body, headers }) => ({ body, headers: { ...headers, "webhook-signature": "v1," } })],
  ])("rejects %s", (_what, tamper) => {
    const webhook = signWebhook(ID, BODY, [NEW], NOW);
    expect(() => verify(tamper(webhook), NEW)).toThrow();
  });

  it("rejects a webhook that is replayed after more than five minutes", () => {
    const webhook = signWebhook(ID, BODY, [NEW], NOW);
    vi.setSystemTime(NOW + 299_000);
    expect(() => verify(webhook, NEW)).not.toThrow();
    vi.setSystemTime(NOW + 302_000);
    expect(() => verify(webhook, NEW)).toThrow();
  });
});

describe("a signature", () => {
  it.each([
    ["ASCII", '{"type":"webhook.test"}'],
    ["two, three and four bytes a letter", BODY],
    ["a byte order mark", `\ufeff${BODY}`],
    ["nothing", ""],
  ])("is HMAC-SHA256 over the raw bytes: %s", async (_what, body) => {
    const webhook = signWebhook(ID, body, [NEW, OLD], NOW);
    expect(webhook.body).toBe(body);
    expect(await hmacVerifies(webhook, NEW)).toBe(true);
    expect(await hmacVerifies(webhook, OLD)).toBe(true);
    expect(await hmacVerifies(webhook, OTHER)).toBe(false);
  });

  it("is sent in the three headers of the standard and no other", () => {
    expect(signWebhook(ID, BODY, [NEW], NOW).headers).toStrictEqual({
      "webhook-id": ID,
      "webhook-timestamp": SECONDS,
      "webhook-signature": expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
    });
  });

  it("is a list separated by spaces for several secrets, newest first", () => {
    const signed = (...secrets: string[]) => signWebhook(ID, BODY, secrets, NOW).headers["webhook-signature"];
    expect(signed(NEW, OLD, OTHER)).toBe(`${signed(NEW)} ${signed(OLD)} ${signed(OTHER)}`);
  });

  it("has a timestamp in whole seconds, rounded down", () => {
    const inSecond = (ms: number) => signWebhook(ID, BODY, [NEW], NOW - 750 + ms).headers;
    expect(inSecond(999)).toStrictEqual(inSecond(0));
    expect(inSecond(0)["webhook-timestamp"]).toBe(SECONDS);
    expect(inSecond(1_000)["webhook-timestamp"]).toBe(String(Number(SECONDS) + 1));
    expect(inSecond(1_000)["webhook-signature"]).not.toBe(inSecond(0)["webhook-signature"]);
  });

  it("throws a RangeError without a secret", () => {
    expect(() => signWebhook(ID, BODY, [], NOW)).toThrow(RangeError);
  });
});

describe("a new secret", () => {
  it("is whsec_ and standard base64 of the 32 bytes, with its padding", () => {
    expect(OLD).toBe(`whsec_${"+/v7".repeat(10)}+/s=`);
    expect(NEW).toBe(`whsec_${"/".repeat(42)}8=`);
  });

  it("decodes to the same bytes, and its signatures are verified by both libraries", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const secret = newWebhookSecret(bytes);
        expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
        expect(Uint8Array.fromBase64(secret.slice(6))).toStrictEqual(bytes);
        const webhook = signWebhook(ID, BODY, [secret], NOW);
        for (const { verify } of VERIFIERS) expect(() => verify(webhook, secret)).not.toThrow();
      }),
    );
  });
});
