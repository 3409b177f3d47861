// The callers of the soak: each life submits one task of its kind and follows it to what must come of it. Whatever else comes is a
// fault, told in words; a life never throws. Webhooks are accounted for by the soak, which sees the receiver.

import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import type { Caller } from "./load.ts";

/** How often (ms) a caller that polls reads its task. */
const READ_EVERY_MS = 2_000;

/** How long (s) a task may take: far longer than any of these does. */
const TIMEOUT_S = 60;

/** Kinds of lives and how many of a hundred are of each. */
const MIX = {
  webhook: 35,
  waited: 15,
  polled: 15,
  rejected: 10,
  unsolvable: 5,
  canceled: 10,
  claimed: 10,
} as const;
type LifeKind = keyof typeof MIX;

/** One task that a caller had accepted. */
export interface Life {
  readonly kind: LifeKind;
  readonly id: string;
  readonly caller: Caller;
  /** What went otherwise than it must; null where nothing did. */
  readonly fault: string | null;
}

const taskSchema = z.object({ id: z.string(), status: z.string() });

/** The kind of the n-th life: the mix in an order that repeats. */
function kindOf(index: number): LifeKind {
  const slot = (index * 37) % 100;
  let upTo = 0;
  for (const [kind, share] of Object.entries(MIX)) {
    upTo += share;
    if (slot < upTo) return kind as LifeKind;
  }
  throw new Error("the mix is less than a hundred");
}

/** Upstream solves the n-th task after 2 to 11 s. */
const solveMs = (index: number): number => 2_000 + ((index * 7) % 10) * 1_000;

const WEBSITE_KEYS: Readonly<Record<LifeKind, (index: number) => string>> = {
  webhook: (index) => `sandbox-delay-${solveMs(index)}`,
  waited: (index) => `sandbox-delay-${solveMs(index)}`,
  polled: (index) => `sandbox-delay-${solveMs(index)}`,
  claimed: (index) => `sandbox-delay-${solveMs(index)}`,
  rejected: () => "sandbox-reject-ERROR_RECAPTCHA_INVALID_SITEKEY",
  unsolvable: () => "sandbox-fail-ERROR_CAPTCHA_UNSOLVABLE",
  canceled: () => "sandbox-never",
};

/** Lives the n-th life. Null where its task was not accepted at all, which `tell` is told. */
export async function live(
  caller: Caller,
  index: number,
  webhookUrl: string,
  tell: (fault: string) => void,
): Promise<Life | null> {
  const kind = kindOf(index);
  let id: string | null = null;
  try {
    const task = {
      type: "RecaptchaV3TaskProxyless",
      websiteURL: "https://antcpt.com/score_detector",
      websiteKey: WEBSITE_KEYS[kind](index),
      pageAction: `life-${index}`,
    };
    const webhook = kind === "webhook" ? { webhookUrl } : {};
    const body = JSON.stringify({ task, ...webhook, timeoutSeconds: TIMEOUT_S });
    const prefer = kind === "waited" ? { prefer: "wait=60" } : {};
    const accepted = taskSchema.parse(
      JSON.parse((await caller.send("POST", "/v1/tasks", [200, 202], body, prefer)).body),
    );
    id = accepted.id;
    const ended = await follow(kind, caller, accepted);
    const wanted = kind === "rejected" || kind === "unsolvable" ? "failed" : kind === "canceled" ? "canceled" : "ready";
    return { kind, id, caller, fault: ended === wanted ? null : `a ${kind} task ended as ${ended}` };
  } catch (error) {
    const fault = `a ${kind} life: ${error instanceof Error ? error.message : String(error)}`;
    if (id !== null) return { kind, id, caller, fault };
    tell(fault);
    return null;
  }
}

/** Sees a task to its end, as its kind does; the status that it ended with. */
async function follow(kind: LifeKind, caller: Caller, { id, status }: z.output<typeof taskSchema>): Promise<string> {
  const path = `/v1/tasks/${id}`;
  const read = async (headers = {}) => {
    const { body } = await caller.send("GET", path, [200], "", headers);
    return taskSchema.parse(JSON.parse(body)).status;
  };
  switch (kind) {
    case "waited":
      return status;
    case "canceled":
      await delay(2 * READ_EVERY_MS);
      await caller.send("POST", `${path}/cancel`, [200]);
      return read();
    case "claimed": {
      const ended = await read({ prefer: "wait=60" });
      await caller.send("POST", `${path}/claim`, [200]);
      await caller.send("POST", `${path}/claim`, [410]);
      return ended;
    }
    default:
      for (let waitedMs = 0; waitedMs < TIMEOUT_S * 1_000; waitedMs += READ_EVERY_MS) {
        await delay(READ_EVERY_MS);
        const now = await read();
        if (now !== "queued" && now !== "processing") return now;
      }
      return "unfinished";
  }
}
