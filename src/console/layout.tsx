// The frame around the views: navigation, the signed-in identity, and the view that the URL names. Views that the session may not open
// are not offered. The overview and the operator's views are loaded when they are first shown.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Scope } from "../client/index.ts";
import { AccountView } from "./account/account.tsx";
import { KeysView } from "./account/keys.tsx";
import { WebhookView } from "./account/webhook.tsx";
import type { Route } from "./route.ts";
import { ALL_TASKS, hashOf, routeOf } from "./route.ts";
import type { Session, TenantSession } from "./session/session.ts";
import { useSession } from "./session/session.ts";
import { TaskListView } from "./tasks/task-list.tsx";
import { TaskView } from "./tasks/task-page.tsx";
import { TryView } from "./tasks/try-it.tsx";
import { Mark } from "./ui/brand.tsx";
import { middle } from "./ui/formats.ts";
import { lazyView } from "./ui/lazy.tsx";
import { Empty, focusHeading, Heading, ModeBadge } from "./ui/surfaces.tsx";

const OverviewView = lazyView(async () => (await import("./usage/overview.tsx")).OverviewView);
const OperatorView = lazyView(async () => (await import("./operator/operator-view.tsx")).OperatorView);

interface Section {
  readonly view: string;
  readonly name: string;
  readonly route: Route;
  /** The key needs one of these scopes; none for every key. */
  readonly scopes: readonly Scope[];
}

const TENANT_SECTIONS: readonly Section[] = [
  { view: "tasks", name: "Tasks", route: ALL_TASKS, scopes: ["tasks:read"] },
  { view: "overview", name: "Overview", route: { view: "overview" }, scopes: ["account:read"] },
  { view: "try", name: "Try it", route: { view: "try" }, scopes: ["tasks:write"] },
  { view: "webhook", name: "Webhook", route: { view: "webhook" }, scopes: ["account:read", "account:write"] },
  { view: "keys", name: "Keys", route: { view: "keys" }, scopes: ["account:read", "account:write"] },
  { view: "account", name: "Account", route: { view: "account" }, scopes: [] },
];

const OPERATOR_SECTIONS: readonly Section[] = [
  { view: "tenants", name: "Tenants", route: { view: "tenants" }, scopes: [] },
  { view: "upstream", name: "Upstream", route: { view: "upstream" }, scopes: [] },
  { view: "usage", name: "Usage", route: { view: "usage" }, scopes: [] },
];

const sectionsOf = ({ role }: Session): readonly Section[] => (role === "tenant" ? TENANT_SECTIONS : OPERATOR_SECTIONS);

const mayOpen = (session: Session, { scopes }: Section): boolean =>
  session.role === "operator" || scopes.length === 0 || scopes.some((scope) => session.can(scope));

/** The section that a route belongs to, or null. */
function sectionOf(session: Session, { view }: Route): Section | null {
  const name = view === "task" ? "tasks" : view === "tenant" ? "tenants" : view;
  return sectionsOf(session).find((section) => section.view === name) ?? null;
}

function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const onChange = () => setRoute(routeOf(location.hash));
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  return route;
}

export function Layout() {
  const session = useSession();
  const requested = useRoute();
  const open = sectionsOf(session).filter((section) => mayOpen(session, section));
  const [first] = open;
  const route = requested.view === "home" && first !== undefined ? first.route : requested;
  const section = sectionOf(session, route);
  useTitleAndFocus(route, section);
  return (
    <div class="frame">
      {/* A button, because the hash of a link would be taken for a route. */}
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        Skip to the content
      </button>
      <header class="side">
        <p class="brand">
          <Mark />
          Solvegate
        </p>
        <nav aria-label="Console">
          <ul>
            {open.map((one) => (
              <li key={one.view}>
                <a href={hashOf(one.route)} aria-current={one === section ? "page" : undefined}>
                  {one.name}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <SignedIn session={session} />
      </header>
      <main id="main" tabIndex={-1}>
        {section === null ? (
          <Unknown />
        ) : session.role === "operator" ? (
          <OperatorView route={route} />
        ) : mayOpen(session, section) ? (
          tenantView(route)
        ) : (
          <NotAllowed section={section} session={session} />
        )}
      </main>
    </div>
  );
}

function SignedIn({ session }: { readonly session: Session }) {
  return (
    <div class="identity">
      {session.role === "tenant" ? (
        <>
          <p class="identity-tenant" title={`Tenant ${session.me.tenantId}`}>
            {session.me.tenantId} <ModeBadge mode={session.me.mode} />
          </p>
          <p class="identity-key" title={session.me.id}>
            {session.me.name}
          </p>
        </>
      ) : (
        <p class="identity-tenant">Operator</p>
      )}
      <p class="identity-links">
        <a href="/docs">API reference</a>
        <button type="button" class="link" onClick={() => session.signOut(null)}>
          Sign out
        </button>
      </p>
    </div>
  );
}

function tenantView(route: Route): JSX.Element {
  switch (route.view) {
    case "tasks":
      return <TaskListView filter={route.filter} cursor={route.cursor} />;
    case "task":
      return <TaskView key={route.id} id={route.id} />;
    case "overview":
      return <OverviewView />;
    case "try":
      return <TryView />;
    case "webhook":
      return <WebhookView />;
    case "keys":
      return <KeysView />;
    case "account":
      return <AccountView />;
    default:
      return <Unknown />;
  }
}

function Unknown() {
  return (
    <Message title="This page does not exist">
      <p>
        There is no view at this URL. <a href="#/">Go to the first view</a>.
      </p>
    </Message>
  );
}

/** A view that the key may not open. */
function NotAllowed({ section, session }: { readonly section: Section; readonly session: TenantSession }) {
  return (
    <Message title="This key may not open this view">
      <p>
        {section.name} needs a key with {section.scopes.join(" or ")}. The key “{session.me.name}” has{" "}
        {session.me.scopes.join(", ")}. Sign in with another key, or <a href="#/">go to a view that this key opens</a>.
      </p>
    </Message>
  );
}

function Message({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <>
      <Heading>Console</Heading>
      <Empty title={title}>{children}</Empty>
    </>
  );
}

/** Sets the title, and focuses the heading of a view when it is opened; not on the first load, and not for a filter. */
function useTitleAndFocus(route: Route, section: Section | null): void {
  const name =
    route.view === "task"
      ? `Task ${middle(route.id, 10, 4)}`
      : route.view === "tenant"
        ? `Tenant ${route.id}`
        : (section?.name ?? "Console");
  const place = [route.view, "id" in route ? route.id : "", "cursor" in route ? route.cursor : ""].join(" ");
  const last = useRef<string | null>(null);
  useEffect(() => {
    document.title = `${name} · Solvegate console`;
    if (last.current !== null && last.current !== place) {
      scrollTo(0, 0);
      focusHeading();
    }
    last.current = place;
  }, [name, place]);
}
