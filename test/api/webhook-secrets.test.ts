// /v1/webhook/rotate and /v1/webhook/secret: the signing secrets of a mode.

import { reset } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { expectInvalid, expectProblem } from "../support/answers.ts";
import { ALL_SCOPES, call, makeCaller, makeKey, makeTenant } from "../support/gateway.ts";
import { scriptReceivers, verifies } from "../support/receivers.ts";
import { freezeTime, pass, releaseTime } from "../support/time.ts";
import { plain } from "../support/upstream.ts";

const ENDPOINT = "https://hooks.shop.example/solvegate";
const SECRET = /^whsec_[A-Za-z0-9+/]{43}=$/;

const ok = plain(204, null);

let key: string;
let webhookSecret: string;

beforeEach(async () => {
  ({ key, webhookSecret } = await makeCaller({}, { scopes: ALL_SCOPES }));
});
afterEach(async () => {
  releaseTime();
  await reset();
});

const put = (body: unknown) => call("PUT", "/v1/webhook", { key, body });
const test = () => call("POST", "/v1/webhook/test", { key });

/** The secret that a rotation returns. */
async function rotate(body?: unknown): Promise<string> {
  const response = await call("POST", "/v1/webhook/rotate", { key, body });
  const answer = await response.json<{ secret: string }>();
  expect({ status: response.status, answer }).toStrictEqual({
    status: 200,
    answer: { secret: expect.stringMatching(SECRET) },
  });
  return answer.secret;
}

describe("POST /v1/webhook/rotate", () => {
  beforeEach(async () => {
    freezeTime();
    ({ key, webhookSecret } = await makeCaller({}, { scopes: ALL_SCOPES }));
    await put({ url: ENDPOINT });
  });

  const DAY_S = 86_400;
  const WEEK_S = 604_800;

  /** Which of the secrets verify a webhook that is sent now. */
  async function signing(...secrets: string[]): Promise<boolean[]> {
    const received = scriptReceivers({ [ENDPOINT]: [ok] });
    expect((await test()).status).toBe(200);
    const [webhook] = received;
    if (webhook === undefined) throw new Error("nothing was sent");
    return secrets.map((secret) => verifies(webhook, secret));
  }

  it.each([
    { name: "no body", body: undefined, overlapS: DAY_S },
    { name: "an empty body", body: "", overlapS: DAY_S },
    { name: "an empty object", body: {}, overlapS: DAY_S },
    { name: "one second", body: { overlapSeconds: 1 }, overlapS: 1 },
    { name: "the longest overlap", body: { overlapSeconds: WEEK_S }, overlapS: WEEK_S },
  ])(
    "signs with both secrets during the overlap, and then only with the new one: $name",
    async ({ body, overlapS }) => {
      const secret = await rotate(body);
      expect(secret).not.toBe(webhookSecret);
      expect(await signing(secret, webhookSecret)).toEqual([true, true]);
      pass(overlapS * 1_000 - 1);
      expect(await signing(secret, webhookSecret)).toEqual([true, true]);
      pass(1);
      expect(await signing(secret, webhookSecret)).toEqual([true, false]);
    },
  );

  it("ends the old secret at once when the overlap is 0", async () => {
    const secret = await rotate({ overlapSeconds: 0 });
    expect(await signing(secret, webhookSecret)).toEqual([true, false]);
  });

  it("signs with three secrets after two rotations, each for its own overlap", async () => {
    const second = await rotate({ overlapSeconds: 60 });
    pass(1_000);
    const third = await rotate({ overlapSeconds: 3_600 });
    expect(await signing(third, second, webhookSecret)).toEqual([true, true, true]);
    pass(59_000);
    expect(await signing(third, second, webhookSecret)).toEqual([true, true, false]);
    pass(3_541_000);
    expect(await signing(third, second, webhookSecret)).toEqual([true, false, false]);
  });

  it.each([
    ["less than 0", { overlapSeconds: -1 }, "overlapSeconds"],
    ["more than a week", { overlapSeconds: WEEK_S + 1 }, "overlapSeconds"],
    ["a fraction", { overlapSeconds: 1.5 }, "overlapSeconds"],
    ["an unknown field", { overlap: 60 }, "overlap"],
  ])("returns 400 and changes nothing with %s", async (_what, body, path) => {
    await expectInvalid(await call("POST", "/v1/webhook/rotate", { key, body }), path);
    expect(await signing(webhookSecret)).toEqual([true]);
  });

  it("returns 400 and changes nothing with a body that is not JSON, and 415 with another content type", async () => {
    await expectProblem(await call("POST", "/v1/webhook/rotate", { key, body: "{" }), "invalid_json");
    const unnamed = { key, body: "{}", contentType: "text/plain" };
    await expectProblem(await call("POST", "/v1/webhook/rotate", unnamed), "unsupported_media_type");
    expect(await signing(webhookSecret)).toEqual([true]);
  });
});

describe("GET /v1/webhook/secret", () => {
  const secretOf = async (by: string) => (await call("GET", "/v1/webhook/secret", { key: by })).json();

  it("returns the secret of the calling key's mode, and the previous secret while it signs too", async () => {
    freezeTime();
    const { id, webhookSecrets } = await makeTenant();
    const test = await makeKey(id, { scopes: ALL_SCOPES });
    const live = await makeKey(id, { mode: "live", scopes: ALL_SCOPES });
    expect(await secretOf(test.key)).toStrictEqual({ secret: webhookSecrets.test, previous: null });
    expect(await secretOf(live.key)).toStrictEqual({ secret: webhookSecrets.live, previous: null });

    const body = { overlapSeconds: 60 };
    const { secret } = await (await call("POST", "/v1/webhook/rotate", { key: test.key, body })).json<{
      secret: string;
    }>();
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const previous = { secret: webhookSecrets.test, expiresAt };
    expect(await secretOf(test.key)).toStrictEqual({ secret, previous });
    expect(await secretOf(live.key)).toStrictEqual({ secret: webhookSecrets.live, previous: null });
    pass(60_000);
    expect(await secretOf(test.key)).toStrictEqual({ secret, previous: null });
  });
});
