// Routes and their hashes.

import { describe, expect, it } from "vitest";
import type { Route } from "../../src/console/route.ts";
import { ALL_TASKS, hashOf, isFiltered, NO_FILTER, routeOf } from "../../src/console/route.ts";

const ID = `tsk_${"5f".repeat(32)}`;

const ROUTES: readonly Route[] = [
  ALL_TASKS,
  { view: "tasks", filter: { ...NO_FILTER, status: "failed" }, cursor: null },
  { view: "tasks", filter: NO_FILTER, cursor: "7324ab" },
  {
    view: "tasks",
    filter: {
      status: "queued",
      reference: "order & 1042#é",
      website: "shop.example.com",
      webhook: "exhausted",
      from: "2026-11-01",
      to: "2026-11-23",
    },
    cursor: "a&b=c#d %/",
  },
  { view: "task", id: ID },
  { view: "task", id: "what ever/this#is?" },
  { view: "overview" },
  { view: "try" },
  { view: "webhook" },
  { view: "keys" },
  { view: "account" },
  { view: "tenants" },
  { view: "tenant", id: "acme", tab: "settings" },
  { view: "tenant", id: "acme", tab: "audit" },
  { view: "upstream" },
  { view: "usage" },
];

it.each(ROUTES)("a route is the same after its hash: %j", (route) => {
  expect(routeOf(hashOf(route))).toEqual(route);
});

describe("a hash that was typed", () => {
  it.each(["", "#", "#/"])("%j is the first view", (hash) => {
    expect(routeOf(hash)).toEqual({ view: "home" });
  });

  it.each([
    "#/nothing",
    "#main",
    "#/tasks/a/b",
    "#/keys/key_1",
    "#/overview/x",
    "#/tenants/acme/nothing",
    "#/tenants/acme/keys/1",
  ])("%s is unknown", (hash) => {
    expect(routeOf(hash)).toEqual({ view: "unknown" });
  });

  it("may lack a slash, or have one too many", () => {
    expect(routeOf("#tasks")).toEqual(ALL_TASKS);
    expect(routeOf("#/tasks/")).toEqual(ALL_TASKS);
  });

  it("loses filters that do not exist, and keeps the rest", () => {
    expect(routeOf("#/tasks?status=lost&webhook=maybe&from=yesterday&to=2026-13-45&reference=&before=9")).toEqual({
      view: "tasks",
      filter: NO_FILTER,
      cursor: "9",
    });
  });

  it("is kept as it is where its encoding is invalid", () => {
    expect(routeOf("#/tasks/%E0%A4%A")).toEqual({ view: "task", id: "%E0%A4%A" });
  });
});

it("a list is filtered when any filter is set", () => {
  expect(isFiltered(NO_FILTER)).toBe(false);
  expect(isFiltered({ ...NO_FILTER, to: "2026-11-23" })).toBe(true);
});
