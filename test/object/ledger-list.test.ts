// The list of tasks in the tenant's object: filters, pages, and the number of rows that a page reads in a long ledger.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, vi } from "vitest";
import { OPERATOR } from "../../src/tenants/actor.ts";
import type { AdmissionRequest } from "../../src/tenants/ledger.ts";
import type { TaskFilter } from "../../src/tenants/ledger-queries.ts";
import type { TenantObject } from "../../src/tenants/object.ts";
import { fillLedger, rowsReadBy } from "../support/ledger.ts";
import type { TenantStub } from "../support/tenants.ts";
import { anOutcome, aRequest, createTenant } from "../support/tenants.ts";
import { pass, START, useFrozenTime } from "../support/time.ts";

useFrozenTime();

const FIRST_PAGE = { filter: {}, limit: 50, before: null };

/** The most rows that a page looks at, and as many again to find where to stop. */
const MAX_ROWS_READ = 10_500;

async function page(stub: TenantStub, filter: TaskFilter, limit = 50, before: number | null = null) {
  const found = await stub.listTasks(OPERATOR, "live", { filter, limit, before });
  if (found === null) throw new Error("there is no tenant");
  return found;
}

/** Every page of a list, and the most rows that one of them read. */
async function allPages(stub: TenantStub, filter: TaskFilter, limit: number) {
  const pages = [];
  let mostRows = 0;
  for (let before: number | null = null; ; ) {
    let next: Awaited<ReturnType<typeof page>> | undefined;
    const rows = await rowsReadBy(async () => {
      next = await page(stub, filter, limit, before);
    });
    if (next === undefined) throw new Error("no page");
    mostRows = Math.max(mostRows, rows);
    pages.push(next);
    if (next.next === null) return { pages, mostRows };
    if (before !== null) expect(next.next).toBeLessThan(before);
    before = next.next;
  }
}

describe("a page of a long ledger", () => {
  /** 15,000 tasks: every 5,000th a test task, every 6,000th canceled. */
  async function longLedger(): Promise<TenantStub> {
    const stub = await createTenant();
    await fillLedger(stub, {
      count: 15_000,
      from: START - 15_000_000,
      stepMs: 1_000,
      columns: {
        mode: "iif(n % 5000 = 0, 'test', 'live')",
        status: "iif(n % 6000 = 1, 'canceled', 'ready')",
        website: "iif(n = 7, 'rare.example', 'antcpt.com')",
        webhookState: "iif(n % 6000 = 1, 'exhausted', 'delivered')",
        reference: "iif(n % 5000 = 4, 'order-' || n, iif(n % 2 = 1, 'same', NULL))",
      },
    });
    await stub.describe();
    return stub;
  }

  const rare: [string, TaskFilter, number][] = [
    ["a rare status", { status: "canceled" }, 3],
    ["a webhook state that no task has", { webhookState: "pending" }, 0],
    ["a reference of half of the tasks and a rare status", { reference: "same", status: "canceled" }, 3],
  ];

  it.each(rare)("reads a bounded number of rows with a filter for %s, and misses no task", async (_what, filter, n) => {
    const { pages, mostRows } = await allPages(await longLedger(), filter, 50);
    expect(pages.flatMap(({ rows }) => rows)).toHaveLength(n);
    expect(pages.length).toBeGreaterThan(1);
    expect(mostRows).toBeLessThan(MAX_ROWS_READ);
  });

  it("reads a bounded number of rows in the rare mode", async () => {
    const stub = await longLedger();
    let found: unknown;
    const rows = await rowsReadBy(async () => (found = await stub.listTasks(OPERATOR, "test", FIRST_PAGE)));
    expect(rows).toBeLessThan(MAX_ROWS_READ);
    expect(found).toMatchObject({ rows: [{ status: "ready" }], next: expect.any(Number) });
  });

  it("reads few rows where most tasks match", async () => {
    const stub = await longLedger();
    expect(await rowsReadBy(() => page(stub, {}))).toBeLessThan(1_200);
  });

  it.each(["queued", "processing"] as const)("reads only young rows for the status %s", async (status) => {
    const stub = await longLedger();
    const young = aRequest(0);
    await stub.admit(young);
    let found: Awaited<ReturnType<typeof page>> | undefined;
    const rows = await rowsReadBy(async () => {
      found = await page(stub, { status });
    });
    expect(found).toMatchObject({ rows: [{ taskId: young.taskId }], next: null });
    expect(rows).toBeLessThan(2_000);
  });

  it("reads only the rows with the reference", async () => {
    const stub = await longLedger();
    let found: Awaited<ReturnType<typeof page>> | undefined;
    const rows = await rowsReadBy(async () => {
      found = await page(stub, { reference: "order-10004" });
    });
    expect(found).toMatchObject({ rows: [{ reference: "order-10004" }], next: null });
    expect(rows).toBeLessThan(10);
  });

  it("reads only the rows of a range of time", async () => {
    const stub = await longLedger();
    const createdAfter = START - 10_000_000;
    const filter = { createdAfter, createdBefore: createdAfter + 4_000, status: "canceled" } as const;
    expect(await rowsReadBy(() => page(stub, filter))).toBeLessThan(10);
  });

  it("returns every task once over all pages", async () => {
    const stub = await createTenant();
    await fillLedger(stub, { count: 1_250, from: START - 2_000_000, stepMs: 1_000 });
    const { pages } = await allPages(stub, {}, 100);
    const times = pages.flatMap(({ rows }) => rows.map(({ createdAt }) => createdAt));
    expect(times).toEqual(Array.from({ length: 1_250 }, (_, n) => START - 2_000_000 + (1_249 - n) * 1_000));
    expect(pages.slice(0, -1).every(({ rows }) => rows.length === 100)).toBe(true);
  });
});

