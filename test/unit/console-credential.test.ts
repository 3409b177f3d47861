// Recognizing a pasted credential.

import { describe, expect, it } from "vitest";
import { parseCredential } from "../../src/console/session/credential.ts";
import { KEY_ENTROPY_BYTES, mintKey } from "../../src/tenants/keys.ts";

const KEY = mintKey(
  "test",
  "acme",
  new Uint8Array(KEY_ENTROPY_BYTES).map((_byte, index) => index * 3),
);
const TOKEN = "Zm9vYmFyYmF6cXV4Zm9vYmFy_-";

const key = (secret: string) => ({ ok: true, credential: { role: "tenant", secret } });

describe("an API key", () => {
  it.each([
    ["as it is", KEY],
    ["with blanks around it", `  ${KEY}\t`],
    ["with a line break after it", `${KEY}\r\n`],
    ["broken into two lines by a terminal", `${KEY.slice(0, 20)}\n${KEY.slice(20)}`],
    ["broken into two lines, with the break turned into a blank", `${KEY.slice(0, 20)} ${KEY.slice(20)}`],
    ["with the word Bearer before it", `Bearer ${KEY}`],
  ])("is recognized %s", (_how, text) => {
    expect(parseCredential(text)).toEqual(key(KEY));
  });

  it.each([
    ["cut off", KEY.slice(0, -1)],
    ["mistyped", `${KEY.slice(0, -3)}${KEY.at(-3) === "a" ? "b" : "a"}${KEY.slice(-2)}`],
    ["followed by other text", `${KEY} and more`],
  ])("is rejected when it is %s, without being quoted", (_what, text) => {
    const parsed = parseCredential(text);
    expect(parsed).toEqual({ ok: false, message: expect.stringMatching(/incomplete or mistyped/) });
    expect(JSON.stringify(parsed)).not.toContain(KEY.slice(0, 20));
  });
});

describe("an operator token", () => {
  it.each([
    ["as it is", TOKEN],
    ["with blanks around it", ` ${TOKEN}\n`],
    ["with the word Bearer before it", `Bearer ${TOKEN}`],
  ])("is recognized %s", (_how, text) => {
    expect(parseCredential(text)).toEqual({ ok: true, credential: { role: "operator", secret: TOKEN } });
  });

  it.each([
    ["shorter than the gateway allows", "a".repeat(23)],
    ["a sentence", "my key please, it is somewhere here"],
  ])("is rejected when it is %s", (_what, text) => {
    expect(parseCredential(text)).toEqual({ ok: false, message: expect.stringMatching(/neither an API key nor/) });
  });
});

it.each(["", " \n "])("an empty field asks for a credential: %j", (text) => {
  expect(parseCredential(text)).toEqual({ ok: false, message: expect.stringMatching(/^Paste an API key/) });
});
