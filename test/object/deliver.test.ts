// One webhook attempt over real HTTP, from workerd to a receiver that fails: each response has one outcome.

import { Webhook } from "standardwebhooks";
import { describe, expect, inject, it } from "vitest";
import type { DeliveryOptions } from "../../src/webhooks/deliver.ts";
import { deliverWebhook } from "../../src/webhooks/deliver.ts";
import type { DeliveryOutcome } from "../../src/webhooks/outcome.ts";
import { newWebhookSecret, signWebhook } from "../../src/webhooks/sign.ts";
import { failingCase, GIGABYTE } from "../support/failing-servers.ts";

/** Longer (ms) than any response takes: an attempt that lasts this long has hung. */
const PATIENCE_MS = 10_000;
/** For the failures that only the timeout ends (ms). */
const HASTE_MS = 500;
const TEST_TIMEOUT = { timeout: 20_000 };

const SECRET = newWebhookSecret(new Uint8Array(32).fill(7));
const BODY = JSON.stringify({ type: "task.ready", data: { metadata: { größe: "例え 😀 \\ \u2028" } } });
const WEBHOOK = signWebhook(`msg_${"5f".repeat(32)}`, BODY, [SECRET], Date.now());

const server = inject("failingReceiver");
const receiverWith = (response: string) => failingCase(server, response);

/** One attempt. Private addresses are allowed by default. */
async function attempt(target: string, options: Partial<DeliveryOptions> = {}): Promise<DeliveryOutcome> {
  const real = { fetch: (request: Request) => fetch(request), allowPrivate: true, timeoutMs: PATIENCE_MS };
  return (await deliverWebhook(target, WEBHOOK, { ...real, ...options })).outcome;
}

const delivered = (status: number): DeliveryOutcome => ({ tag: "delivered", status, error: null });
const gone: DeliveryOutcome = { tag: "gone", status: 410, error: null };
const failed = (status: number, retryAfterMs: number | null = null) =>
  ({ tag: "failed", status, error: null, retryAfterMs }) as const;
const redirected = (status: number): DeliveryOutcome => ({ ...failed(status), error: "redirect" });
const unanswered = (error: string): DeliveryOutcome => ({ tag: "failed", status: null, error, retryAfterMs: null });

type Row = readonly [response: string, expected: DeliveryOutcome, timeoutMs: number];

/** A row whose response arrives in time, and one that only the timeout ends. */
const row = (response: string, expected: DeliveryOutcome): Row => [response, expected, PATIENCE_MS];
const hung = (response: string): Row => [response, unanswered("timeout"), HASTE_MS];

const TABLE: readonly Row[] = [
  // 2xx is delivered, and nothing else is.
  ...[200, 204, 299].map((status) => row(`status-${status}`, delivered(status))),
  ...[400, 404, 429, 500, 599].map((status) => row(`status-${status}`, failed(status))),
  row("status-410", gone),
  row("hints", delivered(204)),

  // A redirect is reported and not followed. Its target is this receiver, which would see a second request.
  ...[300, 302, 304, 307].map((status) => row(`status-${status}`, redirected(status))),

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

  // Retry-After is at most a day. Its forms are tested in test/unit/retry-after.test.ts.
  row("retry-after-429-7", failed(429, 7_000)),
  row("retry-after-503-999999999", failed(503, 86_400_000)),
  row("retry-after-429-soon", failed(429)),
];

describe("a webhook attempt", TEST_TIMEOUT, () => {
  it.each(TABLE)("sends one request and returns the outcome: %s", async (response, expected, timeoutMs) => {
    const { url, seen } = receiverWith(response);
    expect(await attempt(url, { timeoutMs })).toEqual(expected);
    expect((await seen()).requests).toHaveLength(1);
  });

  it("reports a closed port as a network error", async () => {
    expect(await attempt(server.closedPortUrl)).toEqual(unanswered("network"));
  });

  it("reports any exception of fetch, a rejected certificate too, as a network error", async () => {
    const broken = () => Promise.reject(new TypeError("TLS handshake failed"));
    expect(await attempt(server.url, { fetch: broken })).toEqual(unanswered("network"));
  });

  it("reports the status even if the redaction of the response body throws", async () => {
    const redact = () => {
      throw new SyntaxError("Regular expression too large");
    };
    const result = await deliverWebhook("https://receiver.example/hook", WEBHOOK, {
      fetch: async () => new Response("thank you"),
      allowPrivate: false,
      redact,
    });
    expect(result).toEqual({ outcome: delivered(200), responseBody: null });
  });

  it.each([
    ["hang", HASTE_MS],
    ["hang-after-headers", PATIENCE_MS],
    ["drip-of-body", PATIENCE_MS],
    ["gigabyte", PATIENCE_MS],
  ])("closes the connection after reading little of the response: %s", async (response, timeoutMs) => {
    const { url, closed } = receiverWith(response);
    await attempt(url, { timeoutMs });
    expect((await closed()).bytesSent).toBeLessThan(GIGABYTE / 16);
  });
});

/** What the runtime adds by itself, here and on the edge. */
const RUNTIME_HEADERS = ["cf-worker", "content-length", "host", "connection"];

describe("the request of a webhook attempt", TEST_TIMEOUT, () => {
  it("is a POST of exactly the bytes that were signed", async () => {
    const { url, seen } = receiverWith("status-204");
    await attempt(url);
    const [request] = (await seen()).requests;
    expect(request).toMatchObject({ method: "POST", body: BODY });
    expect(new Webhook(SECRET).verify(request?.body ?? "", { ...request?.headers })).toStrictEqual(JSON.parse(BODY));
  });

  it("has the webhook headers, the trace if there is one, and no other header", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const { url, seen } = receiverWith("status-204");
    await attempt(url);
    await attempt(url, { traceparent });
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

// Which URLs are allowed is tested in test/unit/webhook-target.test.ts.
describe("the target of a webhook attempt", TEST_TIMEOUT, () => {
  it.each([
    ["the loopback, while private addresses are not allowed", "http:", "https:", false],
    ["a URL with credentials, even if private addresses are allowed", "//", "//user:secret@", true],
  ])("gets no request if it is %s", async (_what, part, replacement, allowPrivate) => {
    const { url, seen } = receiverWith("status-200");
    const outcome = await attempt(url.replace(part, replacement), { allowPrivate });
    expect(outcome).toEqual(unanswered("target_refused"));
    expect((await seen()).requests).toHaveLength(0);
  });

  it("gets a request that follows no redirect if it is a public https URL", async () => {
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
