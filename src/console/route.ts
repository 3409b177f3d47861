// The view that is shown, as the URL's hash: a reload keeps the view, and a link can be shared. Pure. It never contains a secret.

import type { TaskStatus, WebhookState } from "../client/index.ts";
import { TASK_STATUSES } from "../tasks/status.ts";

export const WEBHOOK_STATES = ["pending", "delivered", "exhausted"] as const satisfies readonly WebhookState[];

/** The filters of the task list. Days, such as `2026-11-23`, are in the reader's time zone; both are included. */
export interface ListFilter {
  readonly status: TaskStatus | null;
  readonly reference: string | null;
  readonly website: string | null;
  readonly webhook: WebhookState | null;
  readonly from: string | null;
  readonly to: string | null;
}

export const NO_FILTER: ListFilter = {
  status: null,
  reference: null,
  website: null,
  webhook: null,
  from: null,
  to: null,
};

export const TENANT_TABS = ["settings", "keys", "usage", "tasks", "audit"] as const;
export type TenantTab = (typeof TENANT_TABS)[number];

export type Route =
  | { readonly view: "tasks"; readonly filter: ListFilter; readonly cursor: string | null }
  | { readonly view: "task"; readonly id: string }
  | { readonly view: "overview" | "try" | "webhook" | "keys" | "account" }
  | { readonly view: "tenants" | "upstream" | "usage" }
  | { readonly view: "tenant"; readonly id: string; readonly tab: TenantTab }
  /** No hash: the first view that the session may open. */
  | { readonly view: "home" }
  | { readonly view: "unknown" };

export const ALL_TASKS: Route = { view: "tasks", filter: NO_FILTER, cursor: null };

/** The route of a hash, with or without its `#`. Never throws. */
export function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#/, "").split("?", 2);
  const [view = "", id, tab, ...more] = path
    .replace(/^\/|\/$/g, "")
    .split("/")
    .map(decoded);
  if (more.length > 0) return { view: "unknown" };
  if (view === "tenants" && id !== undefined) {
    const known = TENANT_TABS.find((one) => one === (tab ?? "settings"));
    return known === undefined ? { view: "unknown" } : { view: "tenant", id, tab: known };
  }
  if (tab !== undefined) return { view: "unknown" };
  if (view === "tasks") return id === undefined ? tasksRouteOf(new URLSearchParams(query)) : { view: "task", id };
  if (id !== undefined) return { view: "unknown" };
  switch (view) {
    case "":
      return { view: "home" };
    case "overview":
    case "try":
    case "webhook":
    case "keys":
    case "account":
    case "tenants":
    case "upstream":
    case "usage":
      return { view };
    default:
      return { view: "unknown" };
  }
}

/** Unknown values are dropped. */
function tasksRouteOf(query: URLSearchParams): Route {
  return {
    view: "tasks",
    filter: {
      status: TASK_STATUSES.find((one) => one === query.get("status")) ?? null,
      reference: query.get("reference") || null,
      website: query.get("website") || null,
      webhook: WEBHOOK_STATES.find((one) => one === query.get("webhook")) ?? null,
      from: dayOrNull(query.get("from")),
      to: dayOrNull(query.get("to")),
    },
    cursor: query.get("before"),
  };
}

/** The hash of a route, for a link. */
export function hashOf(route: Route): string {
  switch (route.view) {
    case "tasks": {
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(route.filter)) if (value !== null) query.set(name, value);
      if (route.cursor !== null) query.set("before", route.cursor);
      return query.size === 0 ? "#/tasks" : `#/tasks?${query}`;
    }
    case "task":
      return `#/tasks/${encodeURIComponent(route.id)}`;
    case "tenant":
      return `#/tenants/${encodeURIComponent(route.id)}${route.tab === "settings" ? "" : `/${route.tab}`}`;
    case "home":
    case "unknown":
      return "#/";
    default:
      return `#/${route.view}`;
  }
}

/** Whether any filter is set. */
export const isFiltered = (filter: ListFilter): boolean => Object.values(filter).some((value) => value !== null);

const dayOrNull = (text: string | null): string | null =>
  text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : null;

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
