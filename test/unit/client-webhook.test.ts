// Webhooks as the gateway signs them, taken by the client: which are believed, which are not, and what type an event has.

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SolvegateError, verifyWebhook } from "../../src/client/index.ts";
import { presentTask } from "../../src/tasks/present.ts";
import type { TaskRecord } from "../../src/tasks/record.ts";
import { newWebhookSecret, signWebhook, WEBHOOK_SECRET_BYTES } from "../../src/webhooks/sign.ts";
import { AT, failedRecord, processing, readyRecord } from "../support/records.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: AT });
});
afterEach(() => {
  vi.useRealTimers();
});

const secretOf = (byte: number) => newWebhookSecret(new Uint8Array(WEBHOOK_SECRET_BYTES).fill(byte));
const SECRET = secretOf(0xfb);
const NEXT = secretOf(0xff);
const OTHER = secretOf(1);
const MINUTE_MS = 60_000;

/** An event of a task, as the gateway sends it. */
const eventOf = (type: string, record: TaskRecord) => ({
  type,
  timestamp: new Date(AT).toISOString(),
  data: presentTask({ ...record, metadata: { größe: "例え 😀" } }),
});

/** A webhook of the gateway's own signing, `sentAt` ms since the epoch. */
const signed = (event: unknown, secrets: readonly string[] = [SECRET], sentAt = AT) =>
  signWebhook("msg_1", typeof event === "string" ? event : JSON.stringify(event), secrets, sentAt);

const READY = eventOf("task.ready", readyRecord());

/** Why a webhook is not believed. */
async function refusal(webhook: Parameters<typeof verifyWebhook>[0]): Promise<SolvegateError> {
  const error = await verifyWebhook(webhook).catch((reason: unknown) => reason);
  if (!(error instanceof SolvegateError)) throw new Error(`no SolvegateError: ${String(error)}`);
  expect(error).toMatchObject({ code: "webhook_not_verified", status: null, task: null });
  return error;
}

describe("a webhook of the gateway", () => {
  it.each([
    ["task.ready", readyRecord()],
    ["task.ready", readyRecord({ solution: null, solutionState: "expired" })],
    ["task.failed", failedRecord()],
    ["task.canceled", processing({ status: "canceled" })],
  ])("is its event: %s", async (type, record) => {
    const event = eventOf(type, record);
    await expect(verifyWebhook({ ...signed(event), secret: SECRET })).resolves.toEqual(event);
  });

  it("has a type that tells its data", async () => {
    const event = await verifyWebhook({ ...signed(READY), secret: SECRET });
    if (event.type !== "task.ready") throw new Error(`it is ${event.type}`);
    const { data } = event;
    const token: string | null = data.solutionState === "available" ? data.solution.gRecaptchaResponse : data.solution;
    expect(token).toBe(readyRecord().solution?.gRecaptchaResponse);
  });

  it("that tries the endpoint is an event too", async () => {
    const event = { type: "webhook.test", timestamp: new Date(AT).toISOString(), data: { tenantId: "acme" } };
    await expect(verifyWebhook({ ...signed(event), secret: SECRET })).resolves.toEqual(event);
  });

  it("of a newer gateway is handed out as it is", async () => {
    const event = { type: "key.revoked", timestamp: new Date(AT).toISOString(), data: { keyId: "key_1" } };
    await expect(verifyWebhook({ ...signed(event), secret: SECRET })).resolves.toEqual(event);
  });

  const { body, headers } = signed(READY);
  it.each([
    ["Headers", new Headers(headers)],
    ["a record", headers],
    ["Node's record", { ...headers, host: "a.example", "set-cookie": ["a=b"], via: undefined }],
    ["a record of another case", Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toUpperCase(), v]))],
    ["values in lists", Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, [v]]))],
  ])("verifies with its headers as %s", async (_form, form) => {
    await expect(verifyWebhook({ body, headers: form, secret: SECRET })).resolves.toEqual(READY);
  });

  it("verifies with its body as bytes", async () => {
    const bytes = Uint8Array.from(new TextEncoder().encode(body));
    for (const form of [bytes, bytes.buffer, bytes.subarray()]) {
      await expect(verifyWebhook({ body: form, headers, secret: SECRET })).resolves.toEqual(READY);
    }
  });

  it("verifies by either secret while one is being replaced", async () => {
    for (const signedWith of [[SECRET], [NEXT], [NEXT, SECRET]]) {
      await expect(verifyWebhook({ ...signed(READY, signedWith), secret: [SECRET, NEXT] })).resolves.toEqual(READY);
      await expect(verifyWebhook({ ...signed(READY, signedWith), secret: [NEXT, SECRET] })).resolves.toEqual(READY);
    }
    await expect(verifyWebhook({ ...signed(READY, [NEXT, SECRET]), secret: SECRET })).resolves.toEqual(READY);
  });
});

