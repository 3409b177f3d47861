// Search and filters of the task list. The filters are in the URL, so each is a link.

import { useEffect, useState } from "preact/hooks";
import { TASK_STATUSES } from "../../tasks/status.ts";
import type { ListFilter } from "../route.ts";
import { hashOf, NO_FILTER, WEBHOOK_STATES } from "../route.ts";
import { Button } from "../ui/controls.tsx";
import { Form, SelectField, TextField } from "../ui/form.tsx";
import { parseTaskSearch } from "./task-search.ts";
import { statusWord, webhookWord } from "./task-status.tsx";

interface FilterProps {
  readonly filter: ListFilter;
}

const goTo = (filter: ListFilter): void => {
  location.hash = hashOf({ view: "tasks", filter, cursor: null });
};

/** Opens a task by its id, or lists the tasks with a reference. */
export function TaskSearchForm({ filter }: FilterProps) {
  const [text, setText] = useState(filter.reference ?? "");
  const [error, setError] = useState<string | null>(null);
  useEffect(() => setText(filter.reference ?? ""), [filter.reference]);
  const search = () => {
    const parsed = parseTaskSearch(text);
    setError(parsed.tag === "invalid" ? parsed.message : null);
    if (parsed.tag === "id") location.hash = hashOf({ view: "task", id: parsed.id });
    if (parsed.tag === "reference") goTo({ ...filter, reference: parsed.reference });
    if (parsed.tag === "empty") goTo({ ...filter, reference: null });
  };
  return (
    <search class="task-search">
      <Form class="" onSubmit={search}>
        <div class="with-button">
          <input
            type="search"
            aria-label="Task id or reference"
            placeholder="Task id or reference"
            value={text}
            autocapitalize="none"
            autocomplete="off"
            spellcheck={false}
            aria-invalid={error !== null}
            aria-describedby={error === null ? undefined : "search-error"}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <Button type="submit">Search</Button>
        </div>
        {error === null ? null : (
          <p class="field-error" id="search-error" role="alert">
            {error}
          </p>
        )}
      </Form>
    </search>
  );
}

export function StatusFilter({ filter }: FilterProps) {
  return (
    <nav class="filter" aria-label="Filter by status">
      {[null, ...TASK_STATUSES].map((status) => (
        <a
          key={status}
          href={hashOf({ view: "tasks", filter: { ...filter, status }, cursor: null })}
          aria-current={status === filter.status ? "true" : undefined}
        >
          {status === null ? "All" : statusWord(status)}
        </a>
      ))}
    </nav>
  );
}

/** Whether a filter other than the status and the search is set. */
export const isNarrowed = ({ website, webhook, from, to }: ListFilter): boolean =>
  [website, webhook, from, to].some((value) => value !== null);

const WEBHOOK_OPTIONS = [
  { value: "", name: "Any" },
  ...WEBHOOK_STATES.map((value) => ({ value, name: webhookWord(value) })),
];

/** The other filters. They are shown when one is set, or on request. */
export function FilterForm({ filter }: FilterProps) {
  const [website, setWebsite] = useState(filter.website ?? "");
  const [webhook, setWebhook] = useState<string>(filter.webhook ?? "");
  const [from, setFrom] = useState(filter.from ?? "");
  const [to, setTo] = useState(filter.to ?? "");
  const apply = () =>
    goTo({
      ...filter,
      website: website.trim().toLowerCase() || null,
      webhook: WEBHOOK_STATES.find((state) => state === webhook) ?? null,
      from: from || null,
      to: to || null,
    });
  return (
    <Form class="card filter-form" onSubmit={apply}>
      <TextField label="Website" code placeholder="shop.example.com" value={website} onValue={setWebsite} />
      <SelectField label="Webhook" options={WEBHOOK_OPTIONS} value={webhook} onValue={setWebhook} />
      <TextField label="From" type="date" max={to} value={from} onValue={setFrom} />
      <TextField label="To" type="date" min={from} value={to} onValue={setTo} />
      <div class="row">
        <Button type="submit">Apply</Button>
        {isNarrowed(filter) ? (
          <a
            class="button plain"
            href={hashOf({
              view: "tasks",
              filter: { ...NO_FILTER, status: filter.status, reference: filter.reference },
              cursor: null,
            })}
          >
            Clear
          </a>
        ) : null}
      </div>
    </Form>
  );
}
