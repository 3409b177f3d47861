// Task ids: what new ones look like, what is accepted from callers, and the object id in them.

import { describe, expect, it } from "vitest";
import { newTaskId, objectIdOf, parseTaskId } from "../../src/tasks/task-id.ts";

const HEX = "5f".repeat(32);

describe("a new task id", () => {
  it("is the object's id when the object has only one task", () => {
    expect(newTaskId(HEX, false)).toBe(HEX);
  });

  it("has a random suffix when the object can have another task later", () => {
    const ids = Array.from({ length: 1_000 }, () => newTaskId(HEX, true));
    expect(new Set(ids).size).toBe(1_000);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{64}_[0-9a-z]{8}$/);
    expect(new Set(ids.join("").replaceAll(HEX, "").replaceAll("_", "")).size).toBe(36);
  });

  it.each([false, true])("is parsed from its wire form, and contains the object's id", (reusable) => {
    const id = newTaskId(HEX, reusable);
    expect(parseTaskId(`tsk_${id}`)).toBe(id);
    expect(objectIdOf(id)).toBe(HEX);
    expect(`tsk_${id}`).toMatch(/^tsk_[0-9a-z_]{1,96}$/);
  });
});

describe("parseTaskId()", () => {
  it.each([
    ["empty", ""],
    ["without the prefix", HEX],
    ["too short", `tsk_${HEX.slice(1)}`],
    ["too long", `tsk_${HEX}0`],
    ["in upper case", `tsk_${HEX.toUpperCase()}`],
    ["with an empty suffix", `tsk_${HEX}_`],
    ["with a short suffix", `tsk_${HEX}_0000000`],
    ["with a long suffix", `tsk_${HEX}_000000000`],
    ["with two suffixes", `tsk_${HEX}_00000000_00000000`],
    ["with a line break", `tsk_${HEX}\n`],
  ])("returns null for a string that is not a task id: %s", (_name, text) => {
    expect(parseTaskId(text)).toBeNull();
  });
});
