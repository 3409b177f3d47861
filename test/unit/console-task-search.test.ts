// What the search field of the task list recognizes, and how a page of the list is read.

import { describe, expect, it } from "vitest";
import type { TaskList, TaskPageOptions, TaskSummary } from "../../src/client/index.ts";
import { NO_FILTER } from "../../src/console/route.ts";
import { apiFilterOf, loadPage, PAGE_SIZE } from "../../src/console/tasks/task-pages.ts";
import { parseTaskSearch } from "../../src/console/tasks/task-search.ts";

const ID = `tsk_${"0a".repeat(32)}`;

describe("a task id", () => {
  it.each([
    ["as it is", ID],
    ["with blanks around it", ` ${ID}\n`],
    ["broken into two lines", `${ID.slice(0, 30)}\n${ID.slice(30)}`],
    ["in capitals", ID.toUpperCase()],
    ["with the quotes and the comma of JSON", `"${ID}",`],
  ])("is recognized %s", (_how, text) => {
    expect(parseTaskSearch(text)).toEqual({ tag: "id", id: ID });
  });

  it("may have a suffix, because ids are opaque", () => {
    expect(parseTaskSearch(`${ID}_2`)).toEqual({ tag: "id", id: `${ID}_2` });
  });

  it.each(["tsk_", `tsk_${"a".repeat(93)}`, "tsk_a!"])("is rejected when it cannot be one: %s", (text) => {
    expect(parseTaskSearch(text)).toMatchObject({ tag: "invalid" });
  });
});

it("any other text is a reference", () => {
  expect(parseTaskSearch(" order 1042 ")).toEqual({ tag: "reference", reference: "order 1042" });
  expect(parseTaskSearch("x".repeat(65))).toMatchObject({ tag: "invalid" });
});

it("an empty field clears the search", () => {
  expect(parseTaskSearch("  ")).toEqual({ tag: "empty" });
});

describe("a page of the list", () => {
  const row = (n: number): TaskSummary => ({
    id: `tsk_${n}`,
    status: "ready",
    reference: null,
    keyId: null,
    website: "shop.example",
    createdAt: "2026-11-23T09:30:00.000Z",
    finishedAt: null,
    solveMs: null,
    errorCode: null,
    webhookState: null,
  });
  const rows = (from: number, n: number) => Array.from({ length: n }, (_, index) => row(from + index));

  /** An API whose pages are these, and the filters that it was asked with. */
  function listOf(pages: readonly (readonly TaskSummary[])[], endless = false) {
    const asked: Pick<TaskPageOptions, "limit" | "cursor">[] = [];
    const list = async ({ limit, cursor }: TaskPageOptions): Promise<TaskList> => {
      const index = asked.push({ limit, cursor }) - 1;
      const last = index >= pages.length - 1 && !endless;
      return { tasks: [...(pages[index] ?? [])], nextCursor: last ? null : `c${index + 1}` };
    };
    return { list, asked };
  }

  it("is read until it is full, because a page of the API may be short or empty", async () => {
    const { list, asked } = listOf([rows(0, 20), [], rows(20, 30), rows(50, 50)]);
    const page = await loadPage(list, null, new AbortController().signal);
    expect(page).toEqual({ tasks: rows(0, 50), nextCursor: "c3", requests: 3 });
    expect(asked).toEqual([
      { limit: PAGE_SIZE, cursor: undefined },
      { limit: 30, cursor: "c1" },
      { limit: 30, cursor: "c2" },
    ]);
  });

  it("ends with the list", async () => {
    const { list } = listOf([rows(0, 3), []]);
    expect(await loadPage(list, null, new AbortController().signal)).toMatchObject({
      tasks: rows(0, 3),
      nextCursor: null,
    });
  });

  it("is given up after ten requests, and can be continued", async () => {
    const { list, asked } = listOf([], true);
    const page = await loadPage(list, "c0", new AbortController().signal);
    expect(page).toEqual({ tasks: [], nextCursor: "c10", requests: 10 });
    expect(asked).toHaveLength(10);
  });

  it("fails when one of its requests fails", async () => {
    const list = () => Promise.reject(new Error("the second page"));
    await expect(loadPage(list, null, new AbortController().signal)).rejects.toThrow("the second page");
  });
});

it("days are the reader's own, and the last one is included", () => {
  const { createdAfter, createdBefore } = apiFilterOf({ ...NO_FILTER, from: "2026-11-23", to: "2026-11-23" });
  expect(Date.parse(createdBefore ?? "") - Date.parse(createdAfter ?? "")).toBe(86_400_000);
  expect(new Date(createdAfter ?? "").getHours()).toBe(0);
});
