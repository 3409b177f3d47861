// Whether memory stays flat over a soak. workerd keeps something of every object that ever was, gateway or not: so a floor that
// forgets runs beside the gateway, with as many objects, and only what the gateway gains beyond it counts.

import { setTimeout as delay } from "node:timers/promises";
import { benchFile } from "./build.ts";
import { Caller, sendByClients } from "./load.ts";
import { anonymousKiB } from "./memory.ts";
import type { Figure } from "./report.ts";
import type { RunningWorker } from "./runtime.ts";
import { startFloor } from "./runtime.ts";
import { slopeOf } from "./stats.ts";

/** Until then (ms) everything is met for the first time: two retentions and a hibernation. Shorter runs give a third of theirs. */
const WARM_UP_MS = 130_000;

/** As large as a task's request. */
const BODY = JSON.stringify({ task: "x".repeat(400) });

/** The same of an object that is soon forgotten: thousands at once would hold more files open than a process may. */
const BRIEF_BODY = JSON.stringify({ task: "x".repeat(400), forgetAfterMs: 700 });

/** The memory of both sides at one moment (KiB), so long (ms) after the beginning. */
export interface MemoryLook {
  readonly at: number;
  readonly gatewayKiB: number;
  readonly floorKiB: number;
}

/** A floor that makes and forgets objects at an even pace until it is stopped. */
export interface ForgetfulFloor {
  readonly worker: RunningWorker;
  /** Makes so many objects, by so many clients, that are forgotten at once. */
  make(count: number, clients: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startForgetfulFloor(perSecond: number, forgetAfterMs: number): Promise<ForgetfulFloor> {
  const worker = await startFloor(benchFile("floor-forgetful.js"), { FORGET_AFTER_MS: String(forgetAfterMs) });
  const caller = new Caller(worker.url);
  let stopped = false;
  const work = async () => {
    const startedAt = performance.now();
    for (let sent = 0; !stopped; sent += 1) {
      const waitMs = startedAt + (sent * 1_000) / perSecond - performance.now();
      if (waitMs > 0) await delay(waitMs);
      await caller.send("POST", "/", [202], BODY);
    }
  };
  const working = work();
  working.catch(() => undefined);
  return {
    worker,
    make: async (count, clients) => {
      await sendByClients(clients, count, () => caller.send("POST", "/", [202], BRIEF_BODY));
    },
    stop: async () => {
      stopped = true;
      await working.finally(async () => {
        caller.close();
        await worker.stop();
      });
    },
  };
}

/** The memory of both; null where the system does not tell. */
export function lookAtMemory(gateway: RunningWorker, floor: RunningWorker, at: number): MemoryLook | null {
  if (gateway.pid === null || floor.pid === null) return null;
  return { at, gatewayKiB: anonymousKiB(gateway.pid), floorKiB: anonymousKiB(floor.pid) };
}

/**
 * Memory is flat where a line through the looks after the warm-up gains no more than a tenth of their mean beyond the floor's line.
 * Single looks say nothing: memory breathes with the garbage.
 */
export function memoryFigures(looks: readonly MemoryLook[]): Figure[] {
  const from = Math.min(WARM_UP_MS, (looks.at(-1)?.at ?? 0) / 3);
  const judged = looks.filter(({ at }) => at >= from);
  if (judged.length === 0) return [];
  const gateway = lineOf(judged.map(({ at, gatewayKiB }) => [at, gatewayKiB]));
  const floor = lineOf(judged.map(({ at, floorKiB }) => [at, floorKiB]));
  return [
    {
      name: "memory gained after the warm-up beyond the floor that forgets, to its mean",
      unit: "ratio",
      value: (gateway.gainedKiB - floor.gainedKiB) / gateway.meanKiB,
      spread: null,
      target: { side: "at most", bound: 0.1 },
      parts: {
        gatewayMeanKiB: gateway.meanKiB,
        gatewayGainedKiB: gateway.gainedKiB,
        floorMeanKiB: floor.meanKiB,
        floorGainedKiB: floor.gainedKiB,
      },
    },
  ];
}

function lineOf(points: readonly (readonly [number, number])[]): {
  readonly meanKiB: number;
  readonly gainedKiB: number;
} {
  const meanKiB = points.reduce((sum, [, kib]) => sum + kib, 0) / points.length;
  const spanMs = (points.at(-1)?.[0] ?? 0) - (points[0]?.[0] ?? 0);
  return { meanKiB, gainedKiB: slopeOf(points) * spanMs };
}
