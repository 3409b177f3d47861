// Checks of the gateway and its disk after every task has ended: the ledger, deleted solutions and logs.

import { stripVTControlCharacters } from "node:util";
import { z } from "zod";
import { objectIdOf, parseTaskId } from "../../src/tasks/task-id.ts";
import type { Check } from "./crash-checks.ts";
import type { CrashClient } from "./crash-client.ts";
import type { Case } from "./crash-evidence.ts";
import { filesContaining, recordContains } from "./stored-state.ts";

/** The beginnings of tokens and cookies of the sandbox, by which a solution is found in any text. */
const SOLUTION_MARKS = ["sandbox.this-token", "sandbox.this-cookie"];

/** Time limit (ms) for deleting a solution after its expiry. Its alarm may be late. */
const ERASED_WITHIN_MS = 2_000;

const pageSchema = z.object({
  tasks: z.array(z.object({ id: z.string(), status: z.string(), errorCode: z.string().nullable() })),
  nextCursor: z.string().nullable(),
});
const usageSchema = z.object({
  days: z.array(
    z.object({
      submitted: z.int(),
      ready: z.int(),
      failed: z.record(z.string(), z.int()),
      canceled: z.int(),
    }),
  ),
});

/** Checks that the tenant's ledger has each task once with its outcome, and that its usage has the same totals. */
export async function checkLedger(client: CrashClient, cases: readonly Case[]): Promise<Check> {
  const rows: z.output<typeof pageSchema>["tasks"] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const query = cursor === "" ? "limit=40" : `limit=40&cursor=${encodeURIComponent(cursor)}`;
    const page = pageSchema.parse(await client.sendOk("GET", `/v1/tasks?${query}`));
    rows.push(...page.tasks);
    cursor = page.nextCursor;
  }
  const violations = cases.flatMap(({ id, planned, task }) => {
    const own = rows.filter((row) => row.id === id);
    const [row] = own;
    if (row === undefined || own.length > 1) return [`${planned.name} is listed ${own.length} times`];
    const same = row.status === task.status && row.errorCode === (task.error?.code ?? null);
    return same ? [] : [`${planned.name} is listed as ${row.status}/${String(row.errorCode)}, and is ${task.status}`];
  });
  if (rows.length !== cases.length) violations.push(`${rows.length} tasks are listed, ${cases.length} were accepted`);

  const today = cases.map(({ task }) => task.createdAt.slice(0, 10)).sort();
  const { days } = usageSchema.parse(
    await client.sendOk("GET", `/v1/usage?from=${today[0]}&to=${new Date().toISOString().slice(0, 10)}`),
  );
  const counted = days.reduce(
    (sum, day) => {
      const failed = Object.values(day.failed).reduce((all, one) => all + one, 0);
      return [sum[0] + day.submitted, sum[1] + day.ready, sum[2] + failed, sum[3] + day.canceled] as const;
    },
    [0, 0, 0, 0] as readonly [number, number, number, number],
  );
  const ended = (status: string) => cases.filter(({ task }) => task.status === status).length;
  const wanted = [cases.length, ended("ready"), ended("failed"), ended("canceled")];
  if (counted.join() !== wanted.join())
    violations.push(`usage counts ${counted.join("/")} instead of ${wanted.join("/")}`);
  return { rule: "the ledger has each task once, with its outcome", checked: rows.length, violations };
}

/** Reads the tasks whose solution has expired without being claimed. */
export async function checkExpired(client: CrashClient, cases: readonly Case[]): Promise<Check> {
  const expired = cases.filter((one) => isOver(one, Date.now()));
  const violations: string[] = [];
  for (const { id, planned } of expired) {
    const { solution, solutionState } = await client.read(id);
    if (solution !== null || solutionState !== "expired") violations.push(`${planned.name} is ${solutionState}`);
  }
  return { rule: "the Task has no expired solution", checked: expired.length, violations };
}

/** When the solution of a task expires (ms since the epoch), or null if there is none that can expire. */
export function expiryOf({ task }: Case): number | null {
  const { solutionExpiresAt, solutionState } = task;
  return solutionExpiresAt === null || solutionState !== "available" ? null : Date.parse(solutionExpiresAt);
}

function isOver(one: Case, now: number): boolean {
  const expiry = expiryOf(one);
  return expiry !== null && expiry + ERASED_WITHIN_MS <= now;
}

/**
 * Checks that the stored records of a stopped gateway have no claimed or expired solution, and have all others. The latter shows that
 * the check reads the right place.
 */
export function checkErased(state: string, cases: readonly Case[], stoppedAt: number): Check {
  const violations: string[] = [];
  let checked = 0;
  for (const one of cases) {
    const expiry = expiryOf(one);
    // Within the time limit for deleting it, either is correct.
    if (expiry !== null && expiry <= stoppedAt && !isOver(one, stoppedAt)) continue;
    const wanted = expiry !== null && expiry > stoppedAt;
    const objectId = objectIdOf(parseTaskId(one.id) ?? "");
    const holds = SOLUTION_MARKS.some((mark) => recordContains(state, objectId, mark) === true);
    checked += 1;
    if (holds === wanted) continue;
    violations.push(
      `${one.planned.name} (${one.task.solutionState}) ${holds ? "holds" : "has lost"} its solution on disk`,
    );
  }
  return { rule: "no claimed or expired solution in a stored record", checked, violations };
}

/** Describes how many deleted solutions remain in the raw bytes of files. */
export function remainsText(state: string, cases: readonly Case[], stoppedAt: number): string {
  const erased = cases.filter((one) => one.task.solutionState === "claimed" || isOver(one, stoppedAt));
  const own = new Set(erased.map(({ id }) => objectIdOf(parseTaskId(id) ?? "")));
  const files = new Set(SOLUTION_MARKS.flatMap((mark) => filesContaining(state, mark)));
  const ofTasks = [...own].filter((id) => [...files].some((file) => file.includes(id)));
  const elsewhere = [...files].filter((file) => !file.includes("TaskObject"));
  return (
    `of ${own.size} deleted solutions, ${ofTasks.length} have bytes left in free pages or the log of their object's file; ` +
    `other files with bytes of solutions: ${elsewhere.length}`
  );
}

/** Checks that no gateway has logged an error and no response was a 5xx. */
export function checkLogs(outputs: readonly string[], serverErrors: readonly string[]): Check {
  const lines = outputs.flatMap((output) => stripVTControlCharacters(output).split("\n"));
  const errors = lines.filter((line) => /"level":"error"|\[ERROR\]|uncaught/i.test(line));
  return {
    rule: "no error in the log, and no 5xx response",
    checked: lines.length,
    violations: [...errors, ...serverErrors],
  };
}

/** The warnings of all gateways, counted by event. */
export function warningsIn(outputs: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const [, event = ""] of outputs.join("\n").matchAll(/"level":"warn","event":"(\w+)"/g)) {
    counts.set(event, (counts.get(event) ?? 0) + 1);
  }
  return [...counts].map(([event, count]) => `${event} ${count}`).join(", ") || "none";
}
