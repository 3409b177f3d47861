// Where in the console one is, as the URL's hash says it, so that a reload keeps the route and a link can be sent. PURE. Refuses to
// hold a key: nothing but views, filters, cursors and task ids has a form here.

import type { TaskStatus } from "../tasks/status.ts";

/** The statuses in the order in which a task meets them. */
export const STATUSES = [
  "queued",
  "processing",
  "ready",
  "failed",
  "canceled",
] as const satisfies readonly TaskStatus[];

export type Route =
  | { readonly view: "tasks"; readonly status: TaskStatus | null; readonly cursor: string | null }
  | { readonly view: "task"; readonly id: string }
  | { readonly view: "overview" | "try" | "webhook" | "keys" }
  /** No hash at all: the first view that the key may open. */
  | { readonly view: "home" }
  | { readonly view: "nowhere" };

/** The route of a hash, with its `#` or without. Never throws. */
export function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const [view = "", rest, ...more] = path
    .replace(/^\/|\/$/g, "")
    .split("/")
    .map(decoded);
  if (more.length > 0) return { view: "nowhere" };
  if (view === "tasks" && rest !== undefined) return { view: "task", id: rest };
  if (rest !== undefined) return { view: "nowhere" };
  switch (view) {
    case "":
      return { view: "home" };
    case "tasks": {
      const wanted = new URLSearchParams(query);
      const status = STATUSES.find((one) => one === wanted.get("status")) ?? null;
      return { view: "tasks", status, cursor: wanted.get("before") };
    }
    case "overview":
    case "try":
    case "webhook":
    case "keys":
      return { view };
    default:
      return { view: "nowhere" };
  }
}

/** The hash of a route, for a link. */
export function hashOf(route: Route): string {
  switch (route.view) {
    case "tasks": {
      const query = new URLSearchParams();
      if (route.status !== null) query.set("status", route.status);
      if (route.cursor !== null) query.set("before", route.cursor);
      return query.size === 0 ? "#/tasks" : `#/tasks?${query}`;
    }
    case "task":
      return `#/tasks/${encodeURIComponent(route.id)}`;
    case "home":
    case "nowhere":
      return "#/";
    default:
      return `#/${route.view}`;
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
