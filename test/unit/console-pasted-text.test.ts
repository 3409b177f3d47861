// What somebody pastes into the console: a key, or a task's id.

import { describe, expect, it } from "vitest";
import { pastedKey, pastedTaskId } from "../../src/console/session/pasted-text.ts";
import { KEY_ENTROPY_BYTES, mintKey } from "../../src/tenants/keys.ts";

const KEY = mintKey(
  "test",
  "acme",
  new Uint8Array(KEY_ENTROPY_BYTES).map((_byte, index) => index * 3),
);
const HEX = "0a".repeat(32);

describe("a key", () => {
  it.each([
    ["as it is", KEY],
    ["with blanks around it", `  ${KEY}\t`],
    ["with a line break after it", `${KEY}\r\n`],
    ["broken in two by a terminal", `${KEY.slice(0, 20)}\n${KEY.slice(20)}`],
    ["broken in two, and the break made a blank", `${KEY.slice(0, 20)} ${KEY.slice(20)}`],
    ["with the header's first word", `Bearer ${KEY}`],
  ])("is taken %s", (_how, text) => {
    expect(pastedKey(text)).toEqual({ ok: true, value: KEY });
  });

  it.each([
    ["nothing", "", /Paste your key/],
    ["blanks", " \n ", /Paste your key/],
    ["another product's", "sk_test_51H8bqZ2eZvKYlo2C", /begins with sg_test_ or sg_live_/],
    ["a sentence", "my key please", /begins with sg_test_ or sg_live_/],
    ["cut off", KEY.slice(0, -1), /not whole/],
    ["with a typo", `${KEY.slice(0, -3)}${KEY.at(-3) === "a" ? "b" : "a"}${KEY.slice(-2)}`, /not whole/],
    ["with something after it", `${KEY} and more`, /not whole/],
  ])("that is %s gets a sentence that says what to do", (_what, text, sentence) => {
    expect(pastedKey(text)).toEqual({ ok: false, sentence: expect.stringMatching(sentence) });
  });

  it("is never quoted in its sentence", () => {
    const pasted = pastedKey(KEY.slice(0, -1));
    expect(JSON.stringify(pasted)).not.toContain(KEY.slice(0, 20));
  });
});

describe("a task's id", () => {
  it.each([
    ["as it is", `tsk_${HEX}`],
    ["with blanks around it", ` tsk_${HEX}\n`],
    ["broken in two", `tsk_${HEX.slice(0, 30)}\n${HEX.slice(30)}`],
    ["in capitals", `TSK_${HEX.toUpperCase()}`],
    ["with the quotes of JSON", `"tsk_${HEX}",`],
    ["as the compatible face writes it", BigInt(`0x${HEX}`).toString()],
  ])("is taken %s", (_how, text) => {
    expect(pastedTaskId(text)).toEqual({ ok: true, value: `tsk_${HEX}` });
  });

  it.each([
    ["nothing", " ", /Paste a task's id/],
    ["too short", "tsk_0a0a", /64 characters, and here are 4/],
    ["too long", `tsk_${HEX}0`, /and here are 65/],
    ["a key's", "key_0f8fad5bd9cb469fa16570867728950e", /not a task id/],
    ["not hexadecimal", `tsk_${"zz".repeat(32)}`, /not a task id/],
    ["a number that is no id", `9${"9".repeat(77)}`, /not a task id/],
  ])("that is %s gets a sentence", (_what, text, sentence) => {
    expect(pastedTaskId(text)).toEqual({ ok: false, sentence: expect.stringMatching(sentence) });
  });
});
