// A month of made-up tasks in a tenant's ledger, for pictures of the overview. It writes into the files of a gateway that has been
// stopped, and refuses a folder in which there is more than one tenant: it is for a gateway that was made for the picture.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sequenceAt } from "../../src/tenants/sequence.ts";

const DAY_MS = 86_400_000;
const DAYS = 30;

/** How the tasks of the month came out, up to which share of all, and what the ledger says of them. */
const OUTCOMES = [
  { upTo: 0.93, status: "ready", code: null },
  { upTo: 0.955, status: "failed", code: "unsolvable" },
  { upTo: 0.975, status: "failed", code: "timeout" },
  { upTo: 0.987, status: "failed", code: "upstream_rejected" },
  { upTo: 0.995, status: "failed", code: "upstream_unavailable" },
  { upTo: 1, status: "canceled", code: null },
] as const;

/** Numbers from 0 to 1 that look random and are the same in every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Enters the month before `now` (ms since the epoch) into the one tenant's ledger under `state`. */
export function enterMonth(state: string, now: number): void {
  const random = numbers(7);
  const database = new DatabaseSync(ledgerFile(state));
  const insert = database.prepare(
    `INSERT INTO tasks (sequence, task_id, mode, website, status, admitted, created_at, deadline_at, finished_at, solve_ms, error_code)
     VALUES (?, ?, 'test', 'antcpt.com', ?, 1, ?, ?, ?, ?, ?)`,
  );
  database.exec("BEGIN");
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  for (let day = DAYS - 1; day >= 0; day -= 1) {
    const start = today - day * DAY_MS;
    const weekend = [0, 6].includes(new Date(start).getUTCDay());
    const tasks = Math.round((weekend ? 60 : 150) * (0.8 + 0.4 * random()) * (1 + (DAYS - day) / DAYS));
    for (let count = 0; count < tasks; count += 1) {
      const createdAt = start + Math.floor(((count + random()) / tasks) * DAY_MS);
      if (createdAt > now - 300_000) break;
      const drawn = random();
      const outcome = OUTCOMES.find(({ upTo }) => drawn < upTo) ?? OUTCOMES[0];
      const solveMs = Math.round(4_000 + 5_000 * random() + (random() < 0.08 ? 22_000 * random() : 0));
      const id = [...Array(8)]
        .map(() =>
          Math.floor(random() * 2 ** 32)
            .toString(16)
            .padStart(8, "0"),
        )
        .join("");
      const solved = outcome.status === "ready" ? solveMs : null;
      const deadlineAt = createdAt + 120_000;
      insert.run(
        sequenceAt(createdAt),
        id,
        outcome.status,
        createdAt,
        deadlineAt,
        createdAt + solveMs,
        solved,
        outcome.code,
      );
    }
  }
  database.exec("COMMIT");
  database.close();
}

function ledgerFile(state: string): string {
  const objects = join(state, "v3", "do");
  const folder = readdirSync(objects).find((name) => name.endsWith("TenantObject"));
  const files = readdirSync(join(objects, folder ?? "")).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  const [file] = files;
  if (folder === undefined || file === undefined || files.length > 1) throw new Error("not exactly one tenant");
  return join(objects, folder, file);
}
