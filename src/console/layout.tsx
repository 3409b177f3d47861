// The frame around the views: where one is, what the key opens, who is signed in. It offers no view that the key's scopes close.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Scope } from "../tenants/keys.ts";
import { KeysView } from "./account/keys.tsx";
import { WebhookView } from "./account/webhook.tsx";
import type { Route } from "./route.ts";
import { hashOf, routeOf } from "./route.ts";
import type { Session } from "./session/session.ts";
import { useSession } from "./session/session.ts";
import { TasksView } from "./tasks/task-list.tsx";
import { TaskView } from "./tasks/task-page.tsx";
import { TryView } from "./tasks/try-it.tsx";
import { Mark } from "./ui/brand.tsx";
import { Empty, Heading } from "./ui/controls.tsx";
import { middle } from "./ui/formats.ts";
import { OverviewView } from "./usage/overview.tsx";

type Section = "tasks" | "overview" | "try" | "webhook" | "keys";

interface SectionInfo {
  readonly name: string;
  /** One of these opens it. */
  readonly scopes: readonly Scope[];
  readonly route: Route;
}

const SECTIONS: Readonly<Record<Section, SectionInfo>> = {
  tasks: { name: "Tasks", scopes: ["tasks:read"], route: { view: "tasks", status: null, cursor: null } },
  overview: { name: "Overview", scopes: ["account:read"], route: { view: "overview" } },
  try: { name: "Try it", scopes: ["tasks:write"], route: { view: "try" } },
  webhook: { name: "Webhook", scopes: ["account:read", "account:write"], route: { view: "webhook" } },
  keys: { name: "Keys", scopes: ["account:read", "account:write"], route: { view: "keys" } },
};
const ORDER = Object.keys(SECTIONS) as Section[];

function useRoute(): Route {
  const [route, setRoute] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const onChange = () => setRoute(routeOf(location.hash));
    addEventListener("hashchange", onChange);
    return () => removeEventListener("hashchange", onChange);
  }, []);
  return route;
}

const opens = (session: Session, section: Section): boolean =>
  SECTIONS[section].scopes.some((scope) => session.can(scope));

export function Frame() {
  const session = useSession();
  const asked = useRoute();
  const first = ORDER.find((section) => opens(session, section));
  // A key has at least one scope, so there is a first view.
  const route = asked.view === "home" && first !== undefined ? SECTIONS[first].route : asked;
  const section = sectionOf(route);
  useTitleAndFocus(route, section);
  return (
    <div class="frame">
      {/* A button and no link: the hash is the router's. */}
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
            {ORDER.filter((one) => opens(session, one)).map((one) => (
              <li key={one}>
                <a href={hashOf(SECTIONS[one].route)} aria-current={one === section ? "page" : undefined}>
                  {SECTIONS[one].name}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <Identity />
      </header>
      <main id="main" tabIndex={-1}>
        {section !== null && !opens(session, section) ? <Closed section={section} /> : viewOf(route)}
      </main>
    </div>
  );
}

function Identity() {
  const { me, end } = useSession();
  return (
    <div class="identity">
      <p class="identity-tenant" title={`Tenant ${me.tenantId}`}>
        {me.tenantId} <span class={`mode ${me.mode}`}>{me.mode === "test" ? "Test" : "Live"}</span>
      </p>
      <p class="identity-key" title={me.id}>
        {me.name}
      </p>
      <p class="identity-links">
        <a href="/docs">API reference</a>
        <button type="button" class="link" onClick={() => end(null)}>
          Sign out
        </button>
      </p>
    </div>
  );
}

function sectionOf(route: Route): Section | null {
  switch (route.view) {
    case "task":
      return "tasks";
    case "home":
    case "nowhere":
      return null;
    default:
      return route.view;
  }
}

function viewOf(route: Route): JSX.Element {
  switch (route.view) {
    case "tasks":
      return <TasksView status={route.status} cursor={route.cursor} />;
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
    case "home":
    case "nowhere":
      return (
        <Elsewhere title="There is nothing here">
          <p>
            The address names no view of the console. <a href="#/">Begin at the first one</a>.
          </p>
        </Elsewhere>
      );
  }
}

/** A view that was asked for by its address, and that the key does not open. */
function Closed({ section }: { readonly section: Section }) {
  const { me } = useSession();
  const { name, scopes } = SECTIONS[section];
  return (
    <Elsewhere title="This key does not open this view">
      <p>
        {name} needs a key with {scopes.join(" or ")}. The key “{me.name}” has {me.scopes.join(", ")}. Sign in with
        another key, or <a href="#/">go to what this one opens</a>.
      </p>
    </Elsewhere>
  );
}

function Elsewhere({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <>
      <Heading>Console</Heading>
      <Empty title={title}>{children}</Empty>
    </>
  );
}

/** Each view has its title, and its heading takes the focus when it is opened; not at the first load, and not for a filter. */
function useTitleAndFocus(route: Route, section: Section | null): void {
  const name =
    route.view === "task" ? `Task ${middle(route.id, 10, 4)}` : section === null ? "Console" : SECTIONS[section].name;
  const where = route.view === "task" ? route.id : route.view === "tasks" ? `tasks ${route.cursor ?? ""}` : route.view;
  const last = useRef<string | null>(null);
  useEffect(() => {
    document.title = `${name} · Solvegate console`;
    if (last.current !== null && last.current !== where) {
      scrollTo(0, 0);
      document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
    }
    last.current = where;
  }, [name, where]);
}
