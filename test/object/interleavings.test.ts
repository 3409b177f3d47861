// Random interleavings: in any order of events, all callers see one consistent task, and each effect happens once.

import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import type { Act, Call, Reply } from "../support/interleaving.ts";
import { World } from "../support/interleaving.ts";
import { createTenant, ledgerOf, tenantObject } from "../support/tenants.ts";
import { freezeTime, START, useFrozenTime } from "../support/time.ts";
import { created, errorAnswer, lost, plain, processing, ready } from "../support/upstream.ts";

useFrozenTime(createTenant);

const SEED = 20_261_123;
const TEST_TIMEOUT = { timeout: 90_000 };

const reply = (name: string, answer: Reply["answer"], takes = false): Reply => ({ name, answer, takes });

/** Answers to each call. The first of each is a success. */
const REPLIES = {
  createTask: [
    reply("created", created(), true),
    reply("ready", ready, true),
    reply("lost", lost, true),
    reply("malformed", plain(200, "<html>"), true),
    reply("503", plain(503)),
    reply("429", plain(429, "slow", { "retry-after": "4" })),
    reply("unsolvable", errorAnswer("ERROR_CAPTCHA_UNSOLVABLE")),
  ],
  getTaskResult: [
    reply("ready", ready),
    reply("processing", processing),
    reply("lost", lost),
    reply("503", plain(503)),
    reply("too fast", errorAnswer("ERROR_TOO_MUCH_REQUESTS")),
    reply("unsolvable", errorAnswer("ERROR_CAPTCHA_UNSOLVABLE")),
  ],
  webhook: [reply("204", plain(204, null)), reply("500", plain(500)), reply("410", plain(410)), reply("lost", lost)],
} as const satisfies Record<Call, readonly Reply[]>;

const WELL = {
  createTask: REPLIES.createTask[0],
  getTaskResult: REPLIES.getTaskResult[0],
  webhook: REPLIES.webhook[0],
} as const;

type Step =
  | { readonly do: "act"; readonly acts: readonly Act[] }
  | { readonly do: "wait" | "ring" | "evict" }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "release"; readonly createTask: number; readonly getTaskResult: number; readonly webhook: number };

/** Mostly the first of `count` replies while the task is unfinished, so that scripts cover many steps. */
const choice = (count: number, first: number) =>
  fc.oneof({ arbitrary: fc.constant(first), weight: 2 }, fc.nat({ max: count - 1 }));

const acts = fc.constantFrom<Act>("view", "claim", "cancel", "redeliver", "wake");
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant("ring" as const) }), weight: 6 },
  {
    arbitrary: fc.record({
      do: fc.constant("release" as const),
      createTask: choice(REPLIES.createTask.length, 0),
      getTaskResult: choice(REPLIES.getTaskResult.length, 1),
      webhook: choice(REPLIES.webhook.length, 1),
    }),
    weight: 6,
  },
  { arbitrary: fc.record({ do: fc.constantFrom("wait" as const, "evict" as const) }), weight: 2 },
  {
    arbitrary: fc.record({
      do: fc.constant("pass" as const),
      ms: fc.oneof(fc.nat({ max: 4_000 }), fc.constantFrom(1, 250, 3_000, 20_000, 130_000)),
    }),
    weight: 2,
  },
  // A cancellation ends the task, so it is rare.
  {
    arbitrary: fc.record({
      do: fc.constant("act" as const),
      acts: fc.constantFrom<Act[][]>(["view"], ["claim"], ["wake"], ["redeliver"]),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({ do: fc.constant("act" as const), acts: fc.array(acts, { minLength: 1, maxLength: 5 }) }),
    weight: 1,
  },
);

async function take(world: World, one: Step): Promise<void> {
  switch (one.do) {
    case "act":
      return world.act(one.acts);
    case "wait":
      return world.wait();
    case "ring":
      return world.ring();
    case "evict":
      return world.evict();
    case "pass":
      return world.pass(one.ms);
    case "release":
      return world.release({
        createTask: REPLIES.createTask[one.createTask] ?? WELL.createTask,
        getTaskResult: REPLIES.getTaskResult[one.getTaskResult] ?? WELL.getTaskResult,
        webhook: REPLIES.webhook[one.webhook] ?? WELL.webhook,
      });
  }
}

/** The ledger has the task once, with the final status that callers saw. */
async function expectOneRow(world: World): Promise<void> {
  const rows = await ledgerOf(tenantObject());
  const own = rows.filter(({ task_id, finished_at }) => task_id === world.id && finished_at !== null);
  expect(own.map(({ status }) => status)).toEqual([world.status]);
}

describe("a task in any order of events", TEST_TIMEOUT, () => {
  it("keeps its final status, is claimed once, keeps the limits of the upstream, and ends every long poll", async () => {
    const ends = new Set<string | null>();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
        runs += 1;
        freezeTime(START + runs * 3_600_000);
        const world = await World.begin();
        for (const one of steps) {
          await take(world, one);
          await world.check();
        }
        await world.end(WELL);
        await expectOneRow(world);
        ends.add(world.status);
        vi.restoreAllMocks();
      }),
      { seed: SEED, numRuns: 60, endOnFailure: true },
    );
    // The scripts reach every final status.
    expect(ends).toEqual(new Set(["canceled", "failed", "ready"]));
  });
});
