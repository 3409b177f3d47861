// GET /admin/upstream: the upstream accounts, their states and how these changed.

import type { OpenAPIHono } from "@hono/zod-openapi";
import { createRoute } from "@hono/zod-openapi";
import type { z } from "zod";
import type { UpstreamAccount } from "../configuration.ts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticateOperator } from "../middleware/authenticate.ts";
import { withRetry } from "../object-retry.ts";
import { rfc3339, rfc3339OrNull } from "../rfc3339.ts";
import { json, noQuerySchema, problems } from "../schemas/shared.ts";
import { upstreamAccountsSchema } from "../schemas/upstream.ts";
import { stateOf } from "../upstream/account-states.ts";
import { accountView } from "../upstream/permits.ts";
import type { UpstreamOverview } from "../upstream/rpc.ts";
import { upstreamObject } from "../upstream/rpc.ts";

const upstreamRoute = createRoute({
  method: "get",
  path: "/admin/upstream",
  tags: ["Admin"],
  security: [{ operatorToken: [] }],
  operationId: "listUpstreamAccounts",
  summary: "List the upstream accounts and their states",
  description:
    "Lists accounts in order of preference. New tasks use the first account that is `ok`. `history` has the last changes of state.",
  middleware: [authenticateOperator()],
  request: { query: noQuerySchema },
  responses: { 200: json(upstreamAccountsSchema, "The configured accounts"), ...problems(404) },
});

/** Adds the route of /admin/upstream. */
export function addAdminUpstreamRoutes(app: OpenAPIHono<AppEnv>): void {
  app.openapi(upstreamRoute, async (c) => {
    // Usage is reported once a minute at most, so a quiet gateway would not show its last tasks.
    await accountView.flushUsage(c.env, Date.now());
    const overview = await withRetry<UpstreamOverview>(async () => upstreamObject(c.env).overview());
    const accounts = c.var.configuration.upstreamAccounts.map((account) => present(account, overview));
    const history = overview.history.map((change) => ({ ...change, at: rfc3339(change.at) }));
    return c.json({ accounts, history }, 200);
  });
}

type Presented = z.output<typeof upstreamAccountsSchema>["accounts"][number];

function present({ name, url }: UpstreamAccount, { states, usage }: UpstreamOverview): Presented {
  const state = stateOf(states, name);
  const used = usage.find(({ account }) => account === name);
  return {
    name,
    url,
    state: state?.state ?? "ok",
    code: state?.code ?? null,
    since: rfc3339OrNull(state?.since),
    nextProbeAt: rfc3339OrNull(state?.probeAt),
    lastSuccessAt: rfc3339OrNull(used?.lastSuccessAt),
    tasksLastHour: used?.tasksLastHour ?? 0,
  };
}
