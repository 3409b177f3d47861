// The fields of a tenant's settings, for creating and for changing one.

import type { FieldError, NewTenant, UpstreamAccount } from "../../client/index.ts";
import { SelectField, TextField, wholeNumberOf } from "../ui/form.tsx";

/** Where a tenant's state can be stored. */
export type Location = NonNullable<NewTenant["location"]>;

export const LOCATIONS: Readonly<Record<Location, string>> = {
  wnam: "Western North America",
  enam: "Eastern North America",
  sam: "South America",
  weur: "Western Europe",
  eeur: "Eastern Europe",
  apac: "Asia-Pacific",
  oc: "Oceania",
  afr: "Africa",
  me: "Middle East",
};

/** Settings as they are typed. */
export interface TenantDraft {
  readonly name: string;
  /** One host on each line. */
  readonly hosts: string;
  readonly maxInFlight: string;
  /** Empty for no quota. */
  readonly monthlyTasks: string;
  /** Empty for the order of preference. */
  readonly upstreamAccount: string;
}

export const hostsOf = (text: string): string[] => text.split(/[\s,]+/).filter((host) => host !== "");

/** The limits that were typed, or the fields that are not numbers. The gateway checks their ranges. */
export function limitsOf(draft: TenantDraft): Limits | readonly FieldError[] {
  const maxInFlight = wholeNumberOf(draft.maxInFlight);
  const monthlyTasks = draft.monthlyTasks.trim() === "" ? "none" : wholeNumberOf(draft.monthlyTasks);
  if (maxInFlight === null) return [{ path: "limits.maxInFlight", message: "must be a whole number" }];
  if (monthlyTasks === null) return [{ path: "limits.monthlyTasks", message: "must be a whole number, or empty" }];
  return { maxInFlight, monthlyTasks: monthlyTasks === "none" ? null : monthlyTasks };
}

export interface Limits {
  readonly maxInFlight: number;
  /** Null for no quota. */
  readonly monthlyTasks: number | null;
}

interface TenantFieldsProps {
  readonly draft: TenantDraft;
  readonly errors: readonly FieldError[];
  /** Accounts that the tenant can be bound to; none where they are not known. */
  readonly accounts: readonly UpstreamAccount[];
  onDraft(draft: TenantDraft): void;
}

export function TenantFields({ draft, errors, accounts, onDraft }: TenantFieldsProps) {
  const bind = (name: keyof TenantDraft) => ({
    errors,
    value: draft[name],
    onValue: (value: string) => onDraft({ ...draft, [name]: value }),
  });
  const { upstreamAccount } = draft;
  const options = [
    { value: "", name: "The first that works" },
    ...accounts.map(({ name }) => ({ value: name, name })),
    ...(upstreamAccount === "" || accounts.some(({ name }) => name === upstreamAccount)
      ? []
      : [{ value: upstreamAccount, name: `${upstreamAccount} (not configured)` }]),
  ];
  return (
    <>
      <TextField label="Name" path="name" maxLength={100} {...bind("name")} />
      <TextField
        label="Allowed websites"
        path="allowedHosts"
        hint="One host on each line: shop.example, *.shop.example for every host below it, or * for all. Empty rejects every task."
        code
        rows={5}
        {...bind("hosts")}
      />
      <div class="pair">
        <TextField
          label="Tasks in flight"
          path="limits.maxInFlight"
          hint="The limit of each mode."
          numeric
          {...bind("maxInFlight")}
        />
        <TextField
          label="Live tasks a month"
          path="limits.monthlyTasks"
          hint="Empty for no quota."
          numeric
          {...bind("monthlyTasks")}
        />
      </div>
      {accounts.length < 2 && upstreamAccount === "" ? null : (
        <SelectField
          label="Upstream account"
          path="upstreamAccount"
          hint="A tenant bound to an account uses no other."
          options={options}
          {...bind("upstreamAccount")}
        />
      )}
    </>
  );
}
