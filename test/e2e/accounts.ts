// Upstream accounts for the end-to-end tests: a service on loopback whose responses a test can change while the gateway runs, and the
// stored states of the accounts while it is stopped.

import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { deserialize, serialize } from "node:v8";
import { z } from "zod";
import { listening } from "./listening.ts";

const requestSchema = z.object({
  clientKey: z.string(),
  taskId: z.string().optional(),
  task: z.object({ pageAction: z.string() }).optional(),
});

/** How the account responds to createTask: it accepts, rejects with a code, or never responds. */
type AccountMode = "ok" | "hang" | `ERROR_${string}`;

export interface FakeAccount {
  readonly url: string;
  mode: AccountMode;
  /** `pageAction` of every createTask, in order. */
  readonly creates: string[];
  /** `taskId` of every getTaskResult. */
  readonly polls: string[];
  /** Every client key that it received. */
  readonly keys: Set<string>;
  close(): Promise<void>;
}

/** Starts a service whose tasks, called `<name>:<pageAction>`, are ready at the first poll. */
export async function startAccount(name: string): Promise<FakeAccount> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { clientKey, taskId, task } = requestSchema.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
      account.keys.add(clientKey);
      const respond = (body: object) =>
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
      if (request.url === "/getTaskResult") {
        account.polls.push(taskId ?? "");
        respond({ errorId: 0, status: "ready", solution: { gRecaptchaResponse: `token-of-${taskId}` } });
        return;
      }
      account.creates.push(task?.pageAction ?? "");
      if (account.mode === "hang") return;
      if (account.mode === "ok") respond({ errorId: 0, taskId: `${name}:${task?.pageAction}` });
      else respond({ errorId: 1, errorCode: account.mode, errorDescription: `key ${clientKey}` });
    });
  });
  const url = await listening(server);
  const account: FakeAccount = {
    url,
    mode: "ok",
    creates: [],
    polls: [],
    keys: new Set(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return account;
}

const recordSchema = z.looseObject({
  states: z.looseObject({ accounts: z.array(z.looseObject({ probeAt: z.number().nullable() })) }),
});

/** Moves the next probe of every account a minute forward, as if the stopped gateway had been down for a minute. */
export function letMinutePass(state: string): void {
  const objects = join(state, "v3", "do");
  const folder = readdirSync(objects).find((entry) => entry.endsWith("UpstreamObject"));
  if (folder === undefined) throw new Error("the state folder contains no UpstreamObject");
  for (const file of readdirSync(join(objects, folder)).filter((entry) => /^[0-9a-f]{64}\.sqlite$/.test(entry))) {
    const database = new DatabaseSync(join(objects, folder, file));
    try {
      const row = z
        .object({ value: z.instanceof(Uint8Array) })
        .parse(database.prepare("SELECT value FROM _cf_KV WHERE key = 'states'").get());
      const record = recordSchema.parse(deserialize(row.value));
      for (const account of record.states.accounts) if (account.probeAt !== null) account.probeAt -= 60_000;
      database.prepare("UPDATE _cf_KV SET value = ? WHERE key = 'states'").run(serialize(record));
    } finally {
      database.close();
    }
  }
}
