// The wire schema of the operator's view of the upstream accounts.

import { z } from "@hono/zod-openapi";
import { nullableTimeSchema } from "./shared.ts";

export const upstreamAccountsSchema = z
  .object({
    accounts: z.array(
      z.object({
        name: z.string(),
        url: z.string().openapi({ description: "Where the account's requests go" }),
        state: z.enum(["ok", "refused"]).openapi({
          description: "`refused`: the upstream rejected the account; new tasks go to another one, or wait",
        }),
        code: z.string().nullable().openapi({ description: "The upstream's code for the refusal; null while `ok`" }),
        since: nullableTimeSchema.openapi({ description: "When the state began; null for an account never refused" }),
        nextProbeAt: nullableTimeSchema.openapi({
          description: "From then on one task tries the account; null while `ok`",
        }),
        lastSuccessAt: nullableTimeSchema.openapi({
          description: "When the account last accepted a task, up to a minute late; null where it is not known",
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
