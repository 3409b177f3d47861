// Wire schema of the upstream accounts, their states and how these changed.

import { z } from "@hono/zod-openapi";
import { nullableTimeSchema, timeSchema } from "./shared.ts";

const stateSchema = z.enum(["ok", "refused"]);

export const upstreamAccountsSchema = z
  .object({
    accounts: z.array(
      z.object({
        name: z.string(),
        url: z.string().openapi({ description: "The base URL of the account's upstream" }),
        state: stateSchema.openapi({
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
    history: z
      .array(
        z.object({
          account: z.string().openapi({ description: "An account's name. It may no longer be configured" }),
          state: stateSchema,
          code: z.string().nullable().openapi({ description: "The upstream's error code. Null while `ok`" }),
          at: timeSchema,
        }),
      )
      .openapi({ description: "The last 20 changes of state over all accounts, newest first" }),
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
      history: [
        { account: "main", state: "refused", code: "ERROR_ZERO_BALANCE", at: "2026-11-23T09:30:00.000Z" },
        { account: "main", state: "ok", code: null, at: "2026-11-22T17:04:12.031Z" },
      ],
    },
  });
