// One webhook attempt over real HTTP, from workerd to a receiver that misbehaves. Each behavior maps to one tagged outcome.

import { Webhook } from "standardwebhooks";
import { afterEach, describe, expect, inject, it } from "vitest";
import type { DeliveryOptions } from "../../src/webhooks/deliver.ts";
import { deliverWebhook } from "../../src/webhooks/deliver.ts";
import type { DeliveryOutcome } from "../../src/webhooks/outcome.ts";
import { newWebhookSecret, signWebhook } from "../../src/webhooks/sign.ts";
import { GIGABYTE, type SeenWebhooks } from "../support/receiver-faults.ts";
import { freezeTime, releaseTime, START } from "../support/time.ts";

/** Longer (ms) than any response takes: an attempt that lasts this long has hung. */
const PATIENCE_MS = 10_000;
/** For the failures that only the timeout ends (ms). */
const HASTE_MS = 500;
const TEST_TIMEOUT = { timeout: 20_000 };

const SECRET = newWebhookSecret(new Uint8Array(32).fill(7));
const BODY = JSON.stringify({ type: "task.ready", data: { metadata: { größe: "例え 😀 \\ \u2028" } } });
const WEBHOOK = signWebhook(`msg_${"5f".repeat(32)}`, BODY, [SECRET], Date.now());

const { url, untrustedUrl, rejectingUrl } = inject("faultyReceiver");
let serial = 0;

/** A receiver with one failure, and the requests it received. Each has a case of its own. */
function receiverWith(fault: string, origin = url) {
  serial += 1;
  const name = `${serial}-${crypto.randomUUID()}`;
  const ask = async (what: "seen" | "closed"): Promise<SeenWebhooks> => (await fetch(`${url}/${what}/${name}`)).json();
  return {
    target: `${origin}/hook/${encodeURIComponent(fault)}/${name}`,
    seen: () => ask("seen"),
    closed: () => ask("closed"),
  };
}

/** One attempt. Private addresses are allowed by default. */
async function attempt(target: string, options: Partial<DeliveryOptions> = {}): Promise<DeliveryOutcome> {
  const real = { fetch: (request: Request) => fetch(request), allowPrivate: true, timeoutMs: PATIENCE_MS };
  return (await deliverWebhook(target, WEBHOOK, { ...real, ...options })).outcome;
}

const delivered = (status: number): DeliveryOutcome => ({ tag: "delivered", status, error: null });
const gone: DeliveryOutcome = { tag: "gone", status: 410, error: null };
const failed = (status: number, retryAfterMs: number | null = null): DeliveryOutcome => ({
  tag: "failed",
  status,
  error: null,
  retryAfterMs,
});
const redirected = (status: number): DeliveryOutcome => ({
  tag: "failed",
  status,
  error: "redirect",
  retryAfterMs: null,
});
const unanswered = (error: string): DeliveryOutcome => ({ tag: "failed", status: null, error, retryAfterMs: null });

type Row = readonly [fault: string, expected: DeliveryOutcome, timeoutMs: number];

/** A row whose response arrives in time, and one that only the timeout ends. */
const row = (fault: string, expected: DeliveryOutcome): Row => [fault, expected, PATIENCE_MS];
const hung = (fault: string): Row => [fault, unanswered("timeout"), HASTE_MS];

const TABLE: readonly Row[] = [
  // 2xx is delivered, and nothing else is.
  ...[200, 201, 202, 204, 299].map((status) => row(`status-${status}`, delivered(status))),
  ...[400, 401, 404, 408, 409, 422, 429, 500, 502, 503, 504, 599].map((status) =>
    row(`status-${status}`, failed(status)),
  ),
  row("status-410", gone),
  row("hints", delivered(204)),

  // A redirect is reported and not followed. Its target is this receiver, which would see a second request.
  ...[300, 301, 302, 303, 307, 308].map((status) => row(`status-${status}`, redirected(status))),
  row("status-304", redirected(304)),

  // The connection, until the status is known.
  row("reset-before-answer", unanswered("network")),
  row("closed-before-answer", unanswered("network")),
  row("reset-mid-headers", unanswered("network")),
  row("closed-mid-headers", unanswered("network")),
  row("not-http", unanswered("network")),

  // The clock, until the status is known.
  hung("hang"),
  hung("hang-mid-headers"),
  hung("drip-of-headers"),

  // The status is the answer, whatever becomes of the body.
  row("hang-after-headers", delivered(200)),
  row("drip-of-body", delivered(200)),
  row("reset-mid-body", delivered(200)),
  row("closed-mid-body", delivered(200)),
  row("gigabyte", delivered(200)),
  row("endless", delivered(200)),
  row("bad-gzip", delivered(200)),

  // Retry-After in seconds, a day at the most, and only where it is one.
  row("retry-after-429-7", failed(429, 7_000)),
  row("retry-after-503-0", failed(503, 0)),
  row("retry-after-400-30", failed(400, 30_000)),
  row("retry-after-503-999999999", failed(503, 86_400_000)),
  row("retry-after-429-soon", failed(429)),
  row("retry-after-429--1", failed(429)),
  row("retry-after-429-1.5", failed(429)),
];

