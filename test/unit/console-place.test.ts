// Where in the console one is, as the hash says it: a reload keeps it, and nothing in it is a secret.

import { describe, expect, it } from "vitest";
import type { Place } from "../../src/console/place.ts";
import { hashOf, placeOf } from "../../src/console/place.ts";

const ID = `tsk_${"5f".repeat(32)}`;

const PLACES: readonly Place[] = [
  { view: "tasks", status: null, cursor: null },
  { view: "tasks", status: "failed", cursor: null },
  { view: "tasks", status: null, cursor: "7324ab" },
  { view: "tasks", status: "queued", cursor: "a&b=c#d %/" },
  { view: "task", id: ID },
  { view: "task", id: "what ever/this#is?" },
  { view: "overview" },
  { view: "try" },
  { view: "webhook" },
  { view: "keys" },
];

it.each(PLACES)("comes back from its hash: %j", (place) => {
  expect(placeOf(hashOf(place))).toEqual(place);
});

describe("a hash that somebody typed", () => {
  it.each(["", "#", "#/"])("%j is the first view", (hash) => {
    expect(placeOf(hash)).toEqual({ view: "home" });
  });

  it.each(["#/nothing", "#main", "#/tasks/a/b", "#/keys/key_1", "#/overview/x", "#tasks/a/b"])(
    "%s is nowhere",
    (hash) => {
      expect(placeOf(hash)).toEqual({ view: "nowhere" });
    },
  );

  it("forgives a missing slash and a slash too many", () => {
    expect(placeOf("#tasks")).toEqual({ view: "tasks", status: null, cursor: null });
    expect(placeOf("#/tasks/")).toEqual({ view: "tasks", status: null, cursor: null });
  });

  it("drops a status that there is not, and keeps the rest", () => {
    expect(placeOf("#/tasks?status=lost&before=9")).toEqual({ view: "tasks", status: null, cursor: "9" });
  });

  it("survives an encoding that is none", () => {
    expect(placeOf("#/tasks/%E0%A4%A")).toEqual({ view: "task", id: "%E0%A4%A" });
  });
});
