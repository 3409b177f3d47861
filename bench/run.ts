// `npm run bench`: measures the deployed Worker on workerd and compares it with a baseline. Prints each figure with its target, and writes
// bench/results.json. A missed target does not fail the run, because a busy machine misses targets too.
//
// --quick   few tasks, in less than a minute
// --soak    20 minutes of mixed traffic instead, or --soak=<minutes>. Fails when a task or a target fails.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { PROJECT } from "../scripts/support/project.ts";
import { measureAccepts } from "./accepts.ts";
import { buildWorker, measureSize, measureStartup } from "./build.ts";
import { cleanUp, cleanUpOnSignals, temporaryFolder } from "./cleanup.ts";
import { measureFirstPoll } from "./first-poll.ts";
import { measureInflight } from "./inflight.ts";
import { measureLag } from "./lag.ts";
import { measureLedger } from "./ledger.ts";
import { measurePush } from "./push.ts";
import type { Figure } from "./report.ts";
import { tableOf, verdict, writeResults } from "./report.ts";
import { measureRows } from "./rows.ts";
import { hasTmpfs } from "./runtime.ts";
import { soak } from "./soak.ts";

/** The full run takes less than six minutes, the quick one less than one. */
const PLANS = {
  full: {
    accepts: { rounds: { disk: 3, tmpfs: hasTmpfs() ? 2 : 0 }, steady: 80, loadedMs: 4_000, diagnose: true },
    inflight: { rounds: 2, watchMs: 6_000, diagnose: true },
    lagTasks: 90,
    push: { longPolls: 100, streamed: 100 },
    ledgerRows: 1_000_000,
    startups: 3,
    firstPoll: { tasks: 3_000, seeds: 2 },
  },
  quick: {
    accepts: { rounds: { disk: 1, tmpfs: 0 }, steady: 20, loadedMs: 1_000, diagnose: false },
    inflight: { rounds: 1, watchMs: 2_000, diagnose: false },
    lagTasks: 20,
    push: { longPolls: 10, streamed: 20 },
    ledgerRows: 50_000,
    startups: 1,
    firstPoll: { tasks: 1_000, seeds: 2 },
  },
} as const;

const SOAK_MINUTES = 20;

const print = (line: string) => console.log(line);

cleanUpOnSignals();
try {
  // parseArgs alone does not accept an option with an optional value.
  const args = process.argv.slice(2).map((flag) => (flag === "--soak" ? `--soak=${SOAK_MINUTES}` : flag));
  const { values } = parseArgs({ args, options: { quick: { type: "boolean" }, soak: { type: "string" } } });
  if (values.soak === undefined) await bench(values.quick === true ? "quick" : "full");
  else await runSoak(z.coerce.number().min(1).max(1_440).parse(values.soak));
} finally {
  await cleanUp();
}

async function bench(kind: keyof typeof PLANS): Promise<void> {
  const plan = PLANS[kind];
  const startedAt = Date.now();
  const figures: Figure[] = [];
  const measure = async (name: string, measured: Promise<Figure | Figure[]>) => {
    figures.push(...[await measured].flat());
    print(`${Math.round((Date.now() - startedAt) / 1_000)} s: ${name}`);
  };
  const bundle = await buildWorker(temporaryFolder());
  await measure("accepting", measureAccepts(bundle, plan.accepts, print));
  const inflight = measure("tasks in flight", measureInflight(bundle, plan.inflight));
  if (kind === "full") await inflight;
  // The next two measurements need little CPU.
  const rows = measure("rows", measureRows(bundle));
  const lag = measure("result lag", measureLag(bundle, plan.lagTasks));
  // From here on the quick run measures everything at the same time. It shows only that everything can be measured.
  if (kind === "full") await Promise.all([rows, lag]);
  const push = measure("long polls and stream", measurePush(bundle, plan.push));
  if (kind === "full") await push;
  const ledger = measure("ledger", measureLedger(bundle, plan.ledgerRows));
  await Promise.all([inflight, rows, lag, push, ledger]);
  await measure("start-up", measureStartup(bundle, plan.startups));
  figures.push(...measureFirstPoll(plan.firstPoll), measureSize(bundle));
  const seconds = Math.round((Date.now() - startedAt) / 1_000);
  print(`\n${tableOf(figures)}\n\n${seconds} s; details are in bench/results.json`);
  const head = { date: new Date(startedAt).toISOString(), kind, seconds };
  writeResults(join(PROJECT, "bench", "results.json"), head, figures);
}

async function runSoak(minutes: number): Promise<void> {
  const { figures, failures } = await soak(await buildWorker(temporaryFolder()), minutes, print);
  for (const failure of failures) print(failure);
  print(`\n${tableOf(figures)}`);
  if (failures.length > 0 || figures.some((figure) => verdict(figure) === "MISS")) process.exitCode = 1;
}
