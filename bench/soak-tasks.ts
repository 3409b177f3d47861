// The callers of the soak. Each submits one task and waits for its end in one of several ways.

import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Caller } from "./load.ts";
import { taskBody } from "./outside.ts";

/** The interval (ms) at which a caller reads its task, and the greatest number of reads. */
const READ_EVERY_MS = 2_000;
const MAX_READS = 30;

/** What callers do, in percent of the tasks. */
const MIX = { webhook: 35, wait: 15, poll: 15, reject: 10, fail: 5, cancel: 10, claim: 10 } as const;
type Kind = keyof typeof MIX;

export interface SoakedTask {
  readonly index: number;
  readonly caller: Caller;
  readonly id: string | null;
  /** Why the task failed, or null. */
  readonly failure: string | null;
}

const taskSchema = z.object({ id: z.string(), status: z.string() });

/** The kind of the `index`-th task. */
export function kindOf(index: number): Kind {
  let left = (index * 37) % 100;
  for (const [kind, share] of Object.entries(MIX)) {
    left -= share;
    if (left < 0) return kind as Kind;
  }
  throw new Error("The shares of the mix are less than 100 %");
}

/** Submits the `index`-th task and waits for its end. Never rejects. */
export async function runTask(caller: Caller, index: number, webhookUrl: string): Promise<SoakedTask> {
  const kind = kindOf(index);
  let id: string | null = null;
  try {
    const body = taskBody(websiteKeyOf(kind, index), `task-${index}`, {
      timeoutSeconds: 60,
      ...(kind === "webhook" ? { webhookUrl } : {}),
    });
    const headers: Record<string, string> = kind === "wait" ? { prefer: "wait=60" } : {};
    const accepted = taskSchema.parse(JSON.parse((await caller.send("POST", "/v1/tasks", { body, headers })).body));
    id = accepted.id;
    const status = await follow(kind, caller, accepted);
    const expected = kind === "reject" || kind === "fail" ? "failed" : kind === "cancel" ? "canceled" : "ready";
    return { index, caller, id, failure: status === expected ? null : `${id} (${kind}) ended as ${status}` };
  } catch (error) {
    return { index, caller, id, failure: `${id} (${kind}): ${error instanceof Error ? error.message : String(error)}` };
  }
}

function websiteKeyOf(kind: Kind, index: number): string {
  if (kind === "reject" || kind === "fail") return kind;
  return kind === "cancel" ? "never" : `ready-${2_000 + ((index * 7) % 10) * 1_000}`;
}

/** Waits for the end of a task in the way of its kind. Returns its last status. */
async function follow(kind: Kind, caller: Caller, { id, status }: z.output<typeof taskSchema>): Promise<string> {
  const path = `/v1/tasks/${id}`;
  const read = async (headers = {}) =>
    taskSchema.parse(JSON.parse((await caller.send("GET", path, { headers })).body)).status;
  switch (kind) {
    case "wait":
      return status;
    case "cancel":
      await delay(2 * READ_EVERY_MS);
      await caller.send("POST", `${path}/cancel`);
      return read();
    case "claim": {
      const ended = await read({ prefer: "wait=60" });
      await caller.send("POST", `${path}/claim`);
      await caller.send("POST", `${path}/claim`, { expected: [410] });
      return ended;
    }
    default:
      for (let reads = 0; reads < MAX_READS; reads += 1) {
        await delay(READ_EVERY_MS);
        const now = await read();
        if (now !== "queued" && now !== "processing") return now;
      }
      return "unfinished";
  }
}
