// Fills the ledgers of a stopped gateway with a month of generated tasks, for pictures of the overview and of the operator's usage view.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sequenceAt } from "../../src/tenants/sequence.ts";

const DAY_MS = 86_400_000;
const DAYS = 30;

/** The outcomes of the tasks, with cumulative shares. */
const OUTCOMES = [
  { upTo: 0.93, status: "ready", code: null },
  { upTo: 0.955, status: "failed", code: "unsolvable" },
  { upTo: 0.975, status: "failed", code: "timeout" },
  { upTo: 0.987, status: "failed", code: "upstream_rejected" },
  { upTo: 0.995, status: "failed", code: "upstream_unavailable" },
  { upTo: 1, status: "canceled", code: null },
] as const;

/** Pseudo-random numbers from 0 to 1, the same in every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The number of tasks in each ledger, relative to the first one. */
const SHARES = [1, 0.45, 0.25, 0.1] as const;

/** Adds the month before `now` (ms since the epoch) to the ledger of each tenant under `state`. */
export function fillMonth(state: string, now: number): void {
  const random = numbers(7);
  for (const [index, file] of ledgerFiles(state).entries()) {
    const database = new DatabaseSync(file);
    database.exec("BEGIN");
    fill(database, now, SHARES[index] ?? 0.05, random);
    database.exec("COMMIT");
    database.close();
  }
}

function fill(database: DatabaseSync, now: number, share: number, random: () => number): void {
  const insert = database.prepare(
    `INSERT INTO tasks (sequence, task_id, mode, website, status, admitted, created_at, deadline_at, finished_at, solve_ms, error_code)
     VALUES (?, ?, 'test', 'antcpt.com', ?, 1, ?, ?, ?, ?, ?)`,
  );
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  for (let day = DAYS - 1; day >= 0; day -= 1) {
    const start = today - day * DAY_MS;
    const weekend = [0, 6].includes(new Date(start).getUTCDay());
    const tasks = Math.round(share * (weekend ? 60 : 150) * (0.8 + 0.4 * random()) * (1 + (DAYS - day) / DAYS));
    for (let count = 0; count < tasks; count += 1) {
      const createdAt = start + Math.floor(((count + random()) / tasks) * DAY_MS);
      if (createdAt > now - 300_000) break;
      const drawn = random();
      const outcome = OUTCOMES.find(({ upTo }) => drawn < upTo) ?? OUTCOMES[0];
      const solveMs = Math.round(4_000 + 5_000 * random() + (random() < 0.08 ? 22_000 * random() : 0));
      const finishedAt = createdAt + solveMs;
      insert.run(
        sequenceAt(createdAt),
        randomHex(random),
        outcome.status,
        createdAt,
        createdAt + 120_000,
        finishedAt,
        outcome.status === "ready" ? solveMs : null,
        outcome.code,
      );
    }
  }
}

/** 64 hex digits. */
function randomHex(random: () => number): string {
  const word = () => Math.floor(random() * 2 ** 32).toString(16);
  return Array.from({ length: 8 }, () => word().padStart(8, "0")).join("");
}

/** The ledgers of all tenants, by the names of their files. */
function ledgerFiles(state: string): string[] {
  const objects = join(state, "v3", "do");
  const folder = readdirSync(objects).find((name) => name.endsWith("TenantObject"));
  if (folder === undefined) throw new Error("no tenant");
  return readdirSync(join(objects, folder))
    .filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))
    .map((name) => join(objects, folder, name));
}