describe("the filters of a list", () => {
  it("leave out both ends of a range of time", async () => {
    const stub = await createTenant();
    const requests = [0, 1, 2, 3].map((age) => aRequest(age));
    for (const request of requests) await stub.admit(request);
    const found = await page(stub, { createdAfter: START, createdBefore: START + 3 });
    expect(found.rows.map(({ createdAt }) => createdAt)).toEqual([START + 2, START + 1]);
    expect(found.next).toBeNull();
    expect(await page(stub, { createdAfter: START + 2, createdBefore: START + 2 })).toEqual({ rows: [], next: null });
  });

  it("find a task by the reference and key of its admission, or of its outcome if it was never admitted", async () => {
    const stub = await createTenant();
    const named = { reference: "order-1042", keyId: "key_1" };
    const admitted = { ...aRequest(0), ...named };
    await stub.admit(admitted);
    await stub.reportOutcome(anOutcome(admitted));
    pass(1);
    await stub.reportOutcome({ ...anOutcome(aRequest(1)), ...named, status: "canceled", solveMs: null });
    const { rows } = await page(stub, { reference: "order-1042" });
    expect(rows.map(({ status, reference, keyId }) => ({ status, reference, keyId }))).toEqual([
      { status: "canceled", ...named },
      { status: "ready", ...named },
    ]);
  });
});

it("an admission writes one row, and one index entry more only with a reference", async () => {
  const stub = await createTenant();
  const written = (request: AdmissionRequest) =>
    runInDurableObject<TenantObject, number>(stub, (object, { storage }) => {
      const exec = vi.spyOn(Object.getPrototypeOf(storage.sql), "exec");
      object.admit(request);
      const cursors = exec.mock.results.map(({ value }) => value as SqlStorageCursor<Record<string, SqlStorageValue>>);
      exec.mockRestore();
      return cursors.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0);
    });
  expect(await written(aRequest(0))).toBe(1);
  expect(await written({ ...aRequest(1), keyId: "key_1" })).toBe(1);
  expect(await written({ ...aRequest(2), reference: "order-1042" })).toBe(2);
});

it("a list of a tenant that does not exist is null", async () => {
  const stub = await createTenant();
  await stub.remove();
  expect(await stub.listTasks(OPERATOR, "live", FIRST_PAGE)).toBeNull();
});