describe("a webhook is not believed", () => {
  it.each([
    ["signed with another secret", signed(READY, [OTHER])],
    ["whose body was changed", { ...signed(READY), body: JSON.stringify(READY).replace("ready", "READY") }],
    ["with one blank more", { ...signed(READY), body: `${JSON.stringify(READY)} ` }],
    ["of another id", { ...signed(READY), headers: { ...signed(READY).headers, "webhook-id": "msg_2" } }],
    [
      "of another time",
      { ...signed(READY), headers: { ...signed(READY).headers, "webhook-timestamp": String(AT / 1_000 + 1) } },
    ],
    ["without a signature", { ...signed(READY), headers: { ...signed(READY).headers, "webhook-signature": "" } }],
    ["with half a signature", { ...signed(READY), headers: { ...signed(READY).headers, "webhook-signature": "v1," } }],
    ["without headers", { ...signed(READY), headers: {} }],
    ["that is not UTF-8", { ...signed(READY), body: new Uint8Array([0xff, 0xfe]) }],
    ["that is no JSON, though signed", signed("hello")],
    ["that is no event, though signed", signed({ hello: "world" })],
    ["whose data is no task, though signed", signed({ ...READY, data: { id: 7 } })],
  ])("%s", async (_what, webhook) => {
    await refusal({ ...webhook, secret: [SECRET, NEXT] });
  });

  it.each(["junk", ".9", "e0", " 1", ","])("whose time has %j at its end", async (rest) => {
    const { body, headers } = signed(READY);
    const longer = { ...headers, "webhook-timestamp": headers["webhook-timestamp"] + rest };
    await refusal({ body, headers: longer, secret: SECRET });
  });

  it("whose bytes were changed into others that read alike", async () => {
    const { body, headers } = signed({ ...READY, note: "\ufffd" });
    const bytes = new TextEncoder().encode(body);
    await expect(verifyWebhook({ body: bytes, headers, secret: SECRET })).resolves.toMatchObject({ note: "\ufffd" });
    const at = bytes.indexOf(0xef);
    const changed = Uint8Array.from([...bytes.subarray(0, at), 0xff, ...bytes.subarray(at + 3)]);
    expect(new TextDecoder().decode(changed)).toBe(body);
    await refusal({ body: changed, headers, secret: SECRET });
  });

  it("more than five minutes after it was sent, or before", async () => {
    const sentBefore = (ms: number) => ({ ...signed(READY, [SECRET], AT - ms), secret: SECRET });
    await expect(verifyWebhook(sentBefore(5 * MINUTE_MS))).resolves.toEqual(READY);
    expect((await refusal(sentBefore(5 * MINUTE_MS + 1_000))).message).toContain("too old");
    expect((await refusal(sentBefore(-5 * MINUTE_MS - 1_000))).message).toContain("too new");
  });
});

describe("a receiver's own mistake is told as one", () => {
  const webhook = signed(READY);
  it.each<[string, object]>([
    ["a secret that was never set", { secret: undefined }],
    ["an empty secret", { secret: "" }],
    ["no secret at all", { secret: [] }],
    ["one secret of two missing", { secret: [SECRET, undefined] }],
    ["a secret that is none", { secret: "whsec_%%%" }],
    ["a body that was parsed before", { secret: SECRET, body: READY }],
  ])("%s", async (_what, mistake) => {
    await expect(verifyWebhook({ ...webhook, secret: SECRET, ...mistake } as never)).rejects.toThrow(TypeError);
  });

  it("and the secret is not told", async () => {
    const error = await verifyWebhook({ ...webhook, secret: "whsec_%%%" }).catch((reason: unknown) => reason);
    expect(String(error)).not.toContain("%%%");
  });
});
