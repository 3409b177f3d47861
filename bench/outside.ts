// The outside of a gateway that solves: a stand-alone upstream over HTTP and a receiver of webhooks, both in this process, and the
// two sides that are measured against it, the gateway with a live key and the floor that solves.

import type { RunningSandbox } from "../scripts/support/sandbox-server.ts";
import { startSandbox } from "../scripts/support/sandbox-server.ts";
import type { WebhookReceiver } from "../scripts/support/webhook-receiver.ts";
import { startReceiver } from "../scripts/support/webhook-receiver.ts";
import type { Bundle } from "./build.ts";
import { benchFile } from "./build.ts";
import { ending } from "./endings.ts";
import { Caller } from "./load.ts";
import type { RunningWorker, Variables } from "./runtime.ts";
import { startFloor, startGateway } from "./runtime.ts";
import { makeCaller } from "./stage.ts";

export interface Outside {
  readonly upstream: RunningSandbox;
  readonly receiver: WebhookReceiver;
  close(): Promise<void>;
}

export async function openOutside(): Promise<Outside> {
  const [upstream, receiver] = await Promise.all([startSandbox(0), startReceiver()]);
  const close = ending(async () => {
    await Promise.all([upstream.close(), receiver.close()]);
  });
  return { upstream, receiver, close };
}

/** A Worker that solves tasks. */
export interface SolvingSide {
  readonly worker: RunningWorker;
  /** Submits a task. `websiteKey` says what upstream does with it; `name` tells it from others, at upstream and at the receiver. */
  submit(websiteKey: string, name: string): Promise<void>;
  close(): Promise<void>;
}

/** A gateway with one tenant. Without `advice` its first poll comes at the cadence: nothing that it has learned moves it. */
export async function setSolvingGateway(
  bundle: Bundle,
  outside: Outside,
  pollIntervalMs: number,
  advice = false,
): Promise<SolvingSide> {
  const worker = await startGateway(bundle, {
    ...variablesOf(outside, pollIntervalMs),
    UPSTREAM_CLIENT_KEY: "operator-key-of-the-bench",
    ALLOW_PRIVATE_WEBHOOKS: "true",
    ADAPTIVE_FIRST_POLL: String(advice),
  });
  return sideOf(worker, await makeCaller(worker, "tenant-a", "live"), "/v1/tasks", outside);
}

export async function setSolvingFloor(outside: Outside, pollIntervalMs: number): Promise<SolvingSide> {
  const worker = await startFloor(benchFile("floor-solver.js"), variablesOf(outside, pollIntervalMs));
  return sideOf(worker, new Caller(worker.url), "/", outside);
}

function variablesOf({ upstream }: Outside, pollIntervalMs: number): Variables {
  return { UPSTREAM_URL: upstream.url, POLL_INTERVAL_MS: String(pollIntervalMs) };
}

function sideOf(worker: RunningWorker, caller: Caller, path: string, { receiver }: Outside): SolvingSide {
  return {
    worker,
    submit: async (websiteKey, name) => {
      const task = {
        type: "RecaptchaV3TaskProxyless",
        websiteURL: "https://antcpt.com/score_detector",
        websiteKey,
        pageAction: name,
        websiteTitle: "Score detector for reCAPTCHA v3",
      };
      const body = JSON.stringify({ task, webhookUrl: receiver.url, timeoutSeconds: 300 });
      await caller.send("POST", path, [202], body);
    },
    close: async () => {
      caller.close();
      await worker.stop();
    },
  };
}
