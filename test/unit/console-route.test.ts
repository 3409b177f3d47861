// Where in the console one is, as the hash says it: a reload keeps it, and nothing in it is a secret.

import { describe, expect, it } from "vitest";
import type { Route } from "../../src/console/route.ts";
import { hashOf, routeOf } from "../../src/console/route.ts";

const ID = `tsk_${"5f".repeat(32)}`;

const ROUTES: readonly Route[] = [
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

it.each(ROUTES)("comes back from its hash: %j", (route) => {
  expect(routeOf(hashOf(route))).toEqual(route);
});

describe("a hash that somebody typed", () => {
  it.each(["", "#", "#/"])("%j is the first view", (hash) => {
    expect(routeOf(hash)).toEqual({ view: "home" });
  });

  it.each(["#/nothing", "#main", "#/tasks/a/b", "#/keys/key_1", "#/overview/x", "#tasks/a/b"])(
    "%s is nowhere",
    (hash) => {
      expect(routeOf(hash)).toEqual({ view: "nowhere" });
    },
  );

  it("forgives a missing slash and a slash too many", () => {
    expect(routeOf("#tasks")).toEqual({ view: "tasks", status: null, cursor: null });
    expect(routeOf("#/tasks/")).toEqual({ view: "tasks", status: null, cursor: null });
  });

  it("drops a status that there is not, and keeps the rest", () => {
    expect(routeOf("#/tasks?status=lost&before=9")).toEqual({ view: "tasks", status: null, cursor: "9" });
  });

  it("survives an encoding that is none", () => {
    expect(routeOf("#/tasks/%E0%A4%A")).toEqual({ view: "task", id: "%E0%A4%A" });
  });
});
