// `traceparent`: what is sent on, and what is ignored, by the rules of W3C Trace Context.

import { describe, expect, it } from "vitest";
import { parseTraceparent } from "../../src/traceparent.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "b7ad6b7169203331";
const SAMPLED = `00-${TRACE}-${PARENT}-01`;

describe("a traceparent", () => {
  it.each([
    ["as it came", SAMPLED, SAMPLED],
    ["not sampled", `00-${TRACE}-${PARENT}-00`, `00-${TRACE}-${PARENT}-00`],
    ["with a random trace id", `00-${TRACE}-${PARENT}-03`, `00-${TRACE}-${PARENT}-03`],
    ["without undefined flags", `00-${TRACE}-${PARENT}-fd`, `00-${TRACE}-${PARENT}-01`],
    ["without blanks around it", ` ${SAMPLED}\t`, SAMPLED],
    ["of a later version, in the form of ours", `01-${TRACE}-${PARENT}-01`, SAMPLED],
    ["of a later version with more fields, without them", `cc-${TRACE}-${PARENT}-01-what-the-future-holds`, SAMPLED],
    ["of a later version with an empty field more", `cc-${TRACE}-${PARENT}-01-`, SAMPLED],
  ])("is sent on %s", (_how, value, expected) => {
    expect(parseTraceparent(value)).toBe(expected);
  });

  it.each([
    ["is missing", undefined],
    ["is empty", ""],
    ["is no such header", "nonsense"],
    ["has the invalid version ff", `ff-${TRACE}-${PARENT}-01`],
    ["has a trace of zeros", `00-${"0".repeat(32)}-${PARENT}-01`],
    ["has a parent of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["has capitals", SAMPLED.toUpperCase()],
    ["has one digit too few", SAMPLED.slice(0, -1)],
    ["has one digit too many", `${SAMPLED}0`],
    ["has a field too many for version 00", `${SAMPLED}-00`],
    ["is of a later version and runs on without a dash", `cc-${TRACE}-${PARENT}-01x`],
    ["has a character that is no digit", SAMPLED.replace("b7", "g7")],
    ["has another separator", SAMPLED.replaceAll("-", "_")],
    ["came twice", `${SAMPLED}, ${SAMPLED}`],
    ["is of a later version and came twice", `01-${TRACE}-${PARENT}-01, 01-${TRACE}-${PARENT}-01`],
  ])("is ignored where it %s", (_why, value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });
});
