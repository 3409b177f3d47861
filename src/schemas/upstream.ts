// Wire schema of the upstream accounts and their states.

import { z } from "@hono/zod-openapi";
import { nullableTimeSchema } from "./shared.ts";

export const upstreamAccountsSchema = z
  .object({
    accounts: z.array(
      z.object({
        name: z.string(),
        url: z.string().openapi({ description: "The base URL of the account's upstream" }),
        state: z.enum(["ok", "refused"]).openapi({
          description: "`refused`: the upstream rejected the account. New tasks use another account or wait",
        }),
        code: z.string().nullable().openapi({ description: "The upstream's error code. Null while `ok`" }),
        since: nullableTimeSchema.openapi({
          description: "When the state began. Null if the account was never refused",
        }),
        nextProbeAt: nullableTimeSchema.openapi({
          description: "When one task will probe the account. Null while `ok`",
        }),
        lastSuccessAt: nullableTimeSchema.openapi({
          description: "When the account last accepted a task. Updated about once a minute. Null if unknown",
        }),
        tasksLastHour: z.int().nonnegative().openapi({
          description: "Tasks that the account accepted in the last hour. Best effort: some may be missing",
        }),
      }),
    ),
  })
  .openapi("UpstreamAccounts", {
    example: {
      accounts: [
        {
          name: "main",
          url: "https://api.1captcha.vip",
          state: "refused",
          code: "ERROR_ZERO_BALANCE",
          since: "2026-11-23T09:30:00.000Z",
          nextProbeAt: "2026-11-23T09:31:00.000Z",
          lastSuccessAt: "2026-11-23T09:29:58.120Z",
          tasksLastHour: 1204,
        },
      ],
    },
  });
