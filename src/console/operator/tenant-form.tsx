// The fields of a tenant's settings, for creating and for changing one.

import type { FieldError, UpstreamAccount } from "../api/wire.ts";
import { Field } from "../ui/controls.tsx";
import { wholeNumberOf } from "../ui/whole-number.ts";

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
  const set = (changes: Partial<TenantDraft>) => onDraft({ ...draft, ...changes });
  return (
    <>
      <Field label="Name" path="name" errors={errors}>
        {(props) => (
          <input
            {...props}
            value={draft.name}
            maxLength={100}
            autocomplete="off"
            onInput={(event) => set({ name: event.currentTarget.value })}
          />
        )}
      </Field>
      <Field
        label="Allowed websites"
        path="allowedHosts"
        errors={errors}
        hint="One host on each line: shop.example, *.shop.example for every host below it, or * for all. Empty rejects every task."
      >
        {(props) => (
          <textarea
            {...props}
            class="mono"
            rows={5}
            value={draft.hosts}
            spellcheck={false}
            autocapitalize="none"
            onInput={(event) => set({ hosts: event.currentTarget.value })}
          />
        )}
      </Field>
      <div class="pair">
        <Field label="Tasks in flight" path="limits.maxInFlight" errors={errors} hint="Of each mode, at most.">
          {(props) => (
            <input
              {...props}
              inputMode="numeric"
              value={draft.maxInFlight}
              onInput={(event) => set({ maxInFlight: event.currentTarget.value })}
            />
          )}
        </Field>
        <Field label="Live tasks a month" path="limits.monthlyTasks" errors={errors} hint="Empty for no quota.">
          {(props) => (
            <input
              {...props}
              inputMode="numeric"
              value={draft.monthlyTasks}
              onInput={(event) => set({ monthlyTasks: event.currentTarget.value })}
            />
          )}
        </Field>
      </div>
      {accounts.length < 2 && draft.upstreamAccount === "" ? null : (
        <Field
          label="Upstream account"
          path="upstreamAccount"
          errors={errors}
          hint="A tenant bound to an account uses no other."
        >
          {(props) => (
            <select
              {...props}
              value={draft.upstreamAccount}
              onChange={(event) => set({ upstreamAccount: event.currentTarget.value })}
            >
              <option value="">The first that works</option>
              {accounts.map(({ name }) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
              {draft.upstreamAccount === "" || accounts.some(({ name }) => name === draft.upstreamAccount) ? null : (
                <option value={draft.upstreamAccount}>{draft.upstreamAccount} (not configured)</option>
              )}
            </select>
          )}
        </Field>
      )}
    </>
  );
}
