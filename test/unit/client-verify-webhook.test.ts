// `verifyWebhook` with webhooks as the gateway signs them.

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

/** A webhook signed by the gateway's code, sent at `sentAt` (ms since the epoch). */
const signed = (event: unknown, secrets: readonly string[] = [SECRET], sentAt = AT) =>
  signWebhook("msg_1", typeof event === "string" ? event : JSON.stringify(event), secrets, sentAt);

const READY = eventOf("task.ready", readyRecord());

/** The error of a webhook that is not verified. */
async function rejection(webhook: Parameters<typeof verifyWebhook>[0]): Promise<SolvegateError> {
  const error = await verifyWebhook(webhook).catch((reason: unknown) => reason);
  if (!(error instanceof SolvegateError)) throw new Error(`no SolvegateError: ${String(error)}`);
  expect(error).toMatchObject({ code: "webhook_not_verified", status: null, task: null });
  return error;
}

describe("verifyWebhook", () => {
  it.each([
    ["task.ready", readyRecord()],
    ["task.ready", readyRecord({ solution: null, solutionState: "expired" })],
    ["task.failed", failedRecord()],
    ["task.canceled", processing({ status: "canceled" })],
  ])("returns the event of a signed webhook: %s", async (type, record) => {
    const event = eventOf(type, record);
    await expect(verifyWebhook({ ...signed(event), secret: SECRET })).resolves.toEqual(event);
  });

  it("returns an event whose type narrows its data", async () => {
    const event = await verifyWebhook({ ...signed(READY), secret: SECRET });
    if (event.type !== "task.ready") throw new Error(`it is ${event.type}`);
    const { data } = event;
    const token: string | null = data.solutionState === "available" ? data.solution.gRecaptchaResponse : data.solution;
    expect(token).toBe(readyRecord().solution?.gRecaptchaResponse);
  });

  it("returns a webhook.test event", async () => {
    const event = { type: "webhook.test", timestamp: new Date(AT).toISOString(), data: { tenantId: "acme" } };
    await expect(verifyWebhook({ ...signed(event), secret: SECRET })).resolves.toEqual(event);
  });

  it("returns events of an unknown type as they are", async () => {
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
  ])("takes headers as %s", async (_form, form) => {
    await expect(verifyWebhook({ body, headers: form, secret: SECRET })).resolves.toEqual(READY);
  });

  it("takes the body as bytes", async () => {
    const bytes = Uint8Array.from(new TextEncoder().encode(body));
    for (const form of [bytes, bytes.buffer, bytes.subarray()]) {
      await expect(verifyWebhook({ body: form, headers, secret: SECRET })).resolves.toEqual(READY);
    }
  });

  it("takes several secrets during a rotation", async () => {
    for (const signedWith of [[SECRET], [NEXT], [NEXT, SECRET]]) {
      await expect(verifyWebhook({ ...signed(READY, signedWith), secret: [SECRET, NEXT] })).resolves.toEqual(READY);
      await expect(verifyWebhook({ ...signed(READY, signedWith), secret: [NEXT, SECRET] })).resolves.toEqual(READY);
    }
    await expect(verifyWebhook({ ...signed(READY, [NEXT, SECRET]), secret: SECRET })).resolves.toEqual(READY);
  });
});

describe("verifyWebhook rejects a webhook", () => {
  it.each([
    ["signed with another secret", signed(READY, [OTHER])],
    ["whose body was changed", { ...signed(READY), body: JSON.stringify(READY).replace("ready", "READY") }],
    ["with an additional space", { ...signed(READY), body: `${JSON.stringify(READY)} ` }],
    ["with another id", { ...signed(READY), headers: { ...signed(READY).headers, "webhook-id": "msg_2" } }],
    [
      "with another timestamp",
      { ...signed(READY), headers: { ...signed(READY).headers, "webhook-timestamp": String(AT / 1_000 + 1) } },
    ],
    ["without a signature", { ...signed(READY), headers: { ...signed(READY).headers, "webhook-signature": "" } }],
    ["with half a signature", { ...signed(READY), headers: { ...signed(READY).headers, "webhook-signature": "v1," } }],
    ["without headers", { ...signed(READY), headers: {} }],
    ["that is not UTF-8", { ...signed(READY), body: new Uint8Array([0xff, 0xfe]) }],
    ["that is signed, but not JSON", signed("hello")],
    ["that is signed, but not an event", signed({ hello: "world" })],
    ["that is signed, but whose data is not a task", signed({ ...READY, data: { id: 7 } })],
  ])("%s", async (_what, webhook) => {
    await rejection({ ...webhook, secret: [SECRET, NEXT] });
  });

  it.each(["junk", ".9", "e0", " 1", ","])("if its timestamp ends with %j", async (rest) => {
    const { body, headers } = signed(READY);
    const longer = { ...headers, "webhook-timestamp": headers["webhook-timestamp"] + rest };
    await rejection({ body, headers: longer, secret: SECRET });
  });

  it("if its bytes were changed into others with the same text", async () => {
    const { body, headers } = signed({ ...READY, note: "\ufffd" });
    const bytes = new TextEncoder().encode(body);
    await expect(verifyWebhook({ body: bytes, headers, secret: SECRET })).resolves.toMatchObject({ note: "\ufffd" });
    const at = bytes.indexOf(0xef);
    const changed = Uint8Array.from([...bytes.subarray(0, at), 0xff, ...bytes.subarray(at + 3)]);
    expect(new TextDecoder().decode(changed)).toBe(body);
    await rejection({ body: changed, headers, secret: SECRET });
  });

  it("if its timestamp is more than 5 minutes off", async () => {
    const sentBefore = (ms: number) => ({ ...signed(READY, [SECRET], AT - ms), secret: SECRET });
    await expect(verifyWebhook(sentBefore(5 * MINUTE_MS))).resolves.toEqual(READY);
    expect((await rejection(sentBefore(5 * MINUTE_MS + 1_000))).message).toContain("too old");
    expect((await rejection(sentBefore(-5 * MINUTE_MS - 1_000))).message).toContain("too new");
  });
});

describe("verifyWebhook throws a TypeError", () => {
  const webhook = signed(READY);
  it.each<[string, object]>([
    ["for an undefined secret", { secret: undefined }],
    ["for an empty secret", { secret: "" }],
    ["for an empty list of secrets", { secret: [] }],
    ["for a list with an undefined secret", { secret: [SECRET, undefined] }],
    ["for a secret that is not base64", { secret: "whsec_%%%" }],
    ["for a body that was parsed before", { secret: SECRET, body: READY }],
  ])("%s", async (_what, mistake) => {
    await expect(verifyWebhook({ ...webhook, secret: SECRET, ...mistake } as never)).rejects.toThrow(TypeError);
  });

  it("with an error that does not contain the secret", async () => {
    const error = await verifyWebhook({ ...webhook, secret: "whsec_%%%" }).catch((reason: unknown) => reason);
    expect(String(error)).not.toContain("%%%");
  });
});
