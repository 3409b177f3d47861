// Lists that arrive in pages.

import { SolvegateError } from "./error.ts";

interface Page {
  readonly nextCursor: string | null;
}

/**
 * The pages of a list, each requested when the one before it is used up. A page can be short or empty and still not be the last:
 * the list ends where `nextCursor` is null.
 * @throws SolvegateError `unexpected_answer` when a cursor comes back a second time: the list would never end
 */
export async function* eachPage<P extends Page>(
  load: (cursor: string | undefined) => Promise<P>,
): AsyncGenerator<P, void, undefined> {
  const seen = new Set<string>();
  for (let cursor: string | undefined; ; ) {
    const page = await load(cursor);
    yield page;
    if (page.nextCursor === null) return;
    cursor = page.nextCursor;
    if (seen.has(cursor)) {
      const detail = "The pages of the list form a loop: a cursor came back a second time";
      throw new SolvegateError("unexpected_answer", detail);
    }
    seen.add(cursor);
  }
}
