// Which configured upstream accounts a task may use, and which one has it.

import { describe, expect, it } from "vitest";
import { accountOf, accountsFor } from "../../src/upstream/accounts.ts";

const account = (name: string) => ({ name, url: `https://${name}.example`, clientKey: `key-of-${name}` });
const [MAIN, SPARE, SINGLE] = [account("main"), account("spare"), account("default")];
const BOTH = { upstreamAccounts: [MAIN, SPARE] };

describe("the accounts that a task may be sent to", () => {
  it.each([null, undefined])("are all accounts in order if the tenant has none of its own: %s", (pinned) => {
    expect(accountsFor(BOTH, pinned)).toEqual([MAIN, SPARE]);
  });

  it("are the tenant's own account only, and none if it is not configured", () => {
    expect(accountsFor(BOTH, "spare")).toEqual([SPARE]);
    expect(accountsFor(BOTH, "gone")).toEqual([]);
    expect(accountsFor({ upstreamAccounts: [] }, null)).toEqual([]);
  });
});

describe("the account that has a task", () => {
  it("is the one of that name, and no other when it is gone", () => {
    expect(accountOf(BOTH, "spare")).toBe(SPARE);
    expect(accountOf(BOTH, "gone")).toBeNull();
  });

  it("is the single account, or else the first, for a task of a version without account names", () => {
    expect(accountOf({ upstreamAccounts: [MAIN, SINGLE] }, undefined)).toBe(SINGLE);
    expect(accountOf(BOTH, undefined)).toBe(MAIN);
    expect(accountOf({ upstreamAccounts: [] }, undefined)).toBeNull();
  });
});
