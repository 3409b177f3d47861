// The operator's view of the upstream accounts.

import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import type { z } from "zod";
import type { UpstreamAccount } from "../configuration.ts";
import type { AppEnv } from "../middleware/authenticate.ts";
import { authenticateOperator } from "../middleware/authenticate.ts";
import { withRetry } from "../object-retry.ts";
import { json, noQuerySchema, problems } from "../schemas/shared.ts";
import { upstreamAccountsSchema } from "../schemas/upstream.ts";
import { stateOf } from "../upstream/account-states.ts";
import { accountView } from "../upstream/permits.ts";
import type { UpstreamOverview } from "../upstream/rpc.ts";
import { upstreamObject } from "../upstream/rpc.ts";
import { rejectInvalid } from "./validation.ts";

const upstreamRoute = createRoute({
  method: "get",
  path: "/admin/upstream",
  tags: ["Admin"],
  security: [{ operatorToken: [] }],
  operationId: "listUpstreamAccounts",
  summary: "The upstream accounts and their states",
  description: "In order of preference: new tasks go to the first account that is `ok`.",
  middleware: [authenticateOperator()],
  request: { query: noQuerySchema },
  responses: { 200: json(upstreamAccountsSchema, "The configured accounts"), ...problems(404) },
});

/** The route of /admin/upstream. */
export function adminUpstreamRoutes() {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid });

  app.openapi(upstreamRoute, async (c) => {
    // What this isolate has counted: else the last minute of a quiet gateway would be missing.
    await accountView.flushUsage(c.env, Date.now());
    const overview = await withRetry<UpstreamOverview>(async () => upstreamObject(c.env).overview());
    return c.json({ accounts: c.var.configuration.upstreamAccounts.map((account) => present(account, overview)) }, 200);
  });

  return app;
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
    since: timeOrNull(state?.since),
    nextProbeAt: timeOrNull(state?.probeAt),
    lastSuccessAt: timeOrNull(used?.lastSuccessAt),
    tasksLastHour: used?.tasksLastHour ?? 0,
  };
}

function timeOrNull(ms: number | null | undefined): string | null {
  return ms == null ? null : new Date(ms).toISOString();
}