describe("each receiver failure has its outcome after one request", TEST_TIMEOUT, () => {
  it.each(TABLE)("%s", async (fault, expected, timeoutMs) => {
    const { target, seen } = receiverWith(fault);
    expect(await attempt(target, { timeoutMs })).toEqual(expected);
    expect((await seen()).requests).toHaveLength(1);
  });

  it("reports a closed port as a network error", async () => {
    expect(await attempt(rejectingUrl)).toEqual(unanswered("network"));
  });

  it("reports an untrusted certificate as a network error and sends no request", async () => {
    const { target, seen } = receiverWith("status-200", untrustedUrl);
    expect(await attempt(target)).toEqual(unanswered("network"));
    expect((await seen()).requests).toHaveLength(0);
  });

  it("reports HTTP to a TLS port, and TLS to an HTTP port, as network errors", async () => {
    expect(await attempt(url.replace("http:", "https:"))).toEqual(unanswered("network"));
    expect(await attempt(untrustedUrl.replace("https:", "http:"))).toMatchObject({ tag: "failed" });
  });

  it("turns any exception of fetch into an outcome", async () => {
    const broken = () => Promise.reject(new TypeError("no such thing"));
    expect(await attempt(url, { fetch: broken })).toEqual(unanswered("network"));
  });
});

describe("a date in Retry-After", TEST_TIMEOUT, () => {
  afterEach(releaseTime);

  it.each([
    ["in half a minute", new Date(START + 30_000).toUTCString(), 30_000],
    ["a moment ago", new Date(START - 1_000).toUTCString(), 0],
    ["in thousands of years", "Fri, 31 Dec 9999 23:59:59 GMT", 86_400_000],
  ])("%s counts from the answer", async (_when, date, expected) => {
    freezeTime(START);
    expect(await attempt(receiverWith(`retry-after-429-${date}`).target)).toEqual(failed(429, expected));
  });
});

describe("an abandoned attempt", TEST_TIMEOUT, () => {
  it.each([
    ["hang", HASTE_MS],
    ["drip-of-headers", HASTE_MS],
    ["hang-after-headers", PATIENCE_MS],
    ["drip-of-body", PATIENCE_MS],
    ["gigabyte", PATIENCE_MS],
    ["endless", PATIENCE_MS],
  ])("closes the connection after reading little of the response: %s", async (fault, timeoutMs) => {
    const { target, closed } = receiverWith(fault);
    await attempt(target, { timeoutMs });
    expect((await closed()).bytesSent).toBeLessThan(GIGABYTE / 16);
  });
});

/** What the runtime adds by itself, here and on the edge. */
const RUNTIME_HEADERS = ["cf-worker", "content-length", "host", "connection"];

describe("the request of an attempt", TEST_TIMEOUT, () => {
  it("is a POST of exactly the bytes that were signed", async () => {
    const { target, seen } = receiverWith("status-204");
    await attempt(target);
    const [request] = (await seen()).requests;
    const bytes = Uint8Array.fromHex(request?.hex ?? "");
    expect(request?.method).toBe("POST");
    expect(bytes).toStrictEqual(new TextEncoder().encode(BODY));
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    expect(new Webhook(SECRET).verify(text, { ...request?.headers })).toStrictEqual(JSON.parse(BODY));
  });

  it("has the webhook headers, the trace if there is one, and no other header", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const { target, seen } = receiverWith("status-204");
    await attempt(target);
    await attempt(target, { traceparent });
    const own = (await seen()).requests.map(({ headers }) =>
      Object.fromEntries(Object.entries(headers).filter(([name]) => !RUNTIME_HEADERS.includes(name))),
    );
    const common = {
      "content-type": "application/json",
      "user-agent": expect.stringMatching(/^Solvegate/),
      ...WEBHOOK.headers,
    };
    expect(own).toStrictEqual([common, { ...common, traceparent }]);
  });
});

describe("a rejected target", TEST_TIMEOUT, () => {
  const loopback = () => receiverWith("status-200");

  it.each([
    ["http, to the loopback", (target: string) => target],
    ["https, to the loopback", (target: string) => target.replace("http:", "https:")],
    ["http, to a public name", () => "http://receiver.example/hook"],
    ["no URL", () => "receiver.example"],
  ])("gets no request unless private addresses are allowed: %s", async (_what, change) => {
    const { target, seen } = loopback();
    const asked: string[] = [];
    const outcome = await attempt(change(target), {
      allowPrivate: false,
      fetch: (request) => {
        asked.push(request.url);
        return fetch(request);
      },
    });
    expect(outcome).toEqual(unanswered("target_refused"));
    expect(asked).toEqual([]);
    expect((await seen()).requests).toHaveLength(0);
  });

  it.each([
    ["credentials", (target: string) => target.replace("//", "//user:secret@")],
    ["another scheme", (target: string) => target.replace("http:", "ftp:")],
  ])("gets no request even if private addresses are allowed: %s", async (_what, change) => {
    const { target, seen } = loopback();
    expect(await attempt(change(target))).toEqual(unanswered("target_refused"));
    expect((await seen()).requests).toHaveLength(0);
  });

  it("does not include a public https target when private addresses are not allowed", async () => {
    const asked: string[] = [];
    const outcome = await attempt("https://receiver.example/hook", {
      allowPrivate: false,
      fetch: async (request) => {
        asked.push(`${request.redirect} ${request.url}`);
        return new Response(null, { status: 204 });
      },
    });
    expect(outcome).toEqual(delivered(204));
    expect(asked).toEqual(["manual https://receiver.example/hook"]);
  });
});
